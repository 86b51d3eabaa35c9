import Coordination
import Foundation
import Rehearsal
import Sweeps
import Testing
import Trials

/// Whole sweeps on hosts that do not exist.
@Suite("Rehearsals")
struct RehearsalTests {
  /// The paper's Table I, with what its trials are expected to take.
  private static let table1: PlanSummary = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "sweeps/table1.yaml")
    do {
      return PlanSummary(try SweepFile.load(at: file))
    } catch {
      preconditionFailure("\(file.path): \(error)")
    }
  }()

  /// Eight hosts whose slots differ by a factor of four.
  private static let unequalHosts = [1.6, 1.3, 1.0, 1.0, 0.8, 0.7, 0.5, 0.4].enumerated().map {
    RehearsalHost(name: "host\($0.offset)", speed: $0.element, slots: 1)
  }

  private static func rehearse(
    hosts: [RehearsalHost] = unequalHosts, _ options: RehearsalOptions = RehearsalOptions()
  ) -> RehearsalReport {
    let trials = table1.trials
    return Rehearsal.run(
      plan: table1.plan.trials,
      expectedSeconds: Dictionary(
        uniqueKeysWithValues: trials.map { ($0.id, $0.seconds) }),
      expectedSteps: Dictionary(uniqueKeysWithValues: trials.map { ($0.id, $0.steps) }),
      hosts: hosts, options: options)
  }

  /// A makespan beside its bound, for people who read the log.
  private static func show(_ what: String, _ report: RehearsalReport) {
    let ratio = (report.makespan / report.lowerBound * 1000).rounded() / 1000
    print(
      """
      \(what): makespan \(Int(report.makespan / .seconds(60))) min, \(ratio) of the bound, \
      utilisation \(Int(report.utilisation * 100)) %, \(report.attempts) attempts, \
      \(report.duplicates) duplicates, \(report.hostFailures) host failures, wasted \
      \(Int(report.wasted / .seconds(60))) of \(Int(report.busy / .seconds(60))) min
      """)
  }

  /// The bound lets trials be split at will; a move costs what was computed since the checkpoint.
  @Test("Table I over eight unequal hosts takes at most 1.03 times the lower bound")
  func makespan() {
    let report = Self.rehearse()
    Self.show("Table I, 8 unequal hosts", report)
    #expect(report.ending == .complete)
    #expect(report.makespan / report.lowerBound <= 1.03)
    #expect(report.makespan >= report.lowerBound)
  }

  private static let divisibleHosts = (1...8).map { RehearsalHost(name: "host\($0)", cores: 16) }

  /// The bound lets work be split at will and the longest chain have eight threads from the start.
  @Test("Table I over eight hosts with sixteen cores takes at most 1.15 times the lower bound")
  func dividedCores() throws {
    let report = Self.rehearse(hosts: Self.divisibleHosts)
    Self.show("Table I, 8 hosts of 16 cores, divided", report)
    #expect(report.ending == .complete)
    #expect(report.makespan / report.lowerBound <= 1.15)
    #expect(report.makespan >= report.lowerBound)
    // Without division it takes as long as its longest chain on one core.
    let alike = Self.rehearse(
      hosts: (1...8).map { RehearsalHost(name: "host\($0)", slots: 16) })
    Self.show("the same, one core for each trial", alike)
    #expect(alike.makespan / report.makespan > 4)
    // Changes are rare: a few for each trial.
    #expect(report.threadChanges <= 3 * Self.table1.trials.count)
  }

  @Test("also when trials take longer or shorter than expected, and hosts fail", arguments: 1...3)
  func dividedCoresOfFailingHosts(seed: Int) {
    var options = RehearsalOptions()
    options.seed = UInt64(seed)
    options.costDeviation = 0.2
    options.meanTimeBetweenFailures = .seconds(4 * 3600)
    let report = Self.rehearse(hosts: Self.divisibleHosts, options)
    Self.show("divided cores, a failure every 4 h on each host, seed \(seed)", report)
    #expect(report.ending == .complete)
    #expect(report.makespan / report.lowerBound <= 1.5)
  }

  @Test("fewer cores than trials, and hosts with fixed slots beside them")
  func dividedCoresOfMixedHosts() {
    let hosts =
      (1...2).map { RehearsalHost(name: "divided\($0)", cores: 8) }
      + (1...4).map { RehearsalHost(name: "fixed\($0)", slots: 1) }
    let report = Self.rehearse(hosts: hosts)
    Self.show("2 hosts of 8 cores and 4 slots", report)
    #expect(report.ending == .complete)
    // The bound has eight threads eight times as fast as one; here they are 5.5 times as fast.
    #expect(report.makespan / report.lowerBound <= 1.45)
    #expect(report.threadChanges <= 4 * Self.table1.trials.count)
  }

  @Test(
    "also when trials take longer or shorter than expected", arguments: 1...5 as ClosedRange<UInt64>
  )
  func wrongCosts(seed: UInt64) {
    var options = RehearsalOptions()
    options.seed = seed
    options.costDeviation = 0.2
    let report = Self.rehearse(options)
    Self.show("costs off by 20 %, seed \(seed)", report)
    #expect(report.ending == .complete)
    #expect(report.makespan / report.lowerBound <= 1.08)
  }

  @Test("hosts that fail cost at most a checkpoint interval of each trial, and nothing else")
  func failingHosts() {
    var options = RehearsalOptions()
    options.meanTimeBetweenFailures = .seconds(2 * 3600)
    let report = Self.rehearse(options)
    Self.show("a failure every 2 h on each host", report)
    #expect(report.ending == .complete)
    #expect(report.hostFailures > 20)
    #expect(report.resumptions > 10)
    // Duplicates are wasted on purpose; failures cost at most an interval and a heartbeat each.
    let bound =
      (options.checkpointInterval + options.heartbeatInterval) * report.hostFailures
      + report.busy / 10
    #expect(report.wasted <= bound)
    #expect(report.makespan / report.lowerBound <= 1.1)
    // A host that has failed trains nothing until it is back: with only one, everything waits.
    options.meanTimeToReturn = .seconds(50 * 3600)
    let alone = Self.rehearse(hosts: [RehearsalHost(name: "only", slots: 4)], options)
    #expect(alone.ending == .complete && alone.hostFailures > 1)
    #expect(alone.makespan > options.meanTimeToReturn * alone.hostFailures / 4)
  }

  @Test("equal seeds give equal rehearsals, other seeds others")
  func determinism() {
    var options = RehearsalOptions()
    options.meanTimeBetweenFailures = .seconds(4 * 3600)
    options.failurePerAttempt = 0.02
    let first = Self.rehearse(options)
    #expect(Self.rehearse(options) == first)
    options.seed = 2
    #expect(Self.rehearse(options) != first)
  }

  @Test("one host does everything in turn, and no host does nothing")
  func fewHosts() {
    let report = Self.rehearse(hosts: [RehearsalHost(name: "only", slots: 4)])
    #expect(report.ending == .complete && report.complete == Self.table1.trials.count)
    #expect(report.utilisation > 0.8)
    let none = Self.rehearse(hosts: [])
    #expect(none.ending == nil && none.complete == 0)
    #expect(none.incomplete == Self.table1.trials.count)
  }

  @Test("trials that always die are given up, and the rehearsal ends")
  func poison() {
    var options = RehearsalOptions()
    options.failurePerAttempt = 1
    let report = Self.rehearse(hosts: [RehearsalHost(name: "only")], options)
    #expect(report.ending == .completeWithFailures(count: Self.table1.trials.count))
    #expect(report.attemptFailures > 0)
  }

  @Test("times and rates beyond all measure are no overflow", arguments: [1e300, 1e-3])
  func extremes(speed: Double) {
    let trials = Self.table1.trials.prefix(3)
    let plan = Self.table1.plan.trials.prefix(3).filter(\.parents.isEmpty)
    for seconds in [1e-300, 1e3, 1e300] where seconds < 1e300 || speed < 1 {
      var options = RehearsalOptions()
      // Few beats, so that the longest rehearsal is short.
      options.heartbeatInterval = .seconds(1_000_000)
      options.checkpointInterval = .seconds(1_000_000)
      let report = Rehearsal.run(
        plan: Array(plan),
        expectedSeconds: Dictionary(uniqueKeysWithValues: trials.map { ($0.id, seconds) }),
        expectedSteps: Dictionary(uniqueKeysWithValues: trials.map { ($0.id, Int(Int32.max)) }),
        hosts: [RehearsalHost(name: "h", speed: speed)], options: options)
      #expect(report.complete == (seconds < 1e300 ? plan.count : 0))
    }
  }
}
