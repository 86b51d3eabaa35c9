import Benches
import Enrolment
import Foundation
import Glibc
import Messaging
import Trials

/// A sweep whose coordinator is attacked, beside the same sweep undisturbed.
struct Siege {
  /// Trials that complete before the attacks begin, to tell the worker's pace, at most.
  private static let calmTrialMaximum = 12
  /// The least trials of a sweep that lasts.
  static let trialMinimum = 10

  /// The most lies, and the most blobs without a lease, of each round; a third are new names.
  private static let lieCountMaximum = 10_000
  /// How many bytes more the blobs may take than those of the undisturbed sweep.
  private static let blobByteMaximum = 1 << 20
  /// How soon `coordinator status` answers beside the last of the attacks, in seconds.
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
      question: Does it hold?
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
    let leases = try attacker.betray(as: "liar", seed: command.seed)
    print("member, leases that it betrays: \(leases)")
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
        what: "seconds until status answers right after the lies", found: statusSeconds.text(1),
        expected: "at most \(Self.statusSecondsMaximum.text(0))",
        isMet: statusSeconds <= Self.statusSecondsMaximum),
      sameBytes(),
      blobs(),
      undisturbed(log),
      leftOut(log, leases: leases),
      exits(coordinator, worker),
      pace(times, since: begin),
      .init(
        what: "MiB of its memory before, after one round, after two",
        found: memory.map { $0.text(1) }.joined(separator: ", "), expected: "16 in the second",
        isMet: memory[2] - memory[1] <= 16),
      told(log, seconds: seconds),
    ]
  }

  private var ended: BenchmarkError {
    BenchmarkError(
      "the coordinator ended before the attacks did: " + bench.log("siege").suffix(2000))
  }

  /// One round of every kind, told as it happens.
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
        "\(name): \(count) in \(seconds.text(1)) s, \(coordinator.residentMiB.text(1)) MiB then")
      fflush(nil)
    }
    let count = command.frames / 2
    try measure("strangers, frames") { try strangers.sendFrames(count, seed: seed) }
    try measure("strangers, silent") {
      try strangers.hold(command.connections, seconds: command.holding)
    }
    try measure("member, control") { try member.attackControl(count, seed: seed) }
    try measure("member, data") { try member.attackData(count, port: dataPort, seed: seed) }
    // Each of them costs the coordinator more than a broken frame does.
    let lies = min(count / 10, Self.lieCountMaximum)
    try measure("member, lies") { try member.lie(lies, about: trials(), seed: seed) }
    try measure("member, blobs") { try member.store(lies, port: dataPort, seed: seed) }
  }
}

// MARK: - What must hold

extension Siege {
  private func sameBytes() throws -> HostileCommand.Finding {
    let isSame = try bench.read("siege/trials.csv") == bench.read("alone/trials.csv")
    return .init(
      what: "trials.csv, beside the undisturbed one", found: isSame ? "same bytes" : "differs",
      expected: "same bytes", isMet: isSame)
  }

  /// What nobody has a lease for is not kept.
  private func blobs() -> HostileCommand.Finding {
    let (alone, attacked) = (byteCount(below: "alone/blobs"), byteCount(below: "siege/blobs"))
    return .init(
      what: "bytes of blobs, beside the undisturbed ones", found: "\(attacked), \(alone)",
      expected: "at most \(Self.blobByteMaximum) more, and some",
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

  /// The trials of the sweep, as its table names them.
  private func trials() throws -> [TrialID] {
    let rows = try bench.read("alone/trials.csv").split(separator: "\n").dropFirst()
    return rows.compactMap { row in TrialID(row.prefix { $0 != "," }) }
  }

  /// The worker began every trial once and was not given up, and none failed.
  private func undisturbed(_ log: String) -> HostileCommand.Finding {
    let lines = log.split(separator: "\n").filter { !$0.contains(" started on liar") }
    let begun = lines.count { $0.contains(" started on ") }
    let lost = lines.count { $0.contains(" is lost, ") && !$0.contains("worker liar") }
    let failed = lines.count { $0.contains(" failed (") }
    return .init(
      what: "attempts of the worker, times it was lost, failed trials",
      found: "\(begun), \(lost), \(failed)", expected: "\(command.trials), 0, 0",
      isMet: begun == command.trials && lost == 0 && failed == 0)
  }

  /// Who was given trials and handed in what cannot be theirs is given no more.
  private func leftOut(_ log: String, leases: Int) -> HostileCommand.Finding {
    let isOut =
      log.split(separator: "\n").contains {
        $0.contains("liar") && $0.contains(" gets no more trials: it delivered invalid data ")
      }
    return .init(
      what: "leases that a liar got, until it was left out",
      found: "\(leases), \(isOut ? "out" : "in")", expected: "3 to 20, out",
      isMet: (3...20).contains(leases) && isOut)
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
      expected: "\(command.leastPace.text(2)) of it", isMet: attacked >= command.leastPace * calm)
  }

  /// People are told of the refusals, and not of each.
  private func told(_ log: String, seconds: Double) -> HostileCommand.Finding {
    let warnings = log.components(separatedBy: "WARNING").count - 1
    // Where connections are plain, most strangers are refused for encrypting; few break ZMTP itself.
    let kinds = ["refused a connection: ", "dropped a message of 127.0.0.1"]
      .filter { log.contains($0) }.count
    // How a lease ends is told each time: that its result was refused, that the attempt has ended,
    // that its worker is lost, and with the last one that it is left out.
    let leases = log.components(separatedBy: " started on liar").count - 1
    let bound = 30 + Int(seconds / 2) + 4 * leases
    return .init(
      what: "kinds of refusal told, warnings", found: "\(kinds), \(warnings)",
      expected: "2, at most \(bound)", isMet: kinds == 2 && warnings <= bound)
  }
}

extension Process {
  /// Its memory that is resident; 0 once it has ended.
  fileprivate var residentMiB: Double {
    let status = try? String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return kibibytes.flatMap { Double($0) }.map { $0 / 1024 } ?? 0
  }
}
