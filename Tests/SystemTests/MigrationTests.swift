import Foundation
import Glibc
import Testing

/// Trials that begin in one process and end in another, with the same bytes as without
/// interruption.
@Suite("Trials that move between real processes", .serialized)
struct MigrationTests {
  private static let baselineSteps = 10
  private static let steps = 8000

  /// One trial that takes seconds, after one whose error it takes for its tolerance.
  private static let sweep = """
    sweep: one
    question: Does it end as if nothing had happened?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
    latents: 3
    stages:
      baseline:
        tolerance: 0
        budget: \(baselineSteps) batches
      narrowed:
        tolerance: baseline.mse
        budget: [\(steps / 4) batches, \(steps) batches]
    """

  /// The sweep's `trials.csv` without interruptions; computed once for all tests.
  private static let undisturbed = Result {
    let bench = try Bench()
    let file = try bench.file("one.yaml", MigrationTests.sweep)
    return try bench.complete(file, in: "out", workers: 1)
  }

  private let bench: Bench
  private let expected: String
  private let sweep: String

  init() throws {
    expected = try Self.undisturbed.get()
    bench = try Bench()
    sweep = try bench.file("one.yaml", Self.sweep)
  }

  private func coordinator() throws -> (Command, endpoint: String) {
    let command = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    return (command, try command.endpoint())
  }

  /// A worker with its own cache, so that it finds no files of another worker.
  private func worker(_ endpoint: String, cache: String, _ options: String...) throws -> Command {
    try Command(
      Executables.worker,
      ["--connect", endpoint, "--slots", "1", "--cache", bench.path(cache)] + options, on: bench)
  }

  /// The long trial's checkpoints in a worker's cache, newest first, with their steps.
  private func checkpoints(in cache: String) -> [(step: Int, url: URL)] {
    bench.files(below: cache).compactMap { url -> (step: Int, url: URL)? in
      let name = url.lastPathComponent
      guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors"),
        let step = Int(name.dropFirst(11).dropLast(12)), step > Self.baselineSteps
      else { return nil }
      return (step: step, url: url)
    }.sorted { $0.step > $1.step }
  }

  /// The blob of the coordinator that has a file's content.
  private func blob(of file: URL) -> URL? {
    bench.files(below: "out/blobs").first {
      !$0.path.contains("/incoming/")
        && FileManager.default.contentsEqual(atPath: $0.path, andPath: file.path)
    }
  }

  /// The steps of the long trial's checkpoints that the coordinator has recorded.
  private func recordedSteps() throws -> [Int] {
    let run = try bench.run(
      Executables.coordinator, "explain", bench.path("out"), "stage=narrowed", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: Any]
    let trial = try #require(object?["trial"] as? [String: Any], "\(run.err)")
    let checkpoints = try #require(trial["checkpoints"] as? [[String: Any]])
    return checkpoints.compactMap { $0["step"] as? Int }
  }

  /// Lets a worker train until it has two checkpoints, and stops its trial when the newest is
  /// recorded; returns them, newest first.
  ///
  /// A process that was stopped between writing and reporting a checkpoint is continued for a
  /// moment and stopped again.
  private func stopWithTwoCheckpoints(_ worker: Command, cache: String) throws -> [(
    step: Int, url: URL
  )] {
    try wait(for: "two checkpoints") { checkpoints(in: cache).count >= 2 }
    let child = try worker.child()
    var kept: [(step: Int, url: URL)] = []
    try wait(for: "the record of the newest checkpoint") {
      try #require(kill(child, SIGSTOP) == 0, "the trial has ended")
      kept = checkpoints(in: cache)
      for _ in 0..<20 where kept.count == 2 {
        if try recordedSteps().contains(kept[0].step) { return true }
      }
      kill(child, SIGCONT)
      return false
    }
    return kept
  }

  /// The column of the long trial's row in `provenance.csv`.
  private func provenance(_ column: String) throws -> String {
    let rows = try bench.read("out/provenance.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return try #require(rows.last)[try #require(rows[0].firstIndex(of: column))]
  }

  /// Expects that the sweep ended as without interruption and that its trial resumed from a step.
  private func expectResumed(_ coordinator: Command, at step: Int) throws {
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try bench.read("out/trials.csv") == expected)
    #expect(try provenance("resumed").hasPrefix("step \(step) of "))
    #expect(try provenance("steps") == String(Self.steps - step))
  }

  @Test("another worker resumes a killed worker's trial from its newest checkpoint")
  func killed() throws {
    let (coordinator, endpoint) = try coordinator()
    let victim = try worker(endpoint, cache: "first", "--checkpoint-every", "0.5")
    let newest = try #require(try stopWithTwoCheckpoints(victim, cache: "first").first)
    for child in victim.children { kill(child, SIGKILL) }
    victim.send(SIGKILL)
    #expect(try victim.exitCode() == -SIGKILL)
    let second = try worker(endpoint, cache: "second", "--exit-when-idle")
    try expectResumed(coordinator, at: newest.step)
    #expect(try second.exitCode() == 0)
    // Nothing is left of the checkpoints once the trial has its result.
    #expect(blob(of: newest.url) == nil)
  }

  @Test("a checkpoint damaged on the coordinator's disk is refused, and the previous one used")
  func torn() throws {
    let (coordinator, endpoint) = try coordinator()
    let victim = try worker(endpoint, cache: "first", "--checkpoint-every", "0.5")
    let checkpoints = try stopWithTwoCheckpoints(victim, cache: "first")
    try #require(checkpoints.count == 2)
    let isOlderStored = blob(of: checkpoints[1].url) != nil
    let torn = try FileHandle(forUpdating: try #require(blob(of: checkpoints[0].url)))
    try torn.seek(toOffset: torn.seekToEnd() / 2)
    try torn.write(contentsOf: Data(repeating: 0xA5, count: 64))
    try torn.close()
    for child in victim.children { kill(child, SIGKILL) }
    victim.send(SIGKILL)
    let second = try worker(endpoint, cache: "second", "--exit-when-idle")
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try second.exitCode() == 0)
    #expect(try bench.read("out/trials.csv") == expected)
    // The previous checkpoint may have been superseded before its upload; then it resumes from an
    // earlier one, or none.
    let steps = try #require(Int(try provenance("steps")))
    #expect(steps > Self.steps - checkpoints[0].step)
    #expect(!isOlderStored || steps == Self.steps - checkpoints[1].step)
    #expect(second.standardError.contains("checkpoint not usable: step \(checkpoints[0].step)"))
  }

  @Test("a drained worker hands back its trial with every step that it took")
  func drained() throws {
    let (coordinator, endpoint) = try coordinator()
    let first = try worker(endpoint, cache: "first", "--checkpoint-every", "600")
    try wait(for: "some steps") {
      bench.files(below: "first").contains {
        $0.lastPathComponent == "trajectory.csv.partial"
          && ((try? Data(contentsOf: $0).count) ?? 0) > 4000
      }
    }
    first.send(SIGTERM)
    #expect(try first.exitCode() == 0, "\(first.standardError)")
    let mark = "stopped after "
    let text = first.standardError
    let range = try #require(text.range(of: mark), "\(text)")
    let step = try #require(Int(text[range.upperBound...].prefix { $0.isNumber }))
    #expect(step > 100)
    let second = try worker(endpoint, cache: "second", "--exit-when-idle")
    try expectResumed(coordinator, at: step)
    #expect(try second.exitCode() == 0)
    // The logs of both workers and of the trial are kept.
    let logs = bench.files(below: "out/logs").map(\.lastPathComponent)
    #expect(logs.contains { $0.hasSuffix(".log") })
    #expect(logs.filter { $0.hasSuffix(".txt") }.count == 3)
  }

  @Test("local workers that lose their coordinator leave their trials to the next run")
  func localWorkers() throws {
    let arguments = ["run", sweep, "--out", bench.path("out"), "--local-workers", "1"]
    let first = try Command(Executables.coordinator, arguments, on: bench)
    try wait(for: "some steps") {
      bench.files(below: "cache").contains {
        $0.lastPathComponent == "trajectory.csv.partial"
          && ((try? Data(contentsOf: $0).count) ?? 0) > 4000
      }
    }
    let workers = first.children
    first.send(SIGKILL)
    #expect(try first.exitCode() == -SIGKILL)
    try wait(for: "the end of the workers") { workers.allSatisfy { kill($0, 0) != 0 } }
    let left = try #require(checkpoints(in: "cache").first)
    #expect(left.step > 100)
    let second = try Command(Executables.coordinator, arguments, on: bench)
    try expectResumed(second, at: left.step)
  }
}
