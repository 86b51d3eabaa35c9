import ArgumentParser
import Benches
import Foundation

/// `fault-campaigns detection`: how soon a worker that is gone is noticed, on real processes.
struct DetectionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detection",
    abstract: "Kills and stops workers and measures when their trials are leased again.",
    discussion: """
      Everything runs with the product's default times, on a loopback address. `killed` ends a \
      worker by `kill -9`, with plain and with encrypted connections; `restarted` does so while \
      the coordinator is down, and counts from when that is back; `silent` stops a worker and its \
      trial; `continued` has a stopped worker go on after --stop, when another one has its trial, \
      and compares trials.csv with an undisturbed run's.
      """)

  /// What can befall a worker.
  enum Fate: String, CaseIterable, ExpressibleByArgument, Encodable {
    case killed, encrypted, restarted, silent, continued

    /// Seconds within which the trial must be leased again; nil for no bound.
    var bound: Double? {
      switch self {
      case .killed, .encrypted: 5
      // The grace of a coordinator that begins, and its start.
      case .restarted: 32
      case .silent: 60
      case .continued: nil
      }
    }
  }

  @Argument(help: "killed, encrypted, restarted, silent, continued; all of them without it.")
  var fates: [Fate] = []
  @Option(help: "How often each is measured; once for `continued`.") var rounds = 3
  @Option(help: "Seconds for which `continued` stops a worker.") var stop = 600.0
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard (1...1000).contains(rounds), (0.1...86_400).contains(stop) else {
      throw ValidationError("--rounds: expected 1 to 1000; --stop: 0.1 to 86400 seconds")
    }
  }

  /// What was measured of one fate.
  struct Finding: Encodable {
    var fate: Fate
    /// Seconds until the trial was leased again.
    var seconds: [Double] = []
    var boundSeconds: Double?
    /// What became of the one that went on, in the coordinator's or the worker's words.
    var words: String?
    /// Whether trials.csv has the bytes of the undisturbed run, where that was compared.
    var isSame: Bool?

    var isWithinBound: Bool {
      isSame != false && seconds.allSatisfy { $0 <= boundSeconds ?? .infinity }
    }
  }

  func run() throws {
    let chosen = fates.isEmpty ? Fate.allCases : fates
    let findings = try chosen.map { fate in
      let bench = try ProcessBench("detection")
      defer {
        bench.endLeftovers()
        bench.remove()
      }
      return try Detection(on: bench, isEncrypted: fate == .encrypted).find(fate, self)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(findings), as: UTF8.self))
    } else {
      var table = TextTable("fate", "seconds until leased again", "bound", "trials.csv", "")
      for finding in findings {
        table.add(
          finding.fate.rawValue, finding.seconds.map { $0.text(2) }.joined(separator: " "),
          finding.boundSeconds.map { $0.text(0) } ?? "-",
          finding.isSame.map { $0 ? "same" : "DIFFERS" } ?? "-",
          finding.isWithinBound ? "" : "MISSED")
      }
      print(table.text, terminator: "")
      for words in findings.compactMap(\.words) { print(words) }
    }
    guard findings.allSatisfy(\.isWithinBound) else { throw ExitCode(1) }
  }
}
