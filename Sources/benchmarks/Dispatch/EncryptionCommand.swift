import ArgumentParser
import Benches
import Enrolment
import Foundation
import Messaging

/// `benchmarks encryption`: the cost of encrypted connections for a whole sweep.
struct EncryptionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encryption",
    abstract: "Measures trials per second of a real coordinator, plain and encrypted.",
    discussion: """
      Each run is a `coordinator` process, from this executable's folder, with trials that are not \
      trained: a result is sent at once, its four artifacts are uploaded over the data connection, \
      and everything is recorded durably. Plain and encrypted runs alternate. Both ends share the \
      machine, so the cost includes the workers' encryption. Exit code 1 if the median of the \
      encrypted runs is below --least-ratio of the plain ones'.
      """)

  @Option(help: "Trials of each run.")
  var trials = 2000

  @Option(help: "Runs of each kind.")
  var rounds = 5

  @Option(help: "Workers, each with its own thread and connections.")
  var workers = 4

  @Option(help: "Trials that each worker has at once.")
  var slots = 4

  @Option(help: "The bound of the ratio.")
  var leastRatio = 0.8

  func validate() throws {
    guard (1...1_000_000).contains(trials), (1...1000).contains(rounds),
      (1...1000).contains(workers), (1...1000).contains(slots), (0...100).contains(leastRatio)
    else {
      throw ValidationError(
        "expected numbers above 0: at most 1000000 trials, 1000 rounds, workers and slots, and a "
          + "ratio of 100")
    }
  }

  func run() throws {
    let bench = try ProcessBench("encryption")
    defer {
      bench.endLeftovers()
      bench.remove()
    }
    let keys = KeyFolder(bench.folder.appending(path: "keys"))
    let pair = try CurveKeyPair.generate()
    let server = try keys.keysMadeIfMissing(of: .coordinator).publicKey
    try keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(pair.publicKey, as: "load", at: Date())
    }
    let sweep = try bench.write(
      """
      sweep: load
      question: How fast are trials handed out and recorded?
      dataset: sprites28
      model: {channels: [4, 4, 8], latents: 3}
      axes:
        tolerance: {from: 1, to: \(trials), step: 1}
      budget: 30 batches

      """, to: "load.yaml")
    var (plain, encrypted): ([Double], [Double]) = ([], [])
    for round in 0..<rounds {
      plain.append(try measure(sweep, as: "plain-\(round)", .plain, on: bench))
      encrypted.append(
        try measure(
          sweep, as: "encrypted-\(round)", .curveClient(pair, server: server), on: bench))
      print("plain \(plain[round].text(1)), encrypted \(encrypted[round].text(1)) trials/s")
      fflush(nil)
    }
    let ratio = median(encrypted) / median(plain)
    print(
      "median: plain \(median(plain).text(1)), encrypted \(median(encrypted).text(1)) trials/s, "
        + "ratio \(ratio.text(3)), expected \(leastRatio.text(2)) or more")
    guard ratio >= leastRatio else { throw ExitCode(1) }
  }

  /// Trials per second of one run, from its first assignment to its last acknowledgement.
  private func measure(
    _ sweep: String, as name: String, _ security: SocketSecurity, on bench: ProcessBench
  ) throws -> Double {
    let coordinator = try bench.start(
      "coordinator",
      ["run", sweep, "--out", bench.path(name), "--listen", "tcp://127.0.0.1:*"]
        + (security == .plain ? [] : ["--curve"]), as: name)
    let endpoint = try Endpoint(try bench.endpoint(of: coordinator, as: name))
    let load = try (0..<workers).map { number in
      try NoopWorker(
        endpoint, security: security, slots: slots, name: "load-\(getpid())-\(number)",
        folder: bench.folder)
    }
    for worker in load { worker.start() }
    coordinator.waitUntilExit()
    let spans = load.map { $0.finish() }
    guard coordinator.terminationStatus == 0, let first = spans.compactMap(\.first).min(),
      let last = spans.compactMap(\.last).max()
    else {
      throw BenchmarkError("\(name) failed: \(bench.log(name).suffix(2000))")
    }
    return Double(spans.reduce(0) { $0 + $1.count }) / ((last - first) / .seconds(1))
  }
}
