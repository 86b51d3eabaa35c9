import ArgumentParser
import Benches
import Foundation

/// `fault-campaigns soak`: a real sweep whose workers and coordinator are killed again and again.
struct SoakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Kills workers and the coordinator of a real sweep and compares its table of trials.",
    discussion: """
      The sweep runs twice: undisturbed, and with processes ended by `kill -9` at random moments, \
      which a seed decides; only the first kill of a worker waits until it has begun a trial. Both \
      must give the same bytes of trials.csv, and the record must be sound. Every worker has a \
      cache of its own that goes with it, so that a trial goes on only from what was shipped. No more than one checkpoint interval for each kill of a coordinator, \
      or of a worker whose trial's process ran, may be computed twice: the steps that all \
      processes took, from the rows that they left every \(Soak.sampling) steps, rounded up, less \
      the trials' lengths. An interval in steps is its seconds times the mean pace of the \
      processes. Choose --steps so that the sweep outlasts the kills.
      """)

  @Option(help: "Kills of workers.") var workerKills = 30
  @Option(help: "Kills of the coordinator.") var coordinatorKills = 10
  @Option(help: "Workers, of one slot each.") var workers = 3
  @Option(help: "Seconds between two kills, on average.") var interval = 4.0
  @Option(help: "Optimiser steps of each of the 12 trials.") var steps = 3000
  @Option(help: "Seconds between the checkpoints of a trial.") var checkpointEvery = 2.0
  @Option(help: "Data set to train on.") var dataset = "mnist"
  @Option(help: "Folder of prepared image archives.") var data: String?
  @Option(help: "Decides when whom it hits.") var seed: UInt64 = 1
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard (1...1024).contains(workers), (0...100_000).contains(workerKills),
      (0...100_000).contains(coordinatorKills), (0.01...86_400).contains(interval),
      (1...1_000_000_000).contains(steps), (0.01...86_400).contains(checkpointEvery)
    else {
      throw ValidationError(
        "expected numbers above 0: at most 1024 workers, 100000 kills, 10⁹ steps, and times from "
          + "0.01 to 86400 seconds")
    }
  }

  /// What came of it.
  struct Outcome: Encodable {
    var seed: UInt64
    var trials: Int
    var workerKills: Int
    var coordinatorKills: Int
    /// Kills of workers whose trial's process ran.
    var interruptedTrials: Int
    /// Steps that all processes took beyond the trials' lengths, at most; those of attempts that
    /// were begun beside a running one, to be done sooner, not counted.
    var recomputedSteps: Int
    /// The most that one kill cost, in steps.
    var largestRecomputation: Int
    /// Steps of one checkpoint interval, at the mean pace of the processes.
    var intervalSteps: Int
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

    /// Whether no more was computed twice than one interval for each kill that could cost one.
    var isRecomputationBounded: Bool {
      recomputedSteps <= (interruptedTrials + coordinatorKills) * intervalSteps
    }
  }

  func run() throws {
    let bench = try ProcessBench("soak")
    defer {
      bench.endLeftovers()
      bench.remove()
    }
    var soak = Soak(self, on: bench)
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
        \(outcome.recomputedSteps) steps computed twice for \(outcome.interruptedTrials) \
        interrupted trials, at most \(outcome.largestRecomputation) for one; an interval of \
        \(checkpointEvery) s has \(outcome.intervalSteps): \
        \(outcome.isRecomputationBounded ? "within" : "BEYOND") one interval for each kill
        \(outcome.undisturbedSeconds.text(0)) s undisturbed, \
        \(outcome.disturbedSeconds.text(0)) s with kills; \(outcome.leftovers) processes left behind
        """)
    }
    guard outcome.isSame, outcome.lost == 0, outcome.double == 0, outcome.isSound,
      outcome.isRecomputationBounded, outcome.leftovers == 0, outcome.workerKills == workerKills,
      outcome.coordinatorKills == coordinatorKills
    else { throw ExitCode(1) }
  }
}
