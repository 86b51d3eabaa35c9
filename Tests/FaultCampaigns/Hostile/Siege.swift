import Benches
import Enrolment
import Foundation
import Glibc
import Messaging
import Trials

/// Runs a sweep undisturbed, and again with attacks on its coordinator, and compares the two.
struct Siege {
  /// How many trials complete before the attacks begin, at most; they give the worker's pace.
  private static let calmTrialMaximum = 12
  /// The least number of trials that the sweep needs.
  static let trialMinimum = 10

  /// The most false messages per round, a third of them under new names; also the most blobs.
  private static let lieCountMaximum = 10_000
  /// How many more bytes of blobs the attacked sweep may have than the undisturbed one.
  private static let blobByteMaximum = 1 << 20
  /// How soon `coordinator status` must answer right after the attacks, in seconds.
  private static let statusSecondsMaximum = 10.0

  private let command: HostileCommand
  private let bench: ProcessBench
  private let options: [String]
  private let member: SocketSecurity

  init(_ command: HostileCommand, on bench: ProcessBench) throws {
    self.command = command
    self.bench = bench
    options = command.plain ? [] : ["--curve"]
    try bench.complete(
      "coordinator", ["data", "prepare", "sprites28", "--data", bench.path("data")], as: "data")
    guard !command.plain else {
      member = .plain
      return
    }
    let keys = KeyFolder(bench.folder.appending(path: "keys"))
    let server = try keys.keysMadeIfMissing(of: .coordinator).publicKey
    let good = try keys.keysMadeIfMissing(of: .worker).publicKey
    let mean = try CurveKeyPair.generate()
    try keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(good, as: "good", at: Date())
      try list.admit(mean.publicKey, as: "mean", at: Date())
    }
    _ = try keys.trust(server)
    member = .curveClient(mean, server: server)
  }

  func run() throws -> [HostileCommand.Finding] {
    let sweep = try bench.write(
      """
      sweep: siege
      question: Do attacks change results?
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
      latents: 3
      axes:
        tolerance: {from: 1, to: \(command.trials), step: 1}
      budget: \(command.batches) batches

      """, to: "siege.yaml")
    let run = ["run", sweep, "--data", bench.path("data"), "--out"]
    try bench.complete(
      "coordinator", run + [bench.path("alone"), "--local-workers", "2"], as: "alone")

    let coordinator = try bench.start(
      "coordinator", run + [bench.path("siege"), "--listen", "tcp://127.0.0.1:*"] + options,
      as: "siege")
    let endpoint = try bench.endpoint(of: coordinator, as: "siege")
    let worker = try bench.start(
      "worker", ["--connect", endpoint, "--slots", "1", "--exit-when-idle"] + options,
      as: "worker")
    let cores = Cores.own
    if cores.count > 1 {
      try Cores.keep(worker.processIdentifier, on: cores.suffix(1))
      for process in [coordinator.processIdentifier, getpid()] {
        try Cores.keep(process, on: cores.dropLast())
      }
    }
    let completions = Completions(bench, "siege")
    defer { completions.close() }
    let held = HeldTrials(of: command.trials, on: worker, as: completions)
    defer { held.release() }
    while completions.times.count < min(Self.calmTrialMaximum, command.trials / 5) {
      guard coordinator.isRunning else { throw ended }
      usleep(10_000)
    }

    let begin = ContinuousClock.now
    var memory = [coordinator.residentMiB]
    let control = try Endpoint(endpoint)
    let attacker = try HostileMember(control, security: member)
    let dataPort = try attacker.dataPort()
    let strangers = HostileStrangers(ports: [control.port ?? 0, dataPort])
    let leases = try attacker.takeLeases(as: "liar", seed: command.seed)
    print("member, leases answered falsely: \(leases)")
    for round in 0..<2 {
      let seed = command.seed &+ UInt64(round)
      try attack(attacker, strangers, dataPort: dataPort, seed: seed, coordinator)
      memory.append(coordinator.residentMiB)
    }
    let start = ContinuousClock.now
    try bench.complete("coordinator", ["status", bench.path("siege")], as: "status")
    let statusSeconds = (ContinuousClock.now - start) / .seconds(1)
    let answers = try attacker.dataPort() == dataPort
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    guard coordinator.isRunning else { throw ended }
    let times = completions.times
    held.release()
    coordinator.waitUntilExit()
    worker.waitUntilExit()
    let log = bench.log("siege")
    return try [
      .init(
        what: "the coordinator answers afterwards", found: answers ? "yes" : "no",
        expected: "yes", isMet: answers),
      .init(
        what: "seconds until `coordinator status` answers after the attacks",
        found: statusSeconds.text(1),
        expected: "at most \(Self.statusSecondsMaximum.text(0))",
        isMet: statusSeconds <= Self.statusSecondsMaximum),
      sameBytes(),
      blobs(),
      undisturbed(log),
      excluded(log, leases: leases),
      exits(coordinator, worker),
      pace(times, since: begin),
      .init(
        what: "the coordinator's memory in MiB before, after one round, after two",
        found: memory.map { $0.text(1) }.joined(separator: ", "),
        expected: "at most 16 more after the second",
        isMet: memory[2] - memory[1] <= 16),
      warnings(log, seconds: seconds),
    ]
  }

  private var ended: BenchmarkError {
    BenchmarkError(
      "the coordinator ended before the attacks did: " + bench.log("siege").suffix(2000))
  }

  /// Runs one round of all attacks, and prints each.
  private func attack(
    _ member: HostileMember, _ strangers: HostileStrangers, dataPort: UInt16, seed: UInt64,
    _ coordinator: Process
  ) throws {
    func measure(_ name: String, _ attack: () throws -> Int) throws {
      let start = ContinuousClock.now
      let count = try attack()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      guard coordinator.isRunning else { throw ended }
      print(
        "\(name): \(count) in \(seconds.text(1)) s; the coordinator uses "
          + "\(coordinator.residentMiB.text(1)) MiB")
      fflush(nil)
    }
    let count = command.frames / 2
    try measure("strangers, frames") { try strangers.sendFrames(count, seed: seed) }
    try measure("silent connections") {
      try strangers.hold(command.connections, seconds: command.holding)
    }
    try measure("member, control") { try member.attackControl(count, seed: seed) }
    try measure("member, data") { try member.attackData(count, port: dataPort, seed: seed) }
    // These messages cost the coordinator more than a broken frame does.
    let lies = min(count / 10, Self.lieCountMaximum)
    try measure("member, false messages") { try member.lie(lies, about: trials(), seed: seed) }
    try measure("member, blobs") { try member.store(lies, port: dataPort, seed: seed) }
  }
}

// MARK: - Requirements

extension Siege {
  private func sameBytes() throws -> HostileCommand.Finding {
    let isSame = try bench.read("siege/trials.csv") == bench.read("alone/trials.csv")
    return .init(
      what: "trials.csv, compared with the undisturbed run",
      found: isSame ? "same bytes" : "differs",
      expected: "same bytes", isMet: isSame)
  }

  /// Blobs that were sent without a lease are not kept.
  private func blobs() -> HostileCommand.Finding {
    let (alone, attacked) = (byteCount(below: "alone/blobs"), byteCount(below: "siege/blobs"))
    return .init(
      what: "bytes of blobs, attacked and undisturbed", found: "\(attacked), \(alone)",
      expected: "at most \(Self.blobByteMaximum) more than undisturbed, and not 0",
      isMet: alone > 0 && attacked <= alone + Self.blobByteMaximum)
  }

  private func byteCount(below name: String) -> Int {
    let folder = bench.folder.appending(path: name)
    let files = FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: [.fileSizeKey])
    return (files?.allObjects ?? []).reduce(0) { sum, file in
      let values = try? (file as? URL)?.resourceValues(forKeys: [.fileSizeKey])
      return sum + (values?.fileSize ?? 0)
    }
  }

  /// The trials of the sweep, read from its trials.csv.
  private func trials() throws -> [TrialID] {
    let rows = try bench.read("alone/trials.csv").split(separator: "\n").dropFirst()
    return rows.compactMap { row in TrialID(row.prefix { $0 != "," }) }
  }

  /// The honest worker started every trial once, was never declared lost, and no trial failed.
  private func undisturbed(_ log: String) -> HostileCommand.Finding {
    let lines = log.split(separator: "\n").filter { !$0.contains(" started on liar") }
    let begun = lines.count { $0.contains(" started on ") }
    let lost = lines.count { $0.contains(" is lost, ") && !$0.contains("worker liar") }
    let failed = lines.count { $0.contains(" failed (") }
    return .init(
      what: "attempts of the honest worker, times it was lost, failed trials",
      found: "\(begun), \(lost), \(failed)", expected: "\(command.trials), 0, 0",
      isMet: begun == command.trials && lost == 0 && failed == 0)
  }

  /// A worker that delivers invalid results gets no more trials after some of them.
  private func excluded(_ log: String, leases: Int) -> HostileCommand.Finding {
    let isExcluded =
      log.split(separator: "\n").contains {
        $0.contains("liar") && $0.contains(" gets no more trials: it delivered invalid data ")
      }
    return .init(
      what: "leases of the member that answers falsely, and whether it is excluded",
      found: "\(leases), \(isExcluded ? "excluded" : "not excluded")",
      expected: "3 to 20, excluded",
      isMet: (3...20).contains(leases) && isExcluded)
  }

  private func exits(_ coordinator: Process, _ worker: Process) -> HostileCommand.Finding {
    let codes = [coordinator.terminationStatus, worker.terminationStatus]
    return .init(
      what: "exit codes of coordinator and worker",
      found: codes.map { "\($0)" }.joined(separator: ", "), expected: "0, 0",
      isMet: codes == [0, 0])
  }

  private func pace(
    _ times: [ContinuousClock.Instant], since begin: ContinuousClock.Instant
  ) -> HostileCommand.Finding {
    func pace(_ times: some Collection<ContinuousClock.Instant>) -> Double {
      let all = Array(times)
      guard let first = all.first, let last = all.last, first < last else { return 0 }
      return Double(all.count - 1) / ((last - first) / .seconds(1))
    }
    let calm = pace(times.prefix { $0 < begin })
    let attacked = pace(times.drop { $0 < begin })
    return .init(
      what: "trials/s of the worker before and under attack",
      found: "\(calm.text(3)), \(attacked.text(3))",
      expected: "ratio at least \(command.leastPace.text(2))",
      isMet: calm > 0 && attacked >= command.leastPace * calm)
  }

  /// The log reports both kinds of refusals, but not every single one.
  private func warnings(_ log: String, seconds: Double) -> HostileCommand.Finding {
    let warnings = log.components(separatedBy: "WARNING").count - 1
    // With plain connections, most strangers are refused because they encrypt.
    let kinds = ["refused a connection: ", "dropped a message of 127.0.0.1"]
      .filter { log.contains($0) }.count
    // Up to four warnings per lease: its result was refused, its attempt ended, its worker is lost,
    // its host gets no more trials.
    let leases = log.components(separatedBy: " started on liar").count - 1
    let bound = 30 + Int(seconds / 2) + 4 * leases
    return .init(
      what: "kinds of refusals in the log, warnings", found: "\(kinds), \(warnings)",
      expected: "2, at most \(bound)", isMet: kinds == 2 && warnings <= bound)
  }
}

extension Process {
  /// The process's resident memory in MiB; 0 if it has ended.
  fileprivate var residentMiB: Double {
    let status = try? String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return kibibytes.flatMap { Double($0) }.map { $0 / 1024 } ?? 0
  }
}
