import Benches
import Enrolment
import Foundation
import Glibc
import Messaging

/// Kills or suspends a worker and measures when another worker gets its trial.
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

  /// Measures one fault.
  func measure(
    _ fault: DetectionCommand.Fault, _ command: DetectionCommand
  ) throws -> DetectionCommand.Finding {
    var finding = DetectionCommand.Finding(fault: fault, boundSeconds: fault.bound)
    if fault == .continued {
      try measureContinued(&finding, stop: command.stop)
    } else {
      for _ in 0..<command.rounds { finding.seconds.append(try seconds(fault)) }
    }
    return finding
  }

  /// Disturbs the worker of an endless trial, and returns after how long another worker has the
  /// trial.
  private func seconds(_ fault: DetectionCommand.Fault) throws -> Double {
    let name = UUID().uuidString
    // Each round has its own caches, so that no file of an earlier round is taken for progress.
    let (firstName, secondName) = ("first-\(name)", "second-\(name)")
    let sweep = try sweep(steps: 100_000_000)
    let port = try bench.freePort()
    var coordinator = try start(sweep, as: name, port: port)
    defer { coordinator.crash() }
    let endpoint = try bench.endpoint(of: coordinator, as: name)
    let first = try worker(endpoint, as: firstName)
    try bench.await(" started on ", of: coordinator, as: name)
    try awaitProgress(in: firstName)
    let logged = bench.log(name).count
    let second = try worker(endpoint, as: secondName)
    defer { second.crash() }
    try bench.await(" joined from ", of: coordinator, as: name, after: logged)

    var mark = bench.log(name).count
    let children = first.children
    var start = ContinuousClock.now
    switch fault {
    case .killed, .encrypted, .continued: kill(first.processIdentifier, SIGKILL)
    case .silent: for process in [first.processIdentifier] + children { kill(process, SIGSTOP) }
    case .restarted:
      coordinator.crash()
      first.crash()
      mark = bench.log(name).count
      start = .now
      coordinator = try self.start(sweep, as: name, port: port)
    }
    let holder = try bench.await(" started on ", of: coordinator, as: name, after: mark)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    for process in [first.processIdentifier] + children { kill(process, SIGKILL) }
    guard isName(holder, of: second) else {
      throw BenchmarkError("the trial was leased again to \(holder), expected the other worker")
    }
    return seconds
  }

  /// Whether a worker's name, which contains its process id, is that of a process.
  private func isName(_ name: String, of worker: Process) -> Bool {
    name.contains("-\(worker.processIdentifier)-")
  }

  /// Suspends a worker for some time, in which another worker may get its trial; then lets both
  /// workers finish, and compares the results with those of an undisturbed run.
  private func measureContinued(
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
    let logged = bench.log("rough").count
    let second = try worker(endpoint, as: "second")
    try bench.await(" joined from ", of: coordinator, as: "rough", after: logged)

    let mark = bench.log("rough").count
    let stopped = [first.processIdentifier] + first.children
    let start = ContinuousClock.now
    for process in stopped { kill(process, SIGSTOP) }
    // The other worker's trial is suspended once it has taken steps. So it does not end before the
    // first worker continues.
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
    // Both workers now send heartbeats that claim the trial.
    if !other.isEmpty { sleep(12) }
    for process in other { kill(process, SIGCONT) }
    coordinator.waitUntilExit()
    guard coordinator.terminationStatus == 0 else {
      throw BenchmarkError("the sweep failed: \(bench.log("rough").suffix(2000))")
    }
    try requireSuccess(of: [("first", first), ("second", second)])
    let table = try bench.read("rough/trials.csv")
    finding.isSame = table == (try bench.read("calm/trials.csv"))
    let lines = (bench.log("first") + bench.log("rough")).split(separator: "\n").filter { line in
      ["abandoned", "continues on", "has its result already", " complete, by ", "is lost"]
        .contains { line.contains($0) }
    }
    finding.report =
      "suspended for \(stop.text(0)) s, then continued; trials.csv has "
      + "\(table.split(separator: "\n").count - 1) rows, expected 2, one per milestone; the logs:\n"
      + lines.joined(separator: "\n")
  }

  /// Requires that workers end within a minute, with exit code 0.
  private func requireSuccess(of workers: [(name: String, process: Process)]) throws {
    bench.awaitEnds(seconds: 60)
    for (name, process) in workers {
      guard !process.isRunning, process.terminationStatus == 0 else {
        let end = process.isRunning ? "still runs" : "ended with \(process.terminationStatus)"
        throw BenchmarkError("worker \(name) \(end): \(bench.log(name).suffix(2000))")
      }
    }
  }

  /// Writes a sweep of one trial, and returns its file.
  private func sweep(steps: Int) throws -> String {
    try bench.write(
      """
      sweep: one
      question: Which worker runs the trial?
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

  /// Starts a worker; its cache is the folder of its name.
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
    throw BenchmarkError(
      "\(cache): the trial took no steps in 600 s: \(bench.log(cache).suffix(2000))")
  }
}
