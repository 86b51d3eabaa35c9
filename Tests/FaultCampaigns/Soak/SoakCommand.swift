import ArgumentParser
import Benches
import Foundation

/// `fault-campaigns soak`: runs a real sweep and kills its workers and coordinator many times.
struct SoakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Kills workers and the coordinator of a real sweep and compares its trials.csv.",
    discussion: """
      The sweep runs twice: undisturbed, and with processes ended by `kill -9` at random times \
      drawn from --seed. Only the first kill of a worker waits until the worker has started a \
      trial. Both runs must give the same bytes of trials.csv, and `coordinator check` must find \
      no fault. Every worker has its own cache, which is deleted when the worker is killed, so \
      trials can resume only from uploaded checkpoints. Each kill of the coordinator, or of a \
      worker that runs a trial, may cost one checkpoint interval: the recomputed steps are the \
      steps of all processes, read from their rows every \(Soak.sampling) steps and rounded up, \
      minus the lengths of the trials. A checkpoint interval in steps is --checkpoint-every times \
      the mean steps per second. Choose --steps large enough that the sweep lasts until all kills \
      are done.
      """)

  @Option(help: "How many workers are killed.") var workerKills = 30
  @Option(help: "How often the coordinator is killed.") var coordinatorKills = 10
  @Option(help: "How many workers run, with one slot each.") var workers = 3
  @Option(help: "Mean seconds between two kills.") var interval = 4.0
  @Option(help: "Optimiser steps of each of the \(Soak.trialCount) trials.") var steps = 3000
  @Option(help: "Seconds between the checkpoints of a trial.") var checkpointEvery = 2.0
  @Option(help: "Data set to train on.") var dataset = "mnist"
  @Option(help: "Folder of prepared image archives.") var data: String?
  @Option(help: "Seed of the times and victims of the kills.") var seed: UInt64 = 1
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

  /// The outcome of a run.
  struct Outcome: Encodable {
    var seed: UInt64
    var trials: Int
    var workerKills: Int
    var coordinatorKills: Int
    /// Kills of workers that ran a trial's process.
    var interruptedTrials: Int
    /// The most steps that all processes took beyond the trials' lengths.
    ///
    /// Attempts that the coordinator added to a running one, to finish sooner, are not counted.
    var recomputedSteps: Int
    /// The most steps that had to be computed again after one kill.
    var largestRecomputation: Int
    /// Steps of one checkpoint interval, at the mean speed of the processes.
    var intervalSteps: Int
    /// Whether trials.csv has the same bytes as that of the undisturbed run.
    var isSame: Bool
    /// Trials without a row.
    var lost: Int
    /// Rows beyond one per trial.
    var double: Int
    /// Whether `coordinator check` found no fault in the record, the blobs and the outputs.
    var isSound: Bool
    var undisturbedSeconds: Double
    var disturbedSeconds: Double
    /// Trials of which no process was seen, so that their steps are not counted.
    var unseenTrials: Int
    /// Workers that ended by themselves with an exit code other than 0.
    var failedWorkers: Int
    /// Processes that still ran at the end and were killed.
    var leftovers: Int

    /// Whether the recomputed steps are at most one interval per kill that can cost one.
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
        trials.csv \(outcome.isSame ? "has the same bytes" : "DIFFERS"); \(outcome.lost) trials \
        lost, \(outcome.double) recorded twice, \(outcome.unseenTrials) not seen; \
        the record is \(outcome.isSound ? "sound" : "NOT SOUND")
        \(outcome.recomputedSteps) steps computed twice for \(outcome.interruptedTrials) \
        interrupted trials, at most \(outcome.largestRecomputation) for one; a checkpoint interval \
        of \(checkpointEvery) s has \(outcome.intervalSteps) steps: \
        \(outcome.isRecomputationBounded ? "at most" : "MORE THAN") one interval per kill
        \(outcome.undisturbedSeconds.text(0)) s undisturbed, \
        \(outcome.disturbedSeconds.text(0)) s with kills; \(outcome.failedWorkers) workers \
        failed, \(outcome.leftovers) processes still ran
        """)
    }
    guard outcome.isSame, outcome.lost == 0, outcome.double == 0, outcome.isSound,
      outcome.trials == Soak.trialCount, outcome.unseenTrials == 0, outcome.isRecomputationBounded,
      outcome.failedWorkers == 0, outcome.leftovers == 0, outcome.workerKills == workerKills,
      outcome.coordinatorKills == coordinatorKills,
      outcome.workerKills == 0 || outcome.interruptedTrials > 0
    else { throw ExitCode(1) }
  }
}
