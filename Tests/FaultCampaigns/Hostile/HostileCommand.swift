import ArgumentParser
import Benches
import Foundation

/// `fault-campaigns hostile`: peers that mean harm, at a coordinator that runs a sweep.
struct HostileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hostile",
    abstract: "Attacks a coordinator that runs a sweep, and judges what came of it.",
    discussion: """
      Everything runs on a loopback address. A sweep runs undisturbed, then under attack, with one \
      worker that has a core of its own where there are two. Two rounds, each of half the frames, \
      of: strangers, raw TCP connections that break the handshake in many ways, each counted as the \
      50 frames that it writes until the coordinator closes it; a flood of connections that say \
      nothing; and a member, an admitted peer (any, with --plain), that sends \
      random, mutated, truncated, oversized, replayed and endless messages on the control and on \
      the data connection, takes leases and hands in false results, lies about trials of others (no \
      numbers, attempts beyond 2^31, thousands of names), and offers and sends blobs that it has no lease for. Exit code 1 if a bound is missed.
      """)

  @Flag(help: "Connections are plain; else they are encrypted, and the member has a key.")
  var plain = false
  @Option(help: "Frames of strangers, and messages of the member on each connection.")
  var frames = 1_000_000
  @Option(help: "Connections of the flood, held open at once.") var connections = 2000
  @Option(help: "How long each flood lasts, in seconds.") var holding = 5
  @Option(help: "Trials of the sweep; the last are held until the attacks are over.") var trials =
    300
  @Option(help: "Optimiser steps of each.") var batches = 100
  @Option(help: "The worker's pace under attack, as a share of its pace before, at least.")
  var leastPace = 0.9
  @Option(help: "Seed of everything that is random.") var seed: UInt64 = 1

  func validate() throws {
    guard (100...1_000_000_000).contains(frames), (1...1_000_000).contains(connections),
      (1...86_400).contains(holding), (1...1_000_000_000).contains(batches),
      (Siege.trialMinimum...100_000).contains(trials), (0...100).contains(leastPace)
    else {
      throw ValidationError(
        "expected numbers above 0: at least 100 frames and \(Siege.trialMinimum) trials, at most "
          + "10⁹ frames and batches, 1000000 connections, 86400 seconds and 100000 trials")
    }
  }

  /// Something that must hold.
  struct Finding {
    var what: String
    var found: String
    var expected: String
    var isMet: Bool
  }

  func run() throws {
    let bench = try ProcessBench("hostile")
    defer {
      bench.endLeftovers()
      bench.remove()
    }
    let findings = try Siege(self, on: bench).run()
    var table = TextTable("what must hold", "found", "expected", "")
    for finding in findings {
      table.add(finding.what, finding.found, finding.expected, finding.isMet ? "" : "MISSED")
    }
    print(table.text, terminator: "")
    guard findings.allSatisfy(\.isMet) else { throw ExitCode(1) }
  }
}
