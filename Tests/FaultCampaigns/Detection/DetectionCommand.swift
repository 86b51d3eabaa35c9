import ArgumentParser
import Benches
import Foundation

/// `fault-campaigns detection`: how soon the coordinator notices a dead or silent worker, measured
/// on real processes.
struct DetectionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detection",
    abstract: "Kills or suspends workers and measures when their trials are leased again.",
    discussion: """
      All processes use the default timeouts and a loopback address. `killed` ends a worker by \
      `kill -9`; `encrypted` does the same with encrypted connections; `restarted` kills the \
      worker while the coordinator is down, and counts from the coordinator's restart; `silent` \
      suspends a worker and its trial. `continued` suspends a worker for --stop seconds, lets it \
      continue, and compares trials.csv with that of an undisturbed run; if --stop is longer than \
      the bound of `silent`, another worker must get the trial in that time.
      """)

  /// What happens to a worker.
  enum Fault: String, CaseIterable, ExpressibleByArgument, Encodable {
    case killed, encrypted, restarted, silent, continued

    /// Seconds within which the trial must be leased to another worker.
    var bound: Double {
      switch self {
      case .killed, .encrypted: 5
      // A restarted coordinator waits 30 s for its workers before it leases their trials again.
      case .restarted: 32
      case .silent, .continued: 60
      }
    }
  }

  @Argument(help: "killed, encrypted, restarted, silent, continued; default: all of them.")
  var faults: [Fault] = []
  @Option(help: "How often each is measured; `continued` is measured once.") var rounds = 3
  @Option(help: "Seconds for which `continued` suspends a worker.") var stop = 600.0
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard (1...1000).contains(rounds), (0.1...86_400).contains(stop) else {
      throw ValidationError("--rounds: expected 1 to 1000; --stop: 0.1 to 86400 seconds")
    }
  }

  /// What was measured with one fault.
  struct Finding: Encodable {
    var fault: Fault
    /// Seconds until the trial was leased again, for each round.
    var seconds: [Double] = []
    var boundSeconds: Double
    /// For `continued`: lines of the logs about the trial.
    var report: String?
    /// For `continued`: whether trials.csv has the same bytes as that of the undisturbed run.
    var isSame: Bool?
  }

  /// How often a fault must lead to a new lease.
  private func leaseCount(after fault: Fault) -> Int {
    guard fault == .continued else { return rounds }
    return stop > Fault.continued.bound ? 1 : 0
  }

  private func isMet(_ finding: Finding) -> Bool {
    finding.seconds.count >= leaseCount(after: finding.fault)
      && finding.seconds.allSatisfy { $0 <= finding.boundSeconds }
      && finding.isSame == (finding.fault == .continued ? true : nil)
  }

  func run() throws {
    let chosen = faults.isEmpty ? Fault.allCases : faults
    let findings = try chosen.map { fault in
      let bench = try ProcessBench("detection")
      defer {
        bench.endLeftovers()
        bench.remove()
      }
      return try Detection(on: bench, isEncrypted: fault == .encrypted).measure(fault, self)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(findings), as: UTF8.self))
    } else {
      var table = TextTable("fault", "seconds until leased again", "bound", "trials.csv", "")
      for finding in findings {
        table.add(
          finding.fault.rawValue, finding.seconds.map { $0.text(2) }.joined(separator: " "),
          finding.boundSeconds.text(0),
          finding.isSame.map { $0 ? "same" : "DIFFERS" } ?? "-",
          isMet(finding) ? "" : "MISSED")
      }
      print(table.text, terminator: "")
      for report in findings.compactMap(\.report) { print(report) }
    }
    guard findings.allSatisfy(isMet) else { throw ExitCode(1) }
  }
}
