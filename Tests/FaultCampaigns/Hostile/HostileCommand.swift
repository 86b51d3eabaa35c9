import ArgumentParser
import Benches
import Foundation

/// `fault-campaigns hostile`: attacks a coordinator that runs a sweep.
struct HostileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hostile",
    abstract: "Attacks a coordinator that runs a sweep, and checks the outcome.",
    discussion: """
      All processes use a loopback address. A sweep runs undisturbed, then under attack, with one \
      worker; on a machine with several cores, the worker has a core of its own. There are two \
      rounds of attacks, with half the frames each:
      - Strangers open raw TCP connections that break the handshake in many ways. A connection \
      writes up to 50 frames until the coordinator closes it, and is counted as 50 frames.
      - A flood of connections sends nothing.
      - A member sends random, mutated, truncated, oversized and replayed messages on the control \
      and on the data connection. A member is an admitted peer, or any peer with --plain.
      - The member sends false messages about other workers' trials: numbers that are not finite, \
      attempts beyond 2^31, thousands of worker names.
      - The member offers and sends blobs without a lease.
      Before the rounds, the member takes leases and delivers false results. Exit code 1 if a \
      bound is missed.
      """)

  @Flag(help: "Uses plain connections; default: encrypted ones, and the member has a key.")
  var plain = false
  @Option(help: "Frames of the strangers; also messages of the member, per connection.")
  var frames = 1_000_000
  @Option(help: "How many connections of a flood are open at once.") var connections = 2000
  @Option(help: "How long each flood lasts, in seconds.") var holding = 5
  @Option(help: "Trials of the sweep; the last ones are suspended during the attacks.") var trials =
    300
  @Option(help: "Optimiser steps of each trial.") var batches = 100
  @Option(help: "Least ratio of the worker's trials/s under attack to its trials/s before.")
  var leastPace = 0.9
  @Option(help: "Seed of all random numbers.") var seed: UInt64 = 1

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

  /// A requirement and whether it is met.
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
    var table = TextTable("requirement", "found", "expected", "")
    for finding in findings {
      table.add(finding.what, finding.found, finding.expected, finding.isMet ? "" : "MISSED")
    }
    print(table.text, terminator: "")
    guard findings.allSatisfy(\.isMet) else { throw ExitCode(1) }
  }
}
