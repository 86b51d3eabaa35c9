import Testing
import Trials

@testable import Sweeps

@Suite("A point's identity is its content")
struct IdentityTests {
  @Test(
    "typing a default, another spelling or another order changes nothing",
    arguments: [
      "trainer: {batch_size: 64, learning_rate: 1e-3, kl_reduction: mean-open}",
      "channels: [32, 32, 64]", "model: {channels: [32, 32, 64]}", "seed: 1", "replicates: 1",
      "question: Which?", "outputs: [figure3]", "axes: {gate_steepness: [7]}",
    ])
  func defaults(line: String) throws {
    let plain = try plan(oneTrial)
    #expect(try plan(oneTrial + "\n" + line).trials == plain.trials)
    let reversed = oneTrial.split(separator: "\n").reversed().joined(separator: "\n")
    #expect(try plan(reversed + "\n" + line).trials == plain.trials)
  }

  @Test("numbers are compared as numbers", arguments: ["3.0", "3e0", "0.3e1", "+3", "03"])
  func numerals(text: String) throws {
    #expect(
      try plan(oneTrial.replacing("tolerance: 3", with: "tolerance: \(text)")) == plan(oneTrial))
  }

  @Test("minus zero is zero")
  func zero() throws {
    let zero = oneTrial.replacing("tolerance: 3", with: "tolerance: 0")
    #expect(try plan(zero.replacing(": 0", with: ": -0.0")) == plan(zero))
  }

  @Test("every trainer setting is part of the identity", arguments: TrainerSetting.all.map(\.key))
  func settings(key: String) throws {
    let setting = TrialKey.setting(key)
    let other: String
    switch setting.kind {
    case .integer: other = "7"
    case .real: other = "0.125"
    case .choice(let words, let read, _):
      // A setting with one word cannot differ yet.
      guard let word = words.first(where: { $0 != read(TrainerSettings()) }) else { return }
      other = word
    }
    let changed = try plan(oneTrial + "\ntrainer: {\(key): \(other)}").trials[0]
    let plain = try plan(oneTrial).trials[0]
    #expect(changed.id != plain.id)
    // Precisions are compared in pairs of one seed; a record changes no number.
    let keepsSeed = ["precision", "latent_traversals"].contains(key)
    #expect((changed.configuration.seed == plain.configuration.seed) == keepsSeed)
  }

  @Test(
    "outputs: [latents] has every trial record its latents, with the seeds of one that does not")
  func latents() throws {
    let file = """
      sweep: two
      dataset: mnist
      latents: 5
      stages:
        baseline: {tolerance: 0, budget: 100 batches}
        narrowed: {tolerance: 1.5 * baseline.mse, budget: 200 batches}
        last: {tolerance: narrowed.mse, latents: narrowed.latents, budget: 100 batches}
      """
    let plain = try plan(file).trials
    let recorded = try plan(file + "\noutputs: [figure3, latents]").trials
    #expect(plain.count == 3)
    #expect(recorded.map(\.configuration.seed) == plain.map(\.configuration.seed))
    #expect(Set(recorded.map(\.id)).isDisjoint(with: plain.map(\.id)))
    #expect(recorded.allSatisfy { $0.configuration.trainer.latentTraversals == .recorded })
    #expect(plain.allSatisfy { $0.configuration.trainer.latentTraversals == .omitted })
    let refused = try plan(
      file + "\noutputs: [latents]\ntrainer: {latent_traversals: omitted}")
    #expect(refused.trials == plain)
  }

  @Test(
    "so are data set, network, tolerance, budget and seed",
    arguments: [
      ("mnist", "sprites28"), ("latents: 5", "latents: 6"), ("tolerance: 3", "tolerance: 4"),
      ("100 batches", "101 batches"), ("100 batches", "100 epochs"),
      ("sweep: one", "sweep: one\nseed: 2"), ("sweep: one", "sweep: one\nchannels: [1, 2, 3]"),
    ])
  func content(old: String, new: String) throws {
    #expect(
      try plan(oneTrial.replacing(old, with: new)).trials[0].id != plan(oneTrial).trials[0].id)
  }

  @Test("a longer budget keeps the seed, so that its run begins with the shorter one's")
  func budget() throws {
    let short = try plan(oneTrial).configurations[0]
    let long = try plan(oneTrial.replacing("100 b", with: "200 b")).configurations[0]
    #expect(short.seed == long.seed)
  }

  @Test("the sweep's name is not part of it: two sweeps share their common points")
  func shared() throws {
    #expect(
      try plan(oneTrial.replacing("sweep: one", with: "sweep: other")).trials
        == plan(oneTrial).trials)
  }
}
