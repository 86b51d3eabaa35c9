import Foundation
import Testing

/// Traced trials on real processes.
///
/// With 24,896 training images and batches of 256 an epoch has 97 steps. λ′ begins at its maximum and
/// the learning rate is tiny, so no tolerance can be reached: the first rung ends at step 582, as in
/// ``QuietTests``; the windows of the second begin after 44 of its steps, so it takes an epoch more.
@Suite("Traced trials on real processes", .serialized)
struct TracedTests {
  private static let sweep =
    """
    sweep: traced
    question: Is a front the same when one run visits all tolerances?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer:
      batch_size: 256
      sample_every: 1
      reconstruction_count: 2
      multiplier_maximum: 0.001
      learning_rate: 1.0e-6
      adam_beta2: 0.9
      constraint_smoothing: 0.9
    latents: 3
    axes: {trace: [[1, 2], [2, 1]]}
    budget: {until: quiet, within: 12 epochs, window: 500 batches}
    outputs: [figure3]
    """

  private let bench: Bench

  init() throws { bench = try Bench() }

  @Test("killed and resumed, reused and reproduced, a traced trial gives the same bytes")
  func killed() throws {
    let sweep = try bench.file("traced.yaml", Self.sweep)
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("undisturbed"), "--local-workers",
      "2", "--yes")
    try #require(run.code == 0, "\(run.err)")
    let expected = try bench.read("undisturbed/trials.csv")
    let rows = try bench.table("undisturbed/trials.csv")
    #expect(rows.map { $0["step"] } == ["582", "1261", "582", "1261"])
    #expect(rows.map { $0["tolerance"] } == ["1", "2", "2", "1"])
    #expect(rows.map { $0["ending"] } == Array(repeating: "unreachable", count: 4))
    #expect(rows.map { $0["since_step"] } == ["0", "626", "0", "626"])
    #expect(rows.map { $0["traced"] } == ["up", "up", "down", "down"])
    let figure = try bench.read("undisturbed/figure3.svg")
    #expect(figure.contains("n = 3, traced, ") && figure.contains("n = 3, traced downwards"))

    try bench.completeKilled(sweep, in: "out", after: "unreachable")
    #expect(try bench.read("out/trials.csv") == expected)

    let trial = try #require(rows.first?["trial"])
    let explain = try bench.run(Executables.coordinator, "explain", bench.path("out"), trial)
    #expect(explain.out.contains("traces the tolerances 1.0, 2.0"))
    #expect(explain.out.contains("unreachable at step 582, within 12 epochs: "))
    #expect(explain.out.contains("unreachable at step 1261, within 24 epochs: "))
    let check = try bench.run(Executables.coordinator, "check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)")
    let reproduce = try bench.run(Executables.coordinator, "reproduce", bench.path("out"), trial)
    #expect(reproduce.code == 0 && reproduce.out.contains("same bits"), "\(reproduce.out)")
    let reuse = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("reused"), "--local-workers", "1",
      "--yes", "--reuse", bench.path("out"))
    #expect(reuse.code == 0 && reuse.err.contains("took 2 of 2 results over"), "\(reuse.err)")
    #expect(try bench.read("reused/trials.csv") == expected)
    let simulate = try bench.run(Executables.coordinator, "simulate", sweep, "--hosts", "2")
    #expect(simulate.code == 0, "\(simulate.out)\(simulate.err)")
  }
}
