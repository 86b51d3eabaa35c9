import Coordination
import Digests
import Foundation
import Randomness
import Trials

/// A sweep on simulated hosts in virtual time: the real ``Coordinator`` decides, and hosts of given
/// speeds compute, checkpoint, fail and return.
///
/// Messages arrive at once and in order. Network faults are covered by the coordinator's tests.
package struct Rehearsal {
  enum Happening {
    case tick(number: Int)
    case beat(host: Int, process: Int)
    case trialEnds(host: Int, trial: TrialID, run: Int)
    case checkpoint(host: Int, trial: TrialID, run: Int)
    case hostFails(Int)
    case hostReturns(Int)
  }

  /// What a host computes.
  struct Run {
    var number: Int
    var attempt: Int
    let configuration: TrialConfiguration
    var firstStep: Int
    /// When the step after it begins.
    var begunAt: Int
    /// With one thread.
    let slowStepsPerSecond: Double
    /// After which step it ends, and whether with a failure.
    let lastStep: Int
    let fails: Bool
    /// How many cores it has.
    var threads = 1
    var checkpoint: TrialCheckpoint?

    var stepsPerSecond: Double { slowStepsPerSecond * ThreadCounts.expectedSpeedUp(threads) }
  }

  struct Host {
    let model: RehearsalHost
    /// The number of its current process; nil while it is away.
    var process: Int?
    var processCount = 0
    var runs: [TrialID: Run] = [:]
    var busyMilliseconds = 0
  }

  struct TrialFacts {
    var steps: Int
    /// Actual seconds at speed 1.
    var seconds: Double
    var computedSteps = 0
    var busyMilliseconds = 0
  }

  /// The longest time of a trial or a report, far more than a rehearsal lasts.
  static let secondsMaximum = 1e12

  let options: RehearsalOptions
  let plan: [PlannedTrial]
  var coordinator: Coordinator
  var hosts: [Host]
  var trials: [TrialID: TrialFacts] = [:]
  var random: SplitMix64
  var timeline = Timeline<Happening>()
  var now = 0
  var runCount = 0
  var tickNumber = 0
  var plannedTick: Int?
  var report = RehearsalReport()
  /// Events caused by effects.
  var pendingEvents: [Event] = []

  /// Rehearses a sweep.
  ///
  /// - Parameters:
  ///   - plan: The trials, parents before children.
  ///   - expectedSeconds: How long each takes on one slot of speed 1.
  ///   - expectedSteps: Optimiser steps of each; 1000 where it has no entry.
  ///   - hosts: Where they run.
  package static func run(
    plan: [PlannedTrial], expectedSeconds: [TrialID: Double], expectedSteps: [TrialID: Int] = [:],
    hosts: [RehearsalHost], options: RehearsalOptions = RehearsalOptions(),
    settings: CoordinationSettings = CoordinationSettings()
  ) -> RehearsalReport {
    var rehearsal = Rehearsal(
      plan: plan, expectedSeconds: expectedSeconds, expectedSteps: expectedSteps, hosts: hosts,
      options: options, settings: settings)
    return rehearsal.run()
  }

  private init(
    plan: [PlannedTrial], expectedSeconds: [TrialID: Double], expectedSteps: [TrialID: Int],
    hosts: [RehearsalHost], options: RehearsalOptions, settings: CoordinationSettings
  ) {
    var settings = settings
    settings.heartbeatInterval = options.heartbeatInterval
    settings.probeInterval = options.heartbeatInterval
    settings.suspectAfter = options.heartbeatInterval * 4
    settings.lostAfter = options.heartbeatInterval * 12
    settings.claimTimeout = options.heartbeatInterval * 2
    self.options = options
    self.plan = plan
    self.hosts = hosts.map { Host(model: $0) }
    random = SplitMix64(seed: options.seed)
    coordinator = Coordinator(
      plan: plan, expectedCost: expectedSeconds, expectedSteps: expectedSteps,
      settings: settings)
    for trial in plan {
      let error = options.costDeviation > 0 ? exp(options.costDeviation * normal()) : 1
      trials[trial.id] = TrialFacts(
        steps: max(expectedSteps[trial.id] ?? 1000, 1),
        seconds: (expectedSeconds[trial.id] ?? 1) * error)
    }
  }

  private mutating func run() -> RehearsalReport {
    report.lowerBound = .seconds(min(lowerBound, Self.secondsMaximum))
    let patience = Int(min(lowerBound * 50 + 86_400, 1e9) * 1000)
    carryOut(coordinator.resume(at: instant))
    for host in hosts.indices { start(host) }
    while report.ending == nil, let (time, happening) = timeline.next(), time <= patience {
      now = max(now, time)
      happen(happening)
    }
    conclude()
    return report
  }

  var instant: Instant { Instant(sinceStart: .milliseconds(now)) }

  private mutating func happen(_ happening: Happening) {
    switch happening {
    case .tick(let number):
      guard number == tickNumber else { return }
      plannedTick = nil
      tell(.clockTicked)
    case .beat(let host, let process): beat(host, process: process)
    case .trialEnds(let host, let trial, let run): endTrial(trial, run: run, on: host)
    case .checkpoint(let host, let trial, let run): saveCheckpoint(of: trial, run: run, on: host)
    case .hostFails(let host): fail(host)
    case .hostReturns(let host): start(host)
    }
  }

  /// Passes an event to the coordinator, and then the events caused by its effects.
  mutating func tell(_ event: Event) {
    pendingEvents.append(event)
    while !pendingEvents.isEmpty {
      carryOut(coordinator.handle(pendingEvents.removeFirst(), at: instant))
    }
  }

  private mutating func carryOut(_ effects: [Effect]) {
    for effect in effects {
      switch effect {
      case .append(.trialLeased): report.attempts += 1
      case .append(.trialDuplicated):
        report.attempts += 1
        report.duplicates += 1
      // Rehearsals do not model checkpoints of complete trials.
      case .append, .discardCheckpoint, .prepareExtension, .notify: break
      case .send(let directive, let connection): deliver(directive, on: connection)
      case .finish(let ending): report.ending = ending
      }
    }
    guard let deadline = coordinator.nextDeadline else { return }
    let time = max(now + 1, Int((deadline.sinceStart / .milliseconds(1)).rounded(.up)))
    if let plannedTick, plannedTick <= time { return }
    plannedTick = time
    tickNumber += 1
    timeline.plan(.tick(number: tickNumber), at: time)
  }

  /// The larger of all work on all cores and the critical path at its best speed, in seconds.
  private var lowerBound: Double {
    let speed = hosts.reduce(0) { $0 + $1.model.speed * Double($1.model.slots) }
    let best = hosts.map {
      $0.model.speed * ThreadCounts.expectedSpeedUp($0.model.mostThreads)
    }
    guard let fastest = best.max(), speed > 0 else { return 0 }
    var paths: [TrialID: Double] = [:]
    var work = 0.0
    for trial in plan {
      let seconds = trials[trial.id]?.seconds ?? 0
      work += seconds
      paths[trial.id] = seconds + (trial.parents.compactMap { paths[$0] }.max() ?? 0)
    }
    return max(work / speed, (paths.values.max() ?? 0) / fastest)
  }

  private mutating func conclude() {
    for host in hosts.indices { for trial in hosts[host].runs.keys { endRun(of: trial, on: host) } }
    report.makespan = .milliseconds(now)
    report.complete = coordinator.counts.complete
    report.incomplete = coordinator.counts.total - report.complete
    report.busyByHost = hosts.map { .milliseconds($0.busyMilliseconds) }
    report.busy = report.busyByHost.reduce(.zero, +)
    var wasted = 0.0
    for trial in trials.values where trial.computedSteps > trial.steps {
      wasted +=
        Double(trial.busyMilliseconds) * (1 - Double(trial.steps) / Double(trial.computedSteps))
    }
    report.wasted = .milliseconds(Int(wasted.rounded()))
    let slots = hosts.reduce(0) { $0 + $1.model.slots }
    report.utilisation =
      now > 0 && slots > 0 ? report.busy / .milliseconds(now) / Double(slots) : 0
  }

  /// A number of the standard normal distribution (Box and Muller).
  private mutating func normal() -> Double {
    let radius = (-2 * log(Double.random(in: .leastNonzeroMagnitude..<1, using: &random)))
      .squareRoot()
    return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random))
  }
}
