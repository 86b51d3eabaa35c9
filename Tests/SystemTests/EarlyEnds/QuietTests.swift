import Foundation
import Testing

/// Sweeps whose trials may end early, on real processes.
///
/// With 24,896 training images and batches of 256 an epoch has 97 steps. λ′ begins at its maximum and
/// the learning rate is tiny, so the tolerance cannot be reached and the error stands still: the first
/// end of an epoch that is a window of 500 steps after the beginning is step 582.
@Suite("Early ends on real processes", .serialized)
struct QuietTests {
  private static func sweep(_ budget: String) -> String {
    """
    sweep: quiet
    question: Do trials end once nothing changes any more?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer:
      batch_size: 256
      sample_every: 1
      reconstruction_count: 2
      multiplier_maximum: 0.001
      learning_rate: 1.0e-6
    latents: 3
    axes: {tolerance: [1, 2]}
    budget: \(budget)
    outputs: [figure3]
    """
  }

  private static let quiet =
    "{until: quiet, within: 12 epochs, milestones: [2 epochs, 8 epochs], window: 500 batches}"

  private let bench: Bench

  init() throws { bench = try Bench() }

  @discardableResult
  private func run(_ budget: String, in out: String) throws -> String {
    let sweep = try bench.file("quiet.yaml", Self.sweep(budget))
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path(out), "--local-workers", "2",
      "--yes")
    try #require(run.code == 0, "\(run.err)")
    return try bench.read("\(out)/trials.csv")
  }

  @Test("killed and resumed, the sweep ends with the same bytes; explain and check know the end")
  func killed() throws {
    let expected = try run(Self.quiet, in: "undisturbed")
    let rows = try bench.table("undisturbed/trials.csv")
    #expect(rows.map { $0["step"] } == ["194", "", "582", "194", "", "582"])
    #expect(
      rows.prefix(3).map { $0["ending"] } == ["goes-on", "ended-before", "unreachable"])
    #expect(try bench.read("undisturbed/figure3.svg").contains("unreachable"))

    let sweep = try bench.file("quiet.yaml", Self.sweep(Self.quiet))
    try bench.completeKilled(sweep, in: "out", after: "goes-on")
    #expect(try bench.read("out/trials.csv") == expected)

    let trial = try #require(rows.first?["trial"])
    let explain = try bench.run(Executables.coordinator, "explain", bench.path("out"), trial)
    #expect(explain.out.contains("unreachable at step 582, within 12 epochs: "))
    #expect(explain.out.contains("  unreachable since step 0; open gates: "))
    let check = try bench.run(Executables.coordinator, "check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)")
    let salvage = try bench.run(
      Executables.coordinator, "check", bench.path("out"), "--salvage", bench.path("salvaged"))
    #expect(salvage.code == 0, "\(salvage.out)\(salvage.err)")
    #expect(try run(Self.quiet, in: "salvaged") == expected)
  }

  @Test(
    "a longer limit resumes a trial that the limit ended, and leaves one that its rule ended")
  func longerLimit() throws {
    try run(
      "{until: quiet, within: 3 epochs, milestones: [2 epochs], window: 500 batches}", in: "out")
    #expect(
      try bench.table("out/trials.csv").map { $0["ending"] }.suffix(2) == ["goes-on", "budget"])
    let longer = try run(Self.quiet, in: "out")
    #expect(try bench.table("out/provenance.csv").map { $0["steps"] } == ["291", "291"])
    #expect(try run(Self.quiet, in: "scratch") == longer)

    let longest = Self.quiet.replacing("within: 12", with: "within: 20")
    try run(longest, in: "out")
    #expect(try bench.table("out/provenance.csv").map { $0["steps"] } == ["0", "0"])
    #expect(try run(longest, in: "anew") == bench.read("out/trials.csv"))
    let reuse = try bench.run(
      Executables.coordinator, "run", bench.path("quiet.yaml"), "--out", bench.path("reused"),
      "--local-workers", "1", "--yes", "--reuse", bench.path("anew"))
    #expect(reuse.code == 0, "\(reuse.err)")
    #expect(reuse.err.contains("took 2 of 2 results over"))
    #expect(try bench.read("reused/trials.csv") == bench.read("anew/trials.csv"))
    for row in try bench.table("anew/provenance.csv") {
      let trial = try #require(row["trial"])
      #expect(
        try bench.trajectory("out/trajectories/\(trial).csv")
          == bench.trajectory("anew/trajectories/\(trial).csv"))
    }
  }

  @Test("a baseline trains to its limit, and lists the tolerances that it shows to be unreachable")
  func baseline() throws {
    let sweep = try bench.file(
      "quiet.yaml",
      Self.sweep("{until: quiet, within: 12 epochs, window: 500 batches}")
        .replacing("tolerance: [1, 2]", with: "tolerance: [0]"))
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--local-workers", "1",
      "--yes")
    try #require(run.code == 0, "\(run.err)")
    let row = try #require(try bench.table("out/trials.csv").first)
    #expect(row["step"] == "1164")
    #expect(row["ending"] == "budget")
    // The error stands still, and differs from batch to batch: a tenth of it no batch meets, and
    // twice of it every one.
    let replay = try bench.run(
      Executables.benchmarks, "quiet", bench.path("out"), "--window", "500", "--share", "0.1",
      "--share", "2")
    #expect(replay.code == 0, "\(replay.err)")
    let lines = replay.out.split(separator: "\n").map { line in
      line.split(separator: " ").map(String.init)
    }
    #expect(lines.contains(["0.100", "1", "1", "0", "582", "1164"]))
    #expect(lines.contains(["2.000", "1", "0", "0", "1164", "1164"]))
    let none = try bench.run(Executables.benchmarks, "quiet", bench.path("out"), "--share", "0")
    #expect(none.code != 0)
    #expect(none.err.contains("--share: found 0"))
  }

  @Test("the replay of runs without the rule finds the step at which it would have ended them")
  func replay() throws {
    try run("[2 epochs, 8 epochs, 12 epochs]", in: "out")
    #expect(!(try bench.read("out/trials.csv").contains("ending")))
    let replay = try bench.run(
      Executables.benchmarks, "quiet", bench.path("out"), "--window", "500", "--window", "5000")
    #expect(replay.code == 0, "\(replay.err)")
    let lines = replay.out.split(separator: "\n")
    #expect(lines.count { $0.contains("unreachable") && $0.contains(" 582 ") } == 2)
    #expect(replay.out.contains("unreachable: 2 of 2 runs; 0 of them (0.0 %)"))
    #expect(replay.out.contains("steps: 1164 instead of 2328, 2.00 times fewer"))
    #expect(replay.out.contains("steps: 2328 instead of 2328, 1.00 times fewer"))
    let noBaseline = try bench.run(
      Executables.benchmarks, "quiet", bench.path("out"), "--share", "0.9")
    #expect(noBaseline.code != 0)
    #expect(noBaseline.err.contains("no complete trial with a tolerance of 0"))
    let none = try bench.run(Executables.benchmarks, "quiet", bench.path("nowhere"))
    #expect(none.code != 0)
    #expect(none.err.contains("trials.json"))
  }
}
