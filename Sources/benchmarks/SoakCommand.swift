import ArgumentParser
import Foundation
import Glibc

/// `benchmarks soak`: a real sweep whose workers and coordinator are killed again and again.
struct SoakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Kills workers and the coordinator of a real sweep and compares its table of trials.",
    discussion: """
      The sweep runs twice: undisturbed, and with processes ended by `kill -9` at random moments, \
      which a seed decides. Both must give the same bytes of trials.csv, and the record must be \
      sound. Choose --steps so that the sweep outlasts the kills.
      """)

  @Option(help: "Kills of workers.") var workerKills = 30
  @Option(help: "Kills of the coordinator.") var coordinatorKills = 10
  @Option(help: "Workers, of one slot each.") var workers = 3
  @Option(help: "Seconds between two kills, on average.") var interval = 4.0
  @Option(help: "Optimiser steps of each of the 12 trials.") var steps = 3000
  @Option(help: "Data set to train on.") var dataset = "mnist"
  @Option(help: "Folder of prepared image archives.") var data: String?
  @Option(help: "Decides when whom it hits.") var seed: UInt64 = 1
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard workers > 0, workerKills >= 0, coordinatorKills >= 0, interval > 0, steps > 0 else {
      throw ValidationError("expected numbers above 0")
    }
  }

  /// What came of it.
  struct Outcome: Encodable {
    var seed: UInt64
    var trials: Int
    var workerKills: Int
    var coordinatorKills: Int
    /// Whether trials.csv has the bytes of the undisturbed run.
    var isSame: Bool
    /// Trials without a row, and rows beyond one for each.
    var lost: Int
    var double: Int
    /// Whether `coordinator check` finds the record, the blobs and the outputs sound.
    var isSound: Bool
    var undisturbedSeconds: Double
    var disturbedSeconds: Double
    /// Processes that were left behind, and ended.
    var leftovers: Int
  }

  func run() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "soak-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var soak = try Soak(self, in: folder)
    let outcome = try soak.run()
    if json {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(outcome), as: UTF8.self))
    } else {
      print(
        """
        seed \(outcome.seed): \(outcome.trials) trials, \(outcome.workerKills) workers and \
        \(outcome.coordinatorKills) coordinators killed
        trials.csv \(outcome.isSame ? "has the same bytes" : "DIFFERS"); \(outcome.lost) lost, \
        \(outcome.double) double; the record is \(outcome.isSound ? "sound" : "NOT SOUND")
        \(outcome.undisturbedSeconds.text(0)) s undisturbed, \
        \(outcome.disturbedSeconds.text(0)) s with kills; \(outcome.leftovers) processes left behind
        """)
    }
    guard outcome.isSame, outcome.lost == 0, outcome.double == 0, outcome.isSound,
      outcome.leftovers == 0, outcome.workerKills == workerKills,
      outcome.coordinatorKills == coordinatorKills
    else { throw ExitCode(1) }
  }
}

/// One soak under way.
private struct Soak {
  private let command: SoakCommand
  private let folder: URL
  private let programs: URL
  private var random: UInt64

  init(_ command: SoakCommand, in folder: URL) throws {
    self.command = command
    self.folder = folder
    programs = URL(
      filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    ).deletingLastPathComponent()
    random = command.seed
  }

  mutating func run() throws -> SoakCommand.Outcome {
    let sweep = folder.appending(path: "soak.yaml")
    try Data(
      """
      sweep: soak
      question: Is anything lost?
      dataset: \(command.dataset)
      model: {channels: [4, 4, 8]}
      trainer: {sample_every: 500}
      budget: \(command.steps) batches
      axes:
        latents: [3, 4, 5]
        tolerance: [10, 20, 30, 40]

      """.utf8
    ).write(to: sweep)
    let clock = ContinuousClock()
    let undisturbed = try clock.measure {
      let run = try start("coordinator", coordinator(sweep, "calm", ["--local-workers", "2"]))
      run.waitUntilExit()
      guard run.terminationStatus == 0 else {
        throw BenchmarkError("the undisturbed run failed: \(lines("calm"))")
      }
    }
    var kills = (workers: 0, coordinators: 0)
    let disturbed = try clock.measure { kills = try disturb(sweep) }
    let leftovers = endLeftovers()
    let check = try start("coordinator", ["check", folder.appending(path: "rough").path])
    check.waitUntilExit()
    let (calm, rough) = (try table("calm"), try table("rough"))
    let names = Set(calm.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } })
    let rows = rough.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
    return SoakCommand.Outcome(
      seed: command.seed, trials: names.count, workerKills: kills.workers,
      coordinatorKills: kills.coordinators, isSame: calm == rough,
      lost: names.subtracting(rows).count, double: rows.count - Set(rows).count,
      isSound: check.terminationStatus == 0, undisturbedSeconds: undisturbed.seconds,
      disturbedSeconds: disturbed.seconds, leftovers: leftovers)
  }

  /// Runs the sweep while killing, and to its end.
  private mutating func disturb(_ sweep: URL) throws -> (workers: Int, coordinators: Int) {
    var coordinator = try start("coordinator", self.coordinator(sweep, "rough", listening("*")))
    let endpoint = try self.endpoint(of: coordinator)
    let port = endpoint.split(separator: ":").last.map(String.init) ?? "*"
    let arguments = ["--connect", endpoint, "--slots", "1", "--exit-when-idle"]
    var workers = try (0..<command.workers).map { _ in try start("worker", arguments) }
    defer {
      for process in workers + [coordinator] where process.isRunning {
        kill(process.processIdentifier, SIGKILL)
      }
    }
    var kills = (workers: 0, coordinators: 0)
    while coordinator.isRunning {
      let left = (
        command.workerKills - kills.workers, command.coordinatorKills - kills.coordinators
      )
      guard left.0 + left.1 > 0 else { break }
      Thread.sleep(forTimeInterval: -log(1 - uniform()) * command.interval)
      guard coordinator.isRunning else { break }
      if uniform() * Double(left.0 + left.1) < Double(left.0) {
        let victim = Int(uniform() * Double(workers.count))
        guard workers[victim].isRunning else { continue }
        kill(workers[victim].processIdentifier, SIGKILL)
        workers[victim].waitUntilExit()
        kills.workers += 1
        workers[victim] = try start("worker", arguments)
      } else {
        kill(coordinator.processIdentifier, SIGKILL)
        coordinator.waitUntilExit()
        kills.coordinators += 1
        coordinator = try start("coordinator", self.coordinator(sweep, "rough", listening(port)))
      }
    }
    coordinator.waitUntilExit()
    guard coordinator.terminationStatus == 0 else {
      throw BenchmarkError("the disturbed run failed: \(lines("rough"))")
    }
    let deadline = ContinuousClock.now + .seconds(30)
    while workers.contains(where: \.isRunning), ContinuousClock.now < deadline { usleep(50_000) }
    return kills
  }

  private func listening(_ port: String) -> [String] { ["--listen", "tcp://127.0.0.1:\(port)"] }

  private func coordinator(_ sweep: URL, _ name: String, _ more: [String]) -> [String] {
    ["run", sweep.path, "--out", folder.appending(path: name).path] + more
      + (command.data.map { ["--data", $0] } ?? [])
  }

  private func start(_ program: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = programs.appending(path: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging([
      "XDG_CACHE_HOME": folder.appending(path: "cache").path,
      "XDG_CONFIG_HOME": folder.appending(path: "config").path,
    ]) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let isRough = arguments.contains { $0.hasSuffix("/rough") }
    let file = folder.appending(
      path: program == "worker" ? "worker.log" : isRough ? "rough.log" : "calm.log")
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BenchmarkError("cannot write \(file.path)") }
    process.standardError = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try process.run()
    return process
  }

  private func lines(_ name: String) -> String {
    let text = try? String(contentsOf: folder.appending(path: "\(name).log"), encoding: .utf8)
    return String((text ?? "").suffix(2000))
  }

  private func endpoint(of coordinator: Process) throws -> String {
    let mark = "workers connect to "
    while coordinator.isRunning {
      let text = lines("rough")
      if let range = text.range(of: mark), text[range.upperBound...].contains("\n") {
        return String(text[range.upperBound...].prefix { !$0.isWhitespace })
      }
      usleep(20_000)
    }
    throw BenchmarkError("the coordinator ended: \(lines("rough"))")
  }

  private func table(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: "\(name)/trials.csv"), encoding: .utf8)
  }

  /// Ends processes of this soak that should have ended by themselves, and counts them.
  private func endLeftovers() -> Int {
    Thread.sleep(forTimeInterval: 2)
    var count = 0
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let process = Int32(name), process != getpid(),
        let line = try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8),
        line.contains(folder.lastPathComponent)
      else { continue }
      count += 1
      kill(process, SIGKILL)
    }
    return count
  }

  /// The next number from 0 up to 1 (SplitMix64).
  private mutating func uniform() -> Double {
    random &+= 0x9e37_79b9_7f4a_7c15
    var bits = random
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((bits ^ (bits >> 31)) >> 11) * 0x1p-53
  }
}
