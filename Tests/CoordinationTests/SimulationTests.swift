import Coordination
import Foundation
import SimulatedCluster
import Testing
import Trials

/// Whole sweeps under drawn faults.
///
/// Every failure prints the seed, which repeats it. BOTTLENECKSWEEP_SEEDS sets how many seeds run
/// and BOTTLENECKSWEEP_FIRST_SEED which is the first.
@Suite("Simulated sweeps")
struct SimulationTests {
  static let seedCount = number("BOTTLENECKSWEEP_SEEDS") ?? 500
  static let firstSeed = number("BOTTLENECKSWEEP_FIRST_SEED") ?? 0
  static let shareCount = 4

  private static func number(_ variable: String) -> Int? {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
  }

  @Test("under any faults, every trial ends with exactly one result", arguments: 0..<shareCount)
  func survivesFaults(share: Int) {
    let seeds = Self.firstSeed..<Self.firstSeed + Self.seedCount
    for seed in seeds.dropFirst(share).striding(by: Self.shareCount) {
      var simulation = Simulation(seed: UInt64(seed))
      let options = simulation.options
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed): \(options)")
    }
  }

  @Test("without faults, every trial is complete after one attempt")
  func needsOneAttemptWithoutFaults() {
    for seed in 0..<20 as Range<UInt64> {
      let sweep = Self.familySweep(families: 3)
      var simulation = Simulation(seed: seed, options: SimulationOptions(), sweep: sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.ending == .complete)
      let leases = outcome.journal.count { if case .trialLeased = $0 { true } else { false } }
      #expect(leases == sweep.plan.count)
    }
  }

  @Test("the same sweep has the same results under any faults")
  func resultsDoNotDependOnFaults() {
    let sweep = Self.familySweep(families: 4)
    var undisturbed = Simulation(seed: 0, options: SimulationOptions(), sweep: sweep)
    let expected = undisturbed.run().results.mapValues(\.result.content)
    for seed in 0..<20 as Range<UInt64> {
      var simulation = Simulation(seed: seed, options: Self.roughOptions, sweep: sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.results.mapValues(\.result.content) == expected, "seed \(seed)")
    }
  }

  @Test("a coordinator killed at any record of the journal continues from there")
  func survivesCrashAtEveryRecord() {
    let baseline = SimulatedSweep.baseline(seed: 1)
    let poisoned = SimulatedSweep.baseline(seed: 2)
    let sweep = SimulatedSweep(
      plan: [
        baseline, poisoned, SimulatedSweep.child(of: baseline, seed: 3),
        SimulatedSweep.child(of: poisoned, seed: 4),
        SimulatedSweep.child(of: baseline, seed: 5, factor: 1e7),
      ], poison: [poisoned.id])
    var undisturbed = Simulation(seed: 7, options: SimulationOptions(), sweep: sweep)
    let expected = undisturbed.run()
    #expect(expected.ending == .completeWithFailures(count: 3))
    #expect(expected.journal.count == 66)
    for count in 0..<expected.journal.count {
      var simulation = Simulation(
        seed: 7, options: SimulationOptions(), sweep: sweep, crashAtRecord: count)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "killed after \(count) records")
      #expect(outcome.crashCount == 1)
      #expect(outcome.ending == expected.ending, "killed after \(count) records")
      #expect(
        outcome.results.mapValues(\.result.content)
          == expected.results.mapValues(\.result.content), "killed after \(count) records")
    }
  }

  @Test("a killed worker costs at most one checkpoint interval of each trial that it ran")
  func recomputation() {
    var killCount = 0
    for seed in 0..<30 as Range<UInt64> {
      var options = SimulationOptions()
      options.workerCount = 4
      options.faultMilliseconds = 1_200_000
      options.trialMilliseconds = 200_000...600_000
      options.workerCrashesPerMinute = 1.5
      options.duplicatesStragglers = false
      let sweep = Self.familySweep(families: 3)
      var simulation = Simulation(seed: seed, options: options, sweep: sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.ending == .complete)
      let computed = outcome.computedSteps.values.reduce(0, +) + outcome.lostSteps
      let twice = computed - SimulatedSweep.steps * sweep.plan.count
      #expect(twice <= outcome.killCount * SimulatedSweep.interval, "seed \(seed)")
      killCount += outcome.killCount
    }
    #expect(killCount >= 100)
  }

  @Test("the simulated faults do occur")
  func faultsAreReal() {
    var counts: [String: Int] = [:]
    var crashCount = 0
    for seed in 0..<320 as Range<UInt64> {
      var simulation = Simulation(seed: seed)
      let outcome = simulation.run()
      crashCount += outcome.crashCount
      counts.merge(outcome.noticeCounts, uniquingKeysWith: +)
    }
    for notice in [
      "workerJoined", "workerSuspected", "workerLost", "workerLeft", "trialStarted",
      "trialAdopted", "trialCompleted", "resultRepeated", "attemptEnded", "trialFailed",
      "trialStopped", "trialRetried", "trialDuplicated", "hostDrained", "hostUndrained",
      "stagePaused", "stageResumed", "canarySent", "canaryReturned",
      "workerHindered", "workerUnhindered", "resultDiscarded", "trialExtended",
      "extensionFailed", "checkpointDistrusted", "resultRefused",
    ] {
      #expect(counts[notice, default: 0] >= 10, "\(notice): \(counts)")
    }
    #expect(crashCount >= 50)
  }

  @Test("lying members and wrong checkpoints cost no honest worker its result")
  func liars() {
    var (lies, blamed, distrusted) = (0, 0, 0)
    var refused = 0
    for seed in 0..<80 as Range<UInt64> {
      var options = Self.roughOptions
      options.workerCount = 5
      options.realShare = 0.4
      options.lyingShare = 0.5
      options.badPerCheckpoint = 0.3
      let sweep = Self.familySweep(families: 2)
      var simulation = Simulation(seed: seed, options: options, sweep: sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      lies += outcome.liedResultCount
      for record in outcome.journal {
        if case .checkpointDistrusted = record { distrusted += 1 }
        if case .attemptEnded(_, _, let failure) = record, failure.cause == .resultRefused {
          refused += 1
        }
        if case .attemptEnded(_, _, let failure) = record, failure.cause == .badCheckpoint {
          blamed += 1
        }
      }
    }
    #expect(refused >= 10, "\(refused)")
    #expect(lies >= 20 && blamed >= 10 && distrusted >= 20, "\(lies), \(blamed), \(distrusted)")
  }

  @Test(
    "with wrong checkpoints only, every trial completes with its own result and no counted failure")
  func flawedCheckpoints() {
    let sweep = Self.familySweep(families: 2)
    var undisturbed = Simulation(seed: 0, options: SimulationOptions(), sweep: sweep)
    let expected = undisturbed.run().results.mapValues(\.result.content)
    for seed in 0..<40 as Range<UInt64> {
      var options = SimulationOptions()
      options.faultMilliseconds = 240_000
      options.workerCount = 4
      options.realShare = 0.5
      options.workerCrashesPerMinute = 6
      options.spoolSurvivesCrash = seed.isMultiple(of: 2)
      options.badPerCheckpoint = 0.5
      options.coordinatorCrashPerRecord = 0.02
      var simulation = Simulation(seed: seed, options: options, sweep: sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.ending == .complete, "seed \(seed)")
      #expect(outcome.results.mapValues(\.result.content) == expected, "seed \(seed)")
      for case .attemptEnded(let trial, let attempt, let failure) in outcome.journal {
        #expect(!failure.cause.chargesTrial, "seed \(seed): \(trial), attempt \(attempt)")
      }
    }
  }

  @Test("some simulations do exchange trials for longer ones")
  func trialsMove() {
    let count = (0..<500 as Range<UInt64>).reduce(0) { count, seed in
      var simulation = Simulation(seed: seed)
      guard simulation.options.trialsMove else { return count }
      return count
        + simulation.run().journal.count {
          if case .attemptEnded(_, _, let failure) = $0 {
            failure.message == "a longer trial needs this worker"
          } else {
            false
          }
        }
    }
    #expect(count >= 10, "\(count)")
  }

  @Test("the checkers find every planted bug", arguments: Sabotage.allCases)
  func checkersFindBugs(sabotage: Sabotage) {
    let sweep = Self.familySweep(families: 2)
    var options = Self.roughOptions
    if sabotage == .trustsCanariesTooSoon {
      // Heartbeats come before the first step.
      options.canary = .always
      options.workerCount = 4
      options.trialMilliseconds = 100_000...150_000
    }
    if sabotage == .dividesTooManyCores {
      options.dividesCores = true
      options.realShare = 1
    }
    if sabotage.concernsDiscards { options.wishesPerMinute = 20 }
    if sabotage.concernsTrust {
      options.workerCount = 4
      options.lyingShare = 0.4
      options.badPerCheckpoint = 0.3
    }
    let finds = (0..<60 as Range<UInt64>).contains { seed in
      var simulation = Simulation(
        seed: seed, options: options, sweep: sweep, sabotage: sabotage)
      return !simulation.run().violations.isEmpty
    }
    #expect(finds, "\(sabotage) went unnoticed")
  }

  /// Moderate rates of most faults, for a short time.
  static var roughOptions: SimulationOptions {
    var options = SimulationOptions()
    options.faultMilliseconds = 60_000
    options.trialMilliseconds = 2_000...15_000
    options.lossPerMessage = 0.2
    options.duplicationPerMessage = 0.2
    options.delayMilliseconds = 1...3_000
    options.workerCrashesPerMinute = 3
    options.coordinatorCrashPerRecord = 0.1
    options.pausesPerMinute = 2
    options.keptCheckpointCount = 4
    options.fullDisksPerMinute = 2
    options.probeInterval = .seconds(4)
    return options
  }

  /// Baselines, each with two trials that wait for it.
  static func familySweep(families: Int) -> SimulatedSweep {
    SimulatedSweep(
      plan: (0..<families).flatMap { family in
        let seed = UInt64(10 * family)
        let baseline = SimulatedSweep.baseline(seed: seed)
        return [
          baseline, SimulatedSweep.child(of: baseline, seed: seed + 1),
          SimulatedSweep.run(seed: seed + 3, to: [SimulatedSweep.fewerSteps]),
          SimulatedSweep.run(
            seed: seed + 3, to: [SimulatedSweep.fewerSteps, SimulatedSweep.steps]),
          SimulatedSweep.child(of: baseline, seed: seed + 2, factor: 0.5),
        ]
      })
  }
}

extension Collection {
  /// Every `step`-th element, beginning with the first.
  fileprivate func striding(by step: Int) -> [Element] {
    enumerated().filter { $0.offset % step == 0 }.map(\.element)
  }
}
