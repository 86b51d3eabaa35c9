import Coordination
import SimulatedCluster
import Supervision
import Testing
import Trials

/// The worker's decisions in whole sweeps under drawn faults.
///
/// CoordinationTests runs the seeds, in which some workers are real ones, some are not.
@Suite("The worker in simulated sweeps")
struct WorkerSimulationTests {
  @Test("without faults, every trial of real workers is complete after one attempt")
  func needsOneAttemptWithoutFaults() {
    for seed in 0..<20 as Range<UInt64> {
      var options = SimulationOptions()
      options.realShare = 1
      var simulation = Simulation(seed: seed, options: options, sweep: Self.sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.ending == .complete)
      let leases = outcome.journal.count { if case .trialLeased = $0 { true } else { false } }
      #expect(leases == Self.sweep.plan.count)
    }
  }

  @Test("the same sweep has the same results whatever happens to real workers")
  func resultsDoNotDependOnFaults() {
    let expected = Self.undisturbedResults()
    for seed in 0..<40 as Range<UInt64> {
      var options = Self.roughOptions
      options.realShare = seed.isMultiple(of: 2) ? 1 : 0.5
      var simulation = Simulation(seed: seed, options: options, sweep: Self.sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.results.mapValues(\.result.content) == expected, "seed \(seed)")
    }
  }

  @Test("a killed worker costs at most what its trials computed since their last checkpoint left")
  func recomputation() {
    var killCount = 0
    for seed in 0..<30 as Range<UInt64> {
      var options = Self.longTrialOptions
      options.workerCount = 4
      options.faultMilliseconds = 1_200_000
      options.workerCrashesPerMinute = 1.5
      var simulation = Simulation(seed: seed, options: options, sweep: Self.sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.ending == .complete)
      let computed = outcome.computedSteps.values.reduce(0, +) + outcome.lostSteps
      let twice = computed - SimulatedSweep.steps * Self.sweep.plan.count
      // One interval since the newest checkpoint, or two if that had not left yet.
      #expect(twice <= outcome.killCount * 2 * SimulatedSweep.interval, "seed \(seed)")
      killCount += outcome.killCount
    }
    #expect(killCount >= 100)
  }

  @Test("trials whose threads change have the same results, and nothing is computed twice")
  func threadChanges() {
    let expected = Self.undisturbedResults()
    var changeCount = 0
    for seed in 0..<20 as Range<UInt64> {
      var options = Self.longTrialOptions
      options.dividesCores = true
      options.slotsMaximum = 3
      options.expectedSeconds = 400
      var simulation = Simulation(seed: seed, options: options, sweep: Self.sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.ending == .complete)
      #expect(outcome.results.mapValues(\.result.content) == expected, "seed \(seed)")
      let computed = outcome.computedSteps.values.reduce(0, +) + outcome.lostSteps
      #expect(computed == SimulatedSweep.steps * Self.sweep.plan.count, "seed \(seed)")
      let leases = outcome.journal.count { if case .trialLeased = $0 { true } else { false } }
      #expect(leases == Self.sweep.plan.count, "seed \(seed)")
      changeCount += outcome.threadChangeCount
      #expect(outcome.threadChangeCount <= 8 * Self.sweep.plan.count, "seed \(seed)")
    }
    #expect(changeCount >= 20)
  }

  @Test("trials whose threads change under faults have the same results")
  func threadChangesUnderFaults() {
    let expected = Self.undisturbedResults()
    var changeCount = 0
    for seed in 0..<40 as Range<UInt64> {
      var options = Self.roughOptions
      options.realShare = seed.isMultiple(of: 2) ? 1 : 0.5
      options.dividesCores = true
      options.slotsMaximum = 3
      var simulation = Simulation(seed: seed, options: options, sweep: Self.sweep)
      let outcome = simulation.run()
      #expect(outcome.violations == [], "seed \(seed)")
      #expect(outcome.results.mapValues(\.result.content) == expected, "seed \(seed)")
      changeCount += outcome.threadChangeCount
    }
    #expect(changeCount >= 10)
  }

  @Test("equal seeds give the same events")
  func repetition() {
    for seed in 0..<40 as Range<UInt64> {
      var (first, second) = (Simulation(seed: seed), Simulation(seed: seed))
      let (one, other) = (first.run(), second.run())
      #expect(one.journal == other.journal, "seed \(seed)")
      #expect(one.eventCount == other.eventCount, "seed \(seed)")
      #expect(one.workerEventCount == other.workerEventCount, "seed \(seed)")
      #expect(one.milliseconds == other.milliseconds, "seed \(seed)")
    }
  }

  @Test("real workers reach each of their endings in the simulations")
  func endings() {
    let ends = [WorkerEnding.sweepEnded, .stopped, .abandoned]
    var counts: [WorkerEnding: Int] = [:]
    for seed in 0..<1_500 as Range<UInt64> {
      if ends.allSatisfy({ counts[$0, default: 0] >= 10 }) { break }
      var simulation = Simulation(seed: seed)
      counts.merge(simulation.run().workerEndings, uniquingKeysWith: +)
    }
    for end in ends { #expect(counts[end, default: 0] >= 10, "\(end): \(counts)") }
  }

  @Test("the checkers find every bug planted in the worker", arguments: WorkerSabotage.allCases)
  func checkersFindBugs(sabotage: WorkerSabotage) {
    var options = Self.roughOptions
    options.dividesCores = sabotage.concernsThreads
    let finds = (0..<400 as Range<UInt64>).contains { seed in
      var simulation = Simulation(
        seed: seed, options: options, sweep: Self.sweep, workerSabotage: sabotage)
      return !simulation.run().violations.isEmpty
    }
    #expect(finds, "\(sabotage) went unnoticed")
  }

  /// The results of the sweep without faults.
  private static func undisturbedResults() -> [TrialID: TrialResult.Content] {
    var simulation = Simulation(seed: 0, options: SimulationOptions(), sweep: sweep)
    return simulation.run().results.mapValues(\.result.content)
  }

  /// Real workers and trials of some minutes, each on one worker at a time.
  private static var longTrialOptions: SimulationOptions {
    var options = SimulationOptions()
    options.realShare = 1
    options.trialMilliseconds = 200_000...600_000
    options.duplicatesStragglers = false
    return options
  }

  /// A bit of most faults, in a short time, and nothing that is charged to a trial.
  private static var roughOptions: SimulationOptions {
    var options = SimulationOptions()
    options.realShare = 1
    options.slotsMaximum = 2
    options.faultMilliseconds = 60_000
    options.trialMilliseconds = 2_000...15_000
    options.lossPerMessage = 0.2
    options.duplicationPerMessage = 0.2
    options.delayMilliseconds = 1...3_000
    options.partitionsPerMinute = 1
    options.brokenConnectionsPerMinute = 1
    options.workerCrashesPerMinute = 1
    options.spoolSurvivesCrash = true
    options.coordinatorCrashPerRecord = 0.05
    options.pausesPerMinute = 1
    options.departuresPerMinute = 1
    options.fullDisksPerMinute = 1
    options.transferMilliseconds = 1...3_000
    options.failurePerTransfer = 0.2
    options.tornPerCheckpoint = 0.2
    options.latenessPerTick = 0.05
    options.lossPerArtifact = 0.3
    return options
  }

  /// Baselines, each with two trials that wait for it.
  private static let sweep = SimulatedSweep(
    plan: (0..<4).flatMap { family in
      let seed = UInt64(10 * family)
      let baseline = SimulatedSweep.baseline(seed: seed)
      return [
        baseline, SimulatedSweep.child(of: baseline, seed: seed + 1),
        SimulatedSweep.child(of: baseline, seed: seed + 2, factor: 0.5),
      ]
    })
}
