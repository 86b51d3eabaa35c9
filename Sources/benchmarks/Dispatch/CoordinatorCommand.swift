import ArgumentParser
import Benches
import Foundation
import Messaging
import Transfers
import Trials

/// `benchmarks coordinator`: the coordinator with simulated workers that do not train.
struct CoordinatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "Measures the coordinator's throughput, memory and restart with no-op trials.",
    discussion: """
      A real coordinator runs a sweep of this many trials. A second process simulates its workers, \
      each with its own connection over loopback; they answer every assignment with a complete \
      result. Each result is durable before it is acknowledged. Then the coordinator is killed and \
      started again, and the time from its start to the first assignment is measured. Both \
      processes share the machine.
      """)

  @Option(help: "Connected workers, of one slot each.") var workers = 1000
  @Option(help: "Trials of the sweep.") var trials = 100_000
  @Option(help: "Folder of prepared image archives.") var data: String?
  @Option(help: "Where the sweep's record goes; without it, a folder that is removed.")
  var out: String?
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard (1...4000).contains(workers), (10...1_000_000).contains(trials),
      trials >= 20 * workers
    else {
      throw ValidationError(
        "--workers: expected 1 to 4000; --trials: expected 10 to 1000000, at least 20 a worker")
    }
  }

  /// The measured numbers.
  struct Figures: Encodable {
    var workers: Int
    var trials: Int
    /// Results acknowledged per second, from the first assignment to the last acknowledgement.
    var trialsPerSecond: Double
    /// The coordinator's processor time per result.
    var processorMicrosecondsPerTrial: Double
    /// Its resident bytes per pending trial, minus those of a sweep of ten.
    var residentBytesPerPendingTrial: Double
    /// The time from its first start to the first assignment.
    var startSeconds: Double
    /// The time from its restart after a kill, with nine tenths of the trials complete, to the
    /// first assignment.
    var restartSeconds: Double
    /// Complete trials at the end, counted by the restarted coordinator.
    var complete: Int
  }

  func run() throws {
    let folder = URL(
      filePath: out ?? NSTemporaryDirectory() + "coordinator-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { if out == nil { try? FileManager.default.removeItem(at: folder) } }
    let figures = try measure(in: folder)
    if json {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(figures), as: UTF8.self))
    } else {
      var table = TextTable("figure", "value")
      table.add("workers, trials", "\(figures.workers), \(figures.trials)")
      table.add(
        "trials/s, each durable before its acknowledgement", figures.trialsPerSecond.text(0))
      table.add("processor µs per trial", figures.processorMicrosecondsPerTrial.text(0))
      table.add("resident bytes per pending trial", figures.residentBytesPerPendingTrial.text(0))
      table.add("s from first start to first assignment", figures.startSeconds.text(2))
      table.add("s from restart to first assignment", figures.restartSeconds.text(2))
      table.add("trials complete at the end", "\(figures.complete)")
      print(table.text, terminator: "")
    }
    guard figures.complete == trials else {
      throw BenchmarkError("found \(figures.complete) trials complete, expected \(trials)")
    }
  }

  private func measure(in folder: URL) throws -> Figures {
    let small = try start(trials: 10, in: folder, name: "small", port: "*")
    _ = try small.endpoint()
    usleep(500_000)
    let emptyBytes = small.residentBytes
    small.crash()

    let first = try start(trials: trials, in: folder, name: "large", port: "*")
    let endpoint = try first.endpoint()
    usleep(500_000)
    let pendingBytes = first.residentBytes
    let trial = try NoOpTrial(batches: 10)
    let context = try Context(ioThreadCount: 1, socketCountMaximum: workers + 8)
    let fleet = try SimulatedFleet(
      count: workers, endpoint: endpoint, context: context, trial: trial)
    // The first results wait for the upload of their files.
    fleet.beatInterval = .milliseconds(200)
    try fleet.run(until: { fleet.firstAssignment != nil })
    try upload(trial, to: fleet, endpoint: endpoint, context: context, folder: folder)
    let startSeconds = ((fleet.firstAssignment ?? first.started) - first.started) / .seconds(1)
    try fleet.run(until: { fleet.acknowledgedCount > 0 })
    fleet.beatInterval = .seconds(5)
    let busyBefore = first.processorSeconds
    let begin = ContinuousClock.now
    let countBefore = fleet.acknowledgedCount
    try fleet.run(until: { fleet.acknowledgedCount >= trials * 9 / 10 })
    let end = fleet.lastAcknowledgement ?? ContinuousClock.now
    let busy = first.processorSeconds - busyBefore
    let count = Double(fleet.acknowledgedCount - countBefore)
    first.crash()

    try fleet.forgetCoordinator()
    let port = endpoint.split(separator: ":").last.map(String.init) ?? "*"
    let second = try start(trials: trials, in: folder, name: "large", port: port)
    try fleet.run(until: { fleet.firstAssignment != nil || !second.isRunning })
    guard let assigned = fleet.firstAssignment else {
      throw BenchmarkError("the restarted coordinator ended: see \(folder.path)")
    }
    let complete = "\(trials) of \(trials) trials complete"
    try fleet.run(until: { fleet.isDismissed || !second.isRunning })
    // Stop before it writes a file per trial, which is not measured.
    second.crash()
    let status = try second.status(of: folder.appending(path: "large"))
    return Figures(
      workers: workers, trials: trials, trialsPerSecond: count / ((end - begin) / .seconds(1)),
      processorMicrosecondsPerTrial: 1e6 * busy / count,
      residentBytesPerPendingTrial: Double(pendingBytes - emptyBytes) / Double(trials),
      startSeconds: startSeconds, restartSeconds: (assigned - second.started) / .seconds(1),
      complete: status.contains(complete) ? trials : 0)
  }

  private func upload(
    _ trial: NoOpTrial, to fleet: SimulatedFleet, endpoint: String, context: Context, folder: URL
  ) throws {
    guard let port = fleet.dataPort else { throw BenchmarkError("no data connection") }
    let client = try BlobClient(context, endpoint: "tcp://127.0.0.1:\(port)")
    for (artifact, content) in trial.artifacts {
      let file = folder.appending(path: artifact.kind.rawValue)
      try Data(content).write(to: file)
      try client.upload(file, digest: artifact.digest)
    }
  }

  private func start(
    trials: Int, in folder: URL, name: String, port: String
  ) throws -> CoordinatorProcess {
    let sweep = folder.appending(path: "\(name).yaml")
    try Data(
      """
      sweep: bench
      question: How fast is the coordinator?
      dataset: sprites28
      model: {channels: [4, 4, 8], latents: 3}
      budget: 10 batches
      axes:
        tolerance: {from: 1, to: \(trials), step: 1}

      """.utf8
    ).write(to: sweep)
    let program = URL(
      filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    return try CoordinatorProcess(
      program.deletingLastPathComponent().appending(path: "coordinator"),
      [
        sweep.path, "--out", folder.appending(path: name).path, "--listen",
        "tcp://127.0.0.1:\(port)",
      ] + (data.map { ["--data", $0] } ?? []),
      log: folder.appending(path: "\(name).log"))
  }
}
