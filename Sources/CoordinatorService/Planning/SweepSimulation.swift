import Coordination
import Foundation
import Rehearsal
import Sweeps
import Trials

/// `coordinator simulate`: runs the real coordinator's decisions on simulated hosts in virtual
/// time.
package struct SweepSimulation: Codable, Hashable, Sendable {
  /// The assumptions.
  package struct Options: Sendable {
    /// How many hosts there are.
    package var hosts = 8
    /// Trials that each runs at once.
    package var slots = 1
    /// Cores of each that are divided among its trials; 0 if every slot has one.
    package var cores = 0
    /// Speeds of the hosts' slots, assigned cyclically; 1 is the speed that `coordinator plan`
    /// assumes.
    package var speeds = [1.0]
    /// Mean time between failures of a host; nil for hosts that never fail.
    package var meanTimeBetweenFailures: Duration?
    /// Mean time until a failed host returns.
    package var meanTimeToReturn = Duration.seconds(300)
    /// Seed of all random draws.
    package var seed: UInt64 = 1

    /// The defaults.
    package init() {}
  }

  package var sweep: String
  package var trials: Int
  package var hosts: Int
  package var slots: Int
  /// How many of the slots are cores that are divided among trials; nil for none.
  package var cores: Int?
  /// How often a running trial got other threads; nil if none could.
  package var threadChanges: Int?
  package var seed: UInt64
  /// Whether every trial got its result.
  package var isComplete: Bool
  package var makespanSeconds: Double
  /// Lower bound of the duration for any schedule on these hosts without failures.
  package var lowerBoundSeconds: Double
  package var hostFailures: Int
  package var attempts: Int
  package var resumptions: Int
  package var duplicates: Int
  /// Slot time spent on steps that were computed more than once.
  package var wastedSeconds: Double
  package var busySeconds: Double
  /// Fraction of the slots' time spent computing.
  package var utilisation: Double

  /// Simulates a sweep.
  ///
  /// - Throws: `SweepFileError` with everything that is wrong with the file, `PlanDefects`.
  package init(_ request: SweepRequest, _ options: Options) throws {
    let plan = try request.plan()
    let images = PlanImages(of: plan, in: request.library).counts
    try PlanDefects.refuse(in: plan, images: images)
    let summary = PlanSummary(plan, trainingImageCounts: images.mapValues(\.training))
    let facts = summary.trials
    var assumptions = RehearsalOptions()
    assumptions.seed = options.seed
    assumptions.meanTimeBetweenFailures = options.meanTimeBetweenFailures
    assumptions.meanTimeToReturn = options.meanTimeToReturn
    let hosts = (0..<options.hosts).map { number in
      RehearsalHost(
        name: "host-\(number + 1)", speed: options.speeds[number % options.speeds.count],
        slots: options.slots, cores: options.cores)
    }
    let report = Rehearsal.run(
      plan: plan.trials,
      expectedSeconds: Dictionary(uniqueKeysWithValues: facts.map { ($0.id, $0.seconds) }),
      expectedSteps: Dictionary(uniqueKeysWithValues: facts.map { ($0.id, $0.steps) }),
      hosts: hosts, options: assumptions, settings: CoordinationSettings(limits: plan.limits))
    sweep = plan.name
    trials = plan.trials.count
    self.hosts = options.hosts
    slots = (options.cores > 0 ? options.cores : options.slots) * options.hosts
    cores = options.cores > 0 ? options.cores * options.hosts : nil
    threadChanges = options.cores > 0 ? report.threadChanges : nil
    seed = options.seed
    isComplete = report.ending == .complete
    makespanSeconds = report.makespan.inFractions
    lowerBoundSeconds = report.lowerBound.inFractions
    hostFailures = report.hostFailures
    attempts = report.attempts
    resumptions = report.resumptions
    duplicates = report.duplicates
    wastedSeconds = report.wasted.inFractions
    busySeconds = report.busy.inFractions
    utilisation = report.utilisation
  }

  /// The simulation for people, ending with a line break.
  package var text: String {
    let places = cores == nil ? "slots" : "cores"
    func duration(_ seconds: Double) -> String { PlanSummary.duration(seconds) }
    let ratio = lowerBoundSeconds > 0 ? makespanSeconds / lowerBoundSeconds : 1
    return """
      \(sweep): \(trials) trials on \(hosts) hosts with \(slots) \(places), seed \(seed)
      \(isComplete ? "complete" : "NOT complete") after \(duration(makespanSeconds)), \
      \(String(format: "%.2f", ratio)) times the least that hosts without failures could take
      \(hostFailures) hosts failed; \(attempts) attempts, of these \(resumptions) resumed from a \
      checkpoint, \(duplicates) ran beside another attempt of a slow trial\(changeWords)
      \(duration(wastedSeconds)) of \(duration(busySeconds)) computed twice; \(places) were busy \
      \(Int((100 * utilisation).rounded())) % of the time

      """
  }

  private var changeWords: String {
    threadChanges.map { "; running trials got other threads \($0) times" } ?? ""
  }

  /// The simulation as JSON.
  package var json: String { AnswerJSON.text(self) }
}
