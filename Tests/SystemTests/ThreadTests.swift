import Foundation
import Glibc
import Testing

/// The first two cores that this process may use, as `taskset -c` reads them; nil if there are not
/// two, or no `taskset`.
private let twoCores: String? = {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
  let cores = (line?.split(separator: "\t").last ?? "").split(separator: ",").flatMap { part in
    let ends = part.split(separator: "-").compactMap { Int($0) }
    return Array((ends.first ?? 0)...(ends.last ?? 0))
  }
  guard cores.count >= 2, FileManager.default.isExecutableFile(atPath: "/usr/bin/taskset") else {
    return nil
  }
  return "\(cores[0]),\(cores[1])"
}()

/// A worker whose cores the coordinator divides, with real processes on two cores.
@Suite("Divided cores", .serialized, .enabled(if: twoCores != nil))
struct ThreadTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func sweep(_ stages: String) throws -> String {
    try bench.file(
      "threads.yaml",
      """
      sweep: threads
      question: Do the bits depend on threads?
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
      latents: 3
      stages:
      \(stages)
      """)
  }

  private func coordinator(_ sweep: String, _ out: String) throws -> Command {
    try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path(out), "--listen", "tcp://127.0.0.1:*"], on: bench)
  }

  /// A worker on two cores.
  private func worker(_ coordinator: Command, _ arguments: String...) throws -> Command {
    let cores = try #require(twoCores)
    return try Command(
      URL(filePath: "/usr/bin/taskset"),
      ["-c", cores, Executables.worker.path, "--connect", try coordinator.endpoint()] + arguments,
      on: bench)
  }

  private func threads(_ out: String) throws -> Int? {
    let status = try bench.run(Executables.coordinator, "status", bench.path(out), "--json")
    let json = try JSONSerialization.jsonObject(with: Data(status.out.utf8)) as? [String: Any]
    let running = (json?["status"] as? [String: Any] ?? json)?["running"] as? [[String: Any]]
    return running?.first?["threads"] as? Int
  }

  @Test("the only trial begins with both cores; its result has the bits of one thread")
  func alone() throws {
    let sweep = try sweep("  only: {tolerance: 10, budget: 6000 batches}")
    let expected = try bench.complete(sweep, in: "one", workers: 1)
    let coordinator = try coordinator(sweep, "out")
    let worker = try worker(coordinator, "--exit-when-idle")
    try wait(for: "two threads") { try threads("out") == 2 || !coordinator.isRunning }
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    #expect(try bench.read("out/trials.csv") == expected)
    let models = bench.files(below: "one/models").map(\.lastPathComponent)
    try #require(models.count == 1)
    let files = try ["one", "out"].map {
      try Data(contentsOf: URL(filePath: bench.path("\($0)/models/\(models[0])")))
    }
    #expect(files[0] == files[1])
  }

  @Test("a running trial gets the second core at a checkpoint and goes on to the same bits")
  func change() throws {
    let sweep = try sweep(
      """
        short: {tolerance: 20, budget: 4000 batches}
        long: {tolerance: 10, budget: 50000000 batches}
      """)
    let plan = try bench.run(Executables.coordinator, "plan", sweep, "--json")
    let json = try JSONSerialization.jsonObject(with: Data(plan.out.utf8)) as? [String: Any]
    let trials = try #require(json?["trials"] as? [[String: Any]])
    let long = try #require(trials.first { $0["stage"] as? String == "long" })
    let id = try #require(long["id"] as? String)

    let coordinator = try coordinator(sweep, "out")
    let worker = try worker(coordinator)
    try wait(for: "a change of threads") {
      worker.standardError.contains("\(id) goes on with 2 threads") || !worker.isRunning
    }
    let rows = "out/trajectories/\(id).partial.csv"
    func count() throws -> Int {
      bench.exists(rows) ? try bench.read(rows).split(separator: "\n").count : 0
    }
    // Rows are exported some seconds after the worker has them.
    try wait(for: "two threads") { try threads("out") == 2 }
    let before = try count()
    try wait(for: "rows after the change") { try count() > before + 500 }
    #expect(try threads("out") == 2)
    let explanation = try bench.run(Executables.coordinator, "explain", bench.path("out"), id)
    #expect(explanation.out.contains("with 2 threads"), "\(explanation.out)")
    // The same attempt, and not computed twice.
    #expect(explanation.out.contains("attempt 1"), "\(explanation.out)")
    let text = try bench.read(rows)
    worker.send(SIGTERM)
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)

    // The same trial up to there, alone with one thread.
    let lines = text.split(separator: "\n")
    let step = (lines.count - 1) * 10
    var configuration = try #require(long["configuration"] as? [String: Any])
    configuration["milestones"] = ["\(step) batches"]
    let file = try bench.file(
      "long.json",
      String(
        decoding: try JSONSerialization.data(withJSONObject: configuration), as: UTF8.self))
    let trial = try bench.run(
      Executables.worker, "trial", file, "--out", bench.path("reference"), "--threads", "1")
    try #require(trial.code == 0, "\(trial.err)")
    #expect(try bench.read("reference/trajectory.csv") == text)
  }
}
