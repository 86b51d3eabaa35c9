import Foundation
import Glibc
import Testing

/// What a trial has handed in before its end, and what is left of it when everybody is killed.
@Suite("Milestones and trajectories of running trials", .serialized)
struct StreamingTests {
  private static let milestone = 400
  private static let steps = 12_800
  private static let sweep = """
    sweep: one
    question: What is known before the end?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
    latents: 3
    tolerance: 20
    budget: [\(milestone) batches, \(steps) batches]
    """

  private let bench: Bench

  init() throws { bench = try Bench() }

  /// Whether a worker's trial is past its first milestone, and still trains.
  private func isPastMilestone(cache: String) -> Bool {
    bench.files(below: cache).contains { url in
      guard url.lastPathComponent == "trajectory.csv.partial",
        let text = try? String(contentsOf: url, encoding: .utf8),
        let row = text.split(separator: "\n").last,
        let step = row.split(separator: ",").first.flatMap({ Int($0) })
      else { return false }
      return step > Self.milestone
    }
  }

  /// The trial's row of a budget in `trials.csv`.
  private func row(_ budget: Int) throws -> [String: String] {
    try #require(
      try bench.table("out/trials.csv").first { $0["budget"] == "\(budget) batches" })
  }

  /// Whether a checkpoint behind the first milestone is recorded, and so everything before it.
  private func hasCheckpoint() throws -> Bool {
    let run = try bench.run(
      Executables.coordinator, "explain", bench.path("out"), "latents=3", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: Any]
    let trial = try #require(object?["trial"] as? [String: Any], "\(run.err)")
    let checkpoints = try #require(trial["checkpoints"] as? [[String: Any]])
    return checkpoints.contains { ($0["step"] as? Int ?? 0) > Self.milestone }
  }

  @Test("a milestone is shown before the end and outlives kills of coordinator and worker")
  func killed() throws {
    let sweep = try bench.file("one.yaml", Self.sweep)
    let expected = try bench.complete(sweep, in: "undisturbed", workers: 1)
    let coordinator = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    let worker = try Command(
      Executables.worker,
      [
        "--connect", try coordinator.endpoint(), "--slots", "1", "--cache", bench.path("first"),
        "--checkpoint-every", "0.5",
      ], on: bench)
    try wait(for: "the first milestone") { isPastMilestone(cache: "first") }
    let child = try worker.child()
    // It stands still between its milestones while what it has told is recorded; what it was
    // about to tell keeps it going for a moment.
    try wait(for: "the record of a checkpoint") {
      try #require(kill(child, SIGSTOP) == 0, "the trial has ended")
      if try hasCheckpoint() { return true }
      kill(child, SIGCONT)
      return false
    }

    // The coordinator shows it by itself.
    let id = try #require(try bench.table("undisturbed/trials.csv").first?["trial"])
    let partial = "out/trajectories/\(id).partial.csv"
    try wait(for: "the milestone in the table") {
      try bench.exists(partial) && row(Self.milestone)["step"] == String(Self.milestone)
    }
    let first = try row(Self.milestone)
    #expect(first["status"] == "running")
    #expect(Double(first["mse"] ?? "") != nil)
    #expect(Int(first["gates_open"] ?? "") != nil)
    #expect(try row(Self.steps)["step"] == "")
    #expect(try row(Self.steps)["mse"] == "")
    #expect(try bench.read("out/PARTIAL").contains("0 of 1 trials complete, 1 running"))

    coordinator.send(SIGKILL)
    #expect(try coordinator.exitCode() == -SIGKILL)
    for child in worker.children { kill(child, SIGKILL) }
    worker.send(SIGKILL)
    #expect(try worker.exitCode() == -SIGKILL)

    // The record has it, whatever becomes of the files.
    for name in ["out/trials.csv", partial] {
      try FileManager.default.removeItem(atPath: bench.path(name))
    }
    let report = try bench.run(Executables.coordinator, "report", bench.path("out"))
    #expect(report.code == 0, "\(report.err)")
    #expect(try row(Self.milestone) == first)
    let shown = try bench.read(partial)
    let rows = shown.split(separator: "\n")
    #expect(rows.first?.hasPrefix("step,") == true)
    #expect(rows.contains { $0.hasPrefix("\(Self.milestone),") })
    #expect(!rows.contains { $0.hasPrefix("\(Self.steps),") })

    #expect(try bench.complete(sweep, in: "out", workers: 1) == expected)
    #expect(!bench.exists(partial))
    #expect(!bench.exists("out/PARTIAL"))
    for column in ["step", "mse", "evaluation_mse", "gates_open", "multiplier"] {
      #expect(try row(Self.milestone)[column] == first[column], "\(column)")
    }
    // The other worker went on from the checkpoint; the trajectory of both is one.
    let provenance = try #require(try bench.table("out/provenance.csv").first)
    #expect(try #require(Int(provenance["steps"] ?? "")) < Self.steps)
    #expect(
      try bench.trajectory("out/trajectories/\(id).csv")
        == bench.trajectory("undisturbed/trajectories/\(id).csv"))
    #expect(
      FileManager.default.contentsEqual(
        atPath: bench.path("out/models/\(id).safetensors"),
        andPath: bench.path("undisturbed/models/\(id).safetensors")))
    let check = try bench.run(Executables.coordinator, "check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)")
  }

  @Test("the partial trajectory of a complete trial is removed, whoever wrote it")
  func leftBehind() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 20))
    try bench.complete(sweep, in: "out")
    let id = try #require(try bench.table("out/trials.csv").first?["trial"])
    // As a coordinator leaves it that is killed between a result and the next writing.
    let left = try bench.file("out/trajectories/\(id).partial.csv", "step\n")
    let report = try bench.run(Executables.coordinator, "report", bench.path("out"))
    #expect(report.code == 0, "\(report.err)")
    #expect(!FileManager.default.fileExists(atPath: left))
    #expect(bench.exists("out/trajectories/\(id).csv"))
  }
}
