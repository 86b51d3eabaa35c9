import Coordination
import Foundation
import Trials

/// How far a sweep is, for people and dashboards; JSON keys are in snake case.
package struct SweepStatus: Codable, Hashable, Sendable {
  /// How many trials have each status.
  package struct Counts: Codable, Hashable, Sendable {
    package var waiting = 0
    package var running = 0
    package var complete = 0
    package var failed = 0
    package var stopped = 0
    package var total: Int { waiting + running + complete + failed + stopped }

    /// Counts of the given numbers.
    package init(
      waiting: Int = 0, running: Int = 0, complete: Int = 0, failed: Int = 0, stopped: Int = 0
    ) {
      self.waiting = waiting
      self.running = running
      self.complete = complete
      self.failed = failed
      self.stopped = stopped
    }
  }

  /// One stage.
  package struct Stage: Codable, Hashable, Sendable {
    package var name: String
    package var counts = Counts()
    /// Why it is paused; nil if it is not.
    package var paused: String?

    /// A stage of no trials yet.
    package init(name: String, paused: String? = nil) {
      self.name = name
      self.paused = paused
    }
  }

  /// A trial that a worker runs.
  package struct Running: Codable, Hashable, Sendable {
    package var trial: String
    /// Its name within its stage: `τ = 8`; nil in a report of the trial.
    package var name: String?
    package var stage: String
    package var attempt: Int
    package var worker: String
    package var host: String
    /// Whether the worker has claimed it since the coordinator started.
    package var isClaimed: Bool
    /// Optimiser steps taken, and their total; nil before the worker's first report.
    package var step: Int?
    package var totalSteps: Int?
    /// Also nil if training diverges and the value is not a number.
    package var mse: Double?
    package var gatesOpen: Int?
    package var stepsPerSecond: Double?
    /// How many threads compute it; nil if its worker does not say.
    package var threads: Int?
    /// Seconds to its end at that speed.
    package var remainingSeconds: Double?
    /// Whether the coordinator has a checkpoint to resume it from.
    package var hasCheckpoint: Bool?
  }

  /// One worker process.
  package struct Worker: Codable, Hashable, Sendable {
    package var worker: String
    package var host: String
    package var slots: Int
    package var running: Int
    /// How many threads these trials have together; nil if the worker does not say.
    package var threads: Int?
    /// `connected`, `silent` or `away`.
    package var state: String
    /// Total steps per second of its trials.
    package var stepsPerSecond: Double
    /// Estimated speed of one slot, relative to the speed that `coordinator plan` assumes.
    package var relativeSpeed: Double
    /// The worker's own text of what keeps it from taking further trials; nil if nothing does.
    package var obstacle: String?
  }

  /// One host.
  package struct Host: Codable, Hashable, Sendable {
    package var host: String
    package var workers = 0
    package var slots = 0
    package var running = 0
    /// How many threads these trials have together; nil if no worker says.
    package var threads: Int?
    package var stepsPerSecond = 0.0
    /// Why it is drained; nil if it is not.
    package var drained: String?
  }

  /// Trials that failed in the same way.
  package struct Failure: Codable, Hashable, Sendable {
    package var cause: String
    package var trials: Int
    /// One of them.
    package var example: String
    package var message: String

    /// A group of failed trials.
    package init(cause: String, trials: Int, example: String, message: String) {
      self.cause = cause
      self.trials = trials
      self.example = example
      self.message = message
    }
  }

  /// The program and host of some results: see `ResultOrigin`.
  package struct Origin: Codable, Hashable, Sendable {
    package var build: String
    package var instructionSet: String
    package var trials: Int
  }

  /// When the sweep will end, in seconds from now; with probability 0.8 it ends between the
  /// earliest and the latest time.
  package struct Forecast: Codable, Hashable, Sendable {
    package var earliestSeconds: Double
    package var latestSeconds: Double
    /// Median estimate.
    package var expectedSeconds: Double
    /// True if remaining trials may end before their last milestone; the times are then upper
    /// bounds.
    package var isUpperBound: Bool?
  }

  /// Durations of the record's commits since the coordinator started.
  package struct Commits: Codable, Hashable, Sendable {
    package var count: Int
    /// Total duration.
    package var seconds: Double
    /// The longest of the last 1,000.
    package var longestSeconds: Double
    /// 99 of 100 of the last 1,000 took no longer; nil from a coordinator of an earlier version.
    package var p99Seconds: Double?
  }

  package var sweep: String
  package var question: String
  /// Whether a coordinator runs the sweep now.
  package var isRunning: Bool
  /// Where workers connect; nil without a coordinator.
  package var endpoint: String?
  package var counts = Counts()
  package var stages: [Stage] = []
  package var running: [Running] = []
  package var workers: [Worker] = []
  package var hosts: [Host] = []
  package var failures: [Failure] = []
  /// Most trials first; nil in the coordinator's answer, to which the client adds it from the
  /// record.
  package var origins: [Origin]?
  package var forecast: Forecast?
  /// Nil without a coordinator.
  package var commits: Commits?
  /// What blocks the coordinator, such as a full disk.
  package var obstacle: String?
  /// What was lost from the sweep's folder while the coordinator ran; nil for nothing.
  package var losses: [String]?
  /// Where the record was salvaged from; nil when it was not.
  package var salvage: String?
}

extension SweepStatus.Forecast {
  /// The coordinator's forecast; nil if no worker is usable or no work is left.
  init?(_ forecast: Coordination.SweepForecast) {
    guard let expected = forecast.remaining, let interval = forecast.interval,
      forecast.work > .zero
    else { return nil }
    self.init(
      earliestSeconds: interval.lowerBound.inFractions,
      latestSeconds: interval.upperBound.inFractions, expectedSeconds: expected.inFractions)
  }
}

extension Duration {
  /// The duration in seconds, with their fractions.
  var inFractions: Double {
    Double(components.seconds) + 1e-18 * Double(components.attoseconds)
  }
}

extension SweepStatus.Counts {
  init(_ counts: TrialCounts) {
    self.init(
      waiting: counts.waiting, running: counts.running, complete: counts.complete,
      failed: counts.failed, stopped: counts.stopped)
  }

  mutating func count(_ status: TrialStatus) {
    switch status {
    case .waiting: waiting += 1
    case .running: running += 1
    case .complete: complete += 1
    case .failed: failed += 1
    case .stopped: stopped += 1
    }
  }
}

extension SweepStatus {
  /// The status of a plan according to a live or replayed coordinator.
  init(
    of plan: SweepPlan, named trialNames: TrialNames, _ coordinator: Coordinator,
    endpoint: String?, forecast: Forecast?
  ) {
    self.init(
      sweep: plan.name, question: plan.question, isRunning: endpoint != nil, endpoint: endpoint)
    counts = Counts(coordinator.counts)
    self.forecast = forecast
    let pausedStages = coordinator.pausedStages
    var stageNumbers: [String: Int] = [:]
    var failureNumbers: [TrialFailure: Int] = [:]
    for planned in plan.trials {
      guard let standing = coordinator.standing(of: planned.id) else { continue }
      let stage = stageNumbers[planned.stage] ?? stages.count
      if stage == stages.count {
        stageNumbers[planned.stage] = stage
        stages.append(
          Stage(
            name: planned.stage, paused: pausedStages[planned.stage]?.words))
      }
      stages[stage].counts.count(standing.status)
      guard standing.status == .failed, let failure = standing.failure else { continue }
      // Group messages that differ only in numbers.
      let kind = TrialFailure(
        cause: failure.cause, message: failure.message.filter { !$0.isNumber })
      if let number = failureNumbers[kind] {
        failures[number].trials += 1
      } else {
        failureNumbers[kind] = failures.count
        failures.append(
          Failure(
            cause: failure.cause.rawValue, trials: 1, example: "\(planned.id)",
            message: failure.words))
      }
    }
    failures.sort { $0.trials > $1.trials }
    let mayEndEarly = plan.trials.contains { planned in
      guard planned.configuration.mayEndEarly else { return false }
      let status = coordinator.standing(of: planned.id)?.status
      return status == .waiting || status == .running
    }
    if mayEndEarly { self.forecast?.isUpperBound = true }
    let running = coordinator.runningTrials
    let runningIDs = Set(running.map(\.trial))
    let planned = plan.trials.filter { runningIDs.contains($0.id) }
    addWorkers(
      coordinator, running,
      planned: Dictionary(uniqueKeysWithValues: planned.map { ($0.id, $0) }), named: trialNames)
  }

  private mutating func addWorkers(
    _ coordinator: Coordinator, _ runningTrials: [RunningTrial],
    planned: [TrialID: PlannedTrial], named trialNames: TrialNames
  ) {
    var speeds: [WorkerID: Double] = [:]
    for trial in runningTrials {
      speeds[trial.worker, default: 0] += trial.progress?.stepsPerSecond ?? 0
      let planned = planned[trial.trial]
      running.append(
        Running(
          trial, stage: planned?.stage ?? "", name: planned.map(trialNames.name)))
    }
    var hosts: [String: Host] = [:]
    for (host, reason) in coordinator.drainedHosts {
      hosts[host] = Host(host: host, drained: reason)
    }
    for worker in coordinator.workers {
      let speed = speeds[worker.worker] ?? 0
      workers.append(
        Worker(
          worker: "\(worker.worker)", host: worker.host, slots: worker.slots,
          running: worker.leases, threads: worker.threads > 0 ? worker.threads : nil,
          state: !worker.isConnected ? "away" : worker.isSuspect ? "silent" : "connected",
          stepsPerSecond: speed, relativeSpeed: worker.speed, obstacle: worker.obstacle))
      guard !worker.host.isEmpty else { continue }
      var host = hosts[worker.host] ?? Host(host: worker.host)
      host.workers += 1
      host.slots += worker.slots
      host.running += worker.leases
      if worker.threads > 0 { host.threads = (host.threads ?? 0) + worker.threads }
      host.stepsPerSecond += speed
      hosts[worker.host] = host
    }
    self.hosts = hosts.values.sorted { $0.host < $1.host }
  }
}

extension SweepStatus.Running {
  init(_ running: RunningTrial, stage: String, name: String? = nil) {
    let progress = running.progress
    self.init(
      trial: "\(running.trial)", name: name, stage: stage, attempt: running.attempt,
      worker: "\(running.worker)", host: running.host, isClaimed: running.isClaimed,
      step: progress?.step, totalSteps: progress?.totalSteps,
      mse: progress.flatMap { $0.mse.isFinite ? $0.mse : nil },
      gatesOpen: progress?.gatesOpen, stepsPerSecond: progress?.stepsPerSecond)
    hasCheckpoint = running.hasCheckpoint
    threads = running.threads
    if let progress, progress.stepsPerSecond > 0 {
      remainingSeconds =
        Double(max(0, progress.totalSteps - progress.step)) / progress.stepsPerSecond
    }
  }
}
