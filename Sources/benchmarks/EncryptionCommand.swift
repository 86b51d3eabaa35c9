import ArgumentParser
import Enrolment
import Foundation
import Glibc
import Messaging

/// `benchmarks encryption`: what encrypted connections cost a whole sweep.
struct EncryptionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encryption",
    abstract: "Measures trials per second of a real coordinator, plain and encrypted.",
    discussion: """
      Each run is a `coordinator` process, the one beside this executable, with trials that are \
      not trained: a result is handed in at once, with its four artifacts stored over the data \
      connection and everything recorded durably. Plain and encrypted runs take turns in one run.
      """)

  @Option(help: "Trials of each run.")
  var trials = 400

  @Option(help: "Runs of each kind.")
  var rounds = 3

  @Option(help: "Workers, each on a thread and with connections of its own.")
  var workers = 4

  @Option(help: "Trials that each worker has at once.")
  var slots = 4

  func run() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let keys = KeyFolder(folder.appending(path: "keys"))
    let pair = try CurveKeyPair.generate()
    let server = try keys.keysMadeIfMissing(of: .coordinator).publicKey
    try keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(pair.publicKey, as: "load", at: Date())
    }
    let sweep = folder.appending(path: "load.yaml")
    let side = Int(Double(trials).squareRoot().rounded(.up))
    try Data(
      """
      sweep: load
      question: How fast are trials handed out and recorded?
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      axes:
        latents: [\((1...side).map(String.init).joined(separator: ", "))]
        tolerance: [\((1...side).map(String.init).joined(separator: ", "))]
      budget: 30 batches
      outputs: [table1]

      """.utf8
    ).write(to: sweep)
    let kinds: [(String, SocketSecurity)] = [
      ("plain", .plain), ("CURVE", .curveClient(pair, server: server)),
    ]
    var rates: [String: [Double]] = [:]
    for round in 0..<rounds {
      for (name, security) in kinds {
        let rate = try measure(
          sweep, out: folder.appending(path: "\(name)-\(round)"), keys: keys.url, security)
        rates[name, default: []].append(rate)
        print("\(name) \(rate.text(1)) trials/s")
      }
    }
    let medians = kinds.map { name, _ in (rates[name] ?? []).sorted()[rounds / 2] }
    print("median: plain \(medians[0].text(1)), CURVE \(medians[1].text(1)) trials/s, ")
    print("ratio \((medians[1] / medians[0]).text(3))")
  }

  /// Trials per second of one run, from its first assignment to its last acknowledgement.
  private func measure(
    _ sweep: URL, out: URL, keys: URL, _ security: SocketSecurity
  ) throws -> Double {
    let coordinator = Process()
    coordinator.executableURL = URL(filePath: CommandLine.arguments[0])
      .resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "coordinator")
    coordinator.arguments =
      [
        "run", sweep.path, "--out", out.path, "--listen", "tcp://127.0.0.1:*", "--keys", keys.path,
      ] + (security == .plain ? [] : ["--curve"])
    let log = out.deletingLastPathComponent().appending(path: "\(out.lastPathComponent).log")
    try Data().write(to: log)
    coordinator.standardError = try FileHandle(forWritingTo: log)
    coordinator.standardOutput = FileHandle.nullDevice
    try coordinator.run()
    defer { if coordinator.isRunning { kill(coordinator.processIdentifier, SIGKILL) } }
    let endpoint = try endpoint(in: log, of: coordinator)
    let load = try (0..<workers).map { number in
      try NoopWorker(
        endpoint, security: security, slots: slots, name: "load-\(getpid())-\(number)",
        folder: out.deletingLastPathComponent())
    }
    for worker in load { worker.start() }
    coordinator.waitUntilExit()
    let spans = load.map { $0.finish() }
    guard coordinator.terminationStatus == 0, let first = spans.compactMap(\.first).min(),
      let last = spans.compactMap(\.last).max()
    else {
      throw BenchmarkError((try? String(contentsOf: log, encoding: .utf8)) ?? "no run")
    }
    return Double(spans.reduce(0) { $0 + $1.count }) / ((last - first) / .seconds(1))
  }

  private func endpoint(in log: URL, of coordinator: Process) throws -> Endpoint {
    let mark = "workers connect to "
    while coordinator.isRunning {
      let text = try String(contentsOf: log, encoding: .utf8)
      if let range = text.range(of: mark) {
        return try Endpoint(String(text[range.upperBound...].prefix { $0 != "\n" }))
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw BenchmarkError(try String(contentsOf: log, encoding: .utf8))
  }
}
