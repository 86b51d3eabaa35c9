import Testing
import Trials

@testable import CoordinatorService

@Suite("Selectors of trials")
struct TrialSelectorTests {
  private let trials: [PlannedTrial] = [
    (3.0, [4, 4, 8], 0.001), (8.5, [4, 4, 8], 0.001), (8.5, [4, 4, 16], 0.01),
  ].map { tolerance, channels, rate in
    var trainer = TrainerSettings()
    trainer.learningRate = rate
    return PlannedTrial(
      stage: "main", replicate: 0,
      configuration: TrialConfiguration(
        dataset: .mnist, model: ModelSettings(channels: channels, latents: .value(10)),
        tolerance: .value(tolerance), milestones: [.batches(100)], trainer: trainer, seed: 1))
  }

  private func all(_ text: String) throws -> [Int] {
    try TrialSelector(text).selectAll(in: trials).compactMap { trials.firstIndex(of: $0) }
  }

  @Test("values name every trial that has them; any setting may be one")
  func values() throws {
    #expect(try all("stage=main") == [0, 1, 2])
    #expect(try all("tolerance=8.5") == [1, 2])
    #expect(try all("tolerance=8.5,learning_rate=1e-2") == [2])
    #expect(try all("channels=[4, 4, 8],tolerance=8.50") == [1])
  }

  @Test("if one trial is expected, several are an error that names them")
  func one() throws {
    #expect(try TrialSelector("learning_rate=0.01").select(in: trials) == trials[2])
    #expect {
      try TrialSelector("tolerance=8.5").select(in: trials)
    } throws: {
      "\($0)".hasSuffix("2 trials are meant: \(trials[1].id), \(trials[2].id)")
    }
  }

  @Test("digits name one trial, with or without the letter before them")
  func digits() throws {
    let id = trials[1].id
    #expect(try all("\(id)") == [1])
    #expect(try all(String(id.description.dropFirst().prefix(10))) == [1])
  }

  @Test(
    "a text that matches nothing is an error with what was expected",
    arguments: [
      ("tolerance=4", "no such trial in this sweep"), ("t", "expected t and the first"),
      ("colour=red", "expected KEY=VALUE with one of the keys stage, dataset, tolerance"),
      ("tolerance", "expected t and the first"), ("latents=", "found \"latents=\""),
    ])
  func nothing(text: String, complaint: String) {
    #expect {
      try TrialSelector(text).selectAll(in: trials)
    } throws: {
      "\($0)".contains(complaint)
    }
  }
}
