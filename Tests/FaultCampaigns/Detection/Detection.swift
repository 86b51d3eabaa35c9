import Benches
import Enrolment
import Foundation
import Glibc
import Messaging

/// Workers that go, and when their trials are leased again.
struct Detection {
  private let bench: ProcessBench
  private let options: [String]

  init(on bench: ProcessBench, isEncrypted: Bool) throws {
    self.bench = bench
    options = isEncrypted ? ["--curve"] : []
    try bench.complete(
      "coordinator", ["data", "prepare", "sprites28", "--data", bench.path("data")], as: "data")
    guard isEncrypted else { return }
    let keys = KeyFolder(bench.folder.appending(path: "keys"))
    let server = try keys.keysMadeIfMissing(of: .coordinator).publicKey
    let worker = try keys.keysMadeIfMissing(of: .worker).publicKey
    try keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(worker, as: "loopback", at: Date())
    }
    try bench.complete(
      "worker", ["trust", server.description, "--keys", bench.path("keys")], as: "trust")
  }

  func find(
    _ fate: DetectionCommand.Fate, _ command: DetectionCommand
  ) throws -> DetectionCommand.Finding {
    var finding = DetectionCommand.Finding(fate: fate, boundSeconds: fate.bound)
    if fate == .continued {
      try findContinued(&finding, stop: command.stop)
    } else {
      for _ in 0..<command.rounds { finding.seconds.append(try seconds(fate)) }
    }
    return finding
  }

  /// Has a worker of an endless trial meet its fate, and returns after how long another one has it.
  private func seconds(_ fate: DetectionCommand.Fate) throws -> Double {
    let name = UUID().uuidString
    let sweep = try sweep(steps: 100_000_000)
    let port = try bench.freePort()
    var coordinator = try start(sweep, as: name, port: port)
    defer { coordinator.crash() }
    let endpoint = try bench.endpoint(of: coordinator, as: name)
    let first = try worker(endpoint, as: "first")
    try bench.await(" started on ", of: coordinator, as: name)
    try awaitProgress(in: "first")
    let second = try worker(endpoint, as: "second")
    defer { second.crash() }
    try bench.await("worker ", of: coordinator, as: name, after: bench.log(name).count)

    var mark = bench.log(name).count
    let children = first.children
    var start = ContinuousClock.now
    switch fate {
    case .killed, .encrypted, .continued: kill(first.processIdentifier, SIGKILL)
    case .silent: for process in [first.processIdentifier] + children { kill(process, SIGSTOP) }
    case .restarted:
      coordinator.crash()
      first.crash()
      mark = bench.log(name).count
      start = .now
      coordinator = try self.start(sweep, as: name, port: port)
    }
    try bench.await(" started on ", of: coordinator, as: name, after: mark)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    for process in [first.processIdentifier] + children { kill(process, SIGKILL) }
    try? FileManager.default.removeItem(atPath: bench.path("first"))
    return seconds
  }

  /// Stops a worker until another one has its trial, and longer; then has both end.
  private func findContinued(
    _ finding: inout DetectionCommand.Finding, stop: Double
  ) throws {
    let sweep = try sweep(steps: 4000)
    try bench.complete(
      "coordinator",
      ["run", sweep, "--out", bench.path("calm"), "--data", bench.path("data")]
        + ["--local-workers", "1"], as: "calm")
    let coordinator = try start(sweep, as: "rough", port: "*")
    let endpoint = try bench.endpoint(of: coordinator, as: "rough")
    let first = try worker(endpoint, as: "first")
    try bench.await(" started on ", of: coordinator, as: "rough")
    try awaitProgress(in: "first")
    let second = try worker(endpoint, as: "second")
    try bench.await(
      "worker ", of: coordinator, as: "rough", after: bench.log("rough").count)

    let mark = bench.log("rough").count
    let stopped = [first.processIdentifier] + first.children
    let start = ContinuousClock.now
    for process in stopped { kill(process, SIGSTOP) }
    // The other one's trial stands still once it has begun, so that it has not ended either.
    var other: [Int32] = []
    while (ContinuousClock.now - start) / .seconds(1) < stop {
      if finding.seconds.isEmpty, bench.log("rough").dropFirst(mark).contains(" started on ") {
        finding.seconds.append((ContinuousClock.now - start) / .seconds(1))
        try awaitProgress(in: "second")
        other = second.children
        for process in other { kill(process, SIGSTOP) }
      }
      usleep(20_000)
    }
    for process in stopped { kill(process, SIGCONT) }
    // Time for the two to say what they have.
    if !other.isEmpty { sleep(12) }
    for process in other { kill(process, SIGCONT) }
    coordinator.waitUntilExit()
    guard coordinator.terminationStatus == 0 else {
      throw BenchmarkError("the sweep failed: \(bench.log("rough").suffix(2000))")
    }
    let table = try bench.read("rough/trials.csv")
    finding.isSame = table == (try bench.read("calm/trials.csv"))
    let words = (bench.log("first") + bench.log("rough")).split(separator: "\n").filter { line in
      ["abandoned", "continues on", "has its result already", " complete, by ", "is lost"]
        .contains { line.contains($0) }
    }
    finding.words =
      "stopped for \(stop.text(0)) s, then continued; \(table.split(separator: "\n").count - 1) "
      + "rows of one trial's two milestones:\n" + words.joined(separator: "\n")
  }

  /// One trial.
  private func sweep(steps: Int) throws -> String {
    try bench.write(
      """
      sweep: one
      question: Who has it?
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 10}
      latents: 3
      tolerance: 20
      budget: [\(steps / 2) batches, \(steps) batches]
      limits: {stall_minutes: 1000}

      """, to: "sweep-\(steps).yaml")
  }

  private func start(_ sweep: String, as name: String, port: String) throws -> Process {
    try bench.start(
      "coordinator",
      [
        "run", sweep, "--out", bench.path(name), "--data", bench.path("data"), "--listen",
        "tcp://127.0.0.1:\(port)",
      ] + options, as: name)
  }

  /// A worker with a cache of its own, in the folder of its name.
  private func worker(_ endpoint: String, as name: String) throws -> Process {
    try bench.start(
      "worker",
      [
        "--connect", endpoint, "--slots", "1", "--exit-when-idle", "--cache", bench.path(name),
        "--checkpoint-every", "1",
      ] + options, as: name)
  }

  /// Waits until a worker's trial has taken some steps.
  private func awaitProgress(in cache: String) throws {
    let deadline = ContinuousClock.now + .seconds(600)
    while ContinuousClock.now < deadline {
      let files = FileManager.default.enumerator(atPath: bench.path(cache))?.allObjects ?? []
      for case let path as String in files where path.hasSuffix("pace.csv.partial") {
        let rows = try? bench.read("\(cache)/\(path)")
        if (rows ?? "").split(separator: "\n").count > 3 { return }
      }
      usleep(20_000)
    }
    throw BenchmarkError("no trial takes steps: \(bench.log(cache).suffix(2000))")
  }
}
