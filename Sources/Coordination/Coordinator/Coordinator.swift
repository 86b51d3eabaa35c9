import Digests
import Trials

/// The coordinator's decisions: which worker runs which trial, which workers are alive, and what to
/// record.
///
/// A pure state machine without clock, randomness or files: equal calls give equal effects. A shell
/// drives it in this order:
///
/// 1. ``init(plan:expectedCost:settings:)``, then ``replay(_:)`` for every record of the journal,
///    in order;
/// 2. ``resume(at:)`` once, also for a new sweep, and carry out its effects;
/// 3. ``handle(_:at:)`` for every event as it arrives, carrying out the effects as ``Effect`` says;
///   and ``Event/clockTicked`` no later than ``nextDeadline``, after all received messages.
///
/// The state has two halves. ``ledger`` is durable: only ``record(_:)`` changes it, and each change
/// is an ``Effect/append(_:)``. All else (workers, progress, delays) is lost in a restart; workers
/// report it again.
///
/// **Any message may be lost.** An assignment is repeated until a heartbeat claims it. A worker
/// repeats a result until it is acknowledged. A claim without a lease is answered with a directive.
/// An unknown sender is asked to announce itself. After a lost, repeated or late message the next
/// heartbeat therefore restarts the exchange.
///
/// **Attempt numbers only increase.** Two workers may compute the same trial at once (if one was
/// considered lost). Each number is leased once, to one worker, so a message about it cannot be
/// confused with one about a later lease. A worker that returns with a waiting trial gets it back
/// under a new number and continues. Numbers do not decide about results: trials are deterministic,
/// so the first valid result counts.
package struct Coordinator: Sendable {
  /// The durable half of the state.
  package internal(set) var ledger: Ledger
  let settings: CoordinationSettings
  var roster: WorkerRoster
  /// The workers that have each trial's leases.
  var holders: LeaseHolders
  /// Trials that can be leased now, by priority.
  var ready = IndexedHeap<Float>()
  /// Trials that can be leased from the given time on.
  var delayed = IndexedHeap<Instant>()
  /// Trials that are held back by their stage or by the failure limit, by stage.
  var held: [Int: Set<Int>] = [:]
  /// The state of each stage's first trial.
  var canaries: [Canary]
  /// The states of longer runs' extensions.
  var extensions: [Int: Extension] = [:]
  /// For trials without a planned shorter run, a complete one of an earlier plan.
  let orphanedRuns: [TrialID: OrphanedRun]
  var health = HealthRecords()
  var quotas = MessageQuotas()
  /// Trials that had begun before the sweep resumed and have not been leased since.
  var interrupted: Set<Int> = []
  var speeds = SpeedModel()
  /// Whether something has changed since the last schedule, and when that was computed.
  var isPlanDue = true
  var plannedAt: Instant?
  /// Workers whose cores may have to be divided anew, and when all were looked at.
  var divisionDue: Set<Int> = []
  var dividedAt: Instant?
  /// When the sweep ends if only trials of paused stages are left and nobody resumes them.
  var pauseEndsAt: Instant?
  var hasReportedFailureLimit = false
  /// How the run ended, once ``Effect/finish(_:)`` was returned.
  package internal(set) var ending: SweepEnding?
  private var clock: StallClock
  private var isResumed = false
  var effects: [Effect] = []

  /// Creates a coordinator for a plan, before the journal is replayed.
  ///
  /// Traps if a trial is planned twice or before its parent.
  ///
  /// - Parameters:
  ///   - plan: The trials, parents before children.
  ///   - expectedCost: Seconds that a trial is expected to take on one core of the reference speed;
  ///     1 if unknown. It affects scheduling only, not what is recorded.
  ///   - expectedSteps: Optimiser steps of a trial, used to value checkpoints; may lack trials.
  ///   - orphanedRuns: For longer runs, complete shorter ones that are no longer planned.
  package init(
    plan: [PlannedTrial], expectedCost: [TrialID: Double] = [:],
    expectedSteps: [TrialID: Int] = [:], orphanedRuns: [TrialID: OrphanedRun] = [:],
    settings: CoordinationSettings
  ) {
    let graph = TrialGraph(plan, expectedCost: expectedCost, expectedSteps: expectedSteps)
    ledger = Ledger(graph: graph)
    self.settings = settings
    self.orphanedRuns = orphanedRuns
    roster = WorkerRoster(settings: settings)
    holders = LeaseHolders(trialCount: plan.count)
    canaries = [Canary](repeating: .none, count: graph.stageNames.count)
    clock = StallClock(heartbeatInterval: settings.heartbeatInterval)
  }

  /// Replays a record of the journal, before ``resume(at:)``.
  ///
  /// The shell also passes the records that it appends itself: ``JournalRecord/imagesPinned`` and
  /// ``JournalRecord/limitsSet(_:)``.
  ///
  /// - Throws: ``JournalContradiction`` when the record cannot follow the earlier ones.
  package mutating func replay(_ record: JournalRecord) throws(JournalContradiction) {
    precondition(!isResumed, "the journal is replayed before the sweep resumes")
    try ledger.apply(record)
  }

  /// Begins the sweep, or continues it where the journal ends.
  ///
  /// The journal may end between records that belong together; missing ones are recorded here.
  /// Workers of open leases get ``CoordinationSettings/resumeGrace`` to reconnect.
  package mutating func resume(at now: Instant) -> [Effect] {
    precondition(!isResumed, "a sweep resumes once")
    isResumed = true
    let now = clock.read(at: now)
    if settings.retryFailed {
      for stage in ledger.pausedStages.keys.sorted() { resumeStage(stage) }
    }
    for number in ledger.standings.indices {
      let status = ledger.standings[number].status
      if status == .running || status == .waiting, ledger.newestCheckpoint(of: number) != nil {
        interrupted.insert(number)
      }
      switch status {
      case .failed:
        if settings.retryFailed { retry(number) }
      case .running:
        for open in ledger.openLeases(of: number) {
          let holder =
            roster.number(of: open.worker)
            ?? roster.add(open.worker, link: .away(until: now + settings.resumeGrace), at: now)
          var lease = Lease(trial: number, attempt: open.attempt, sentAt: now)
          lease.knowsThreads = false
          addLease(lease, to: holder)
        }
      case .waiting, .complete, .stopped: break
      }
    }
    prepareCanaries()
    settle(Array(ledger.standings.indices), at: now, delaying: false)
    return conclude(at: now)
  }

  /// Handles an event and returns the effects, in order.
  package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
    precondition(isResumed, "the sweep resumes before the first event")
    let now = clock.read(at: now)
    guard ending == nil else { return farewell(to: event) }
    if let connection = event.connection,
      !quotas.allowsMessage(of: event.weight, on: connection, at: now)
    {
      return []
    }
    switch event {
    case .workerAnnounced(let announcement, let connection):
      welcome(announcement, on: connection, at: now)
    case .heartbeatReceived(let claims, let obstacle, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      note(obstacle, of: worker)
      if roster[worker].isUnresponsive { send(.announceAgain, to: worker) }
      examine(claims, of: worker, isNewConnection: false, at: now)
      remindOfDrain(worker)
    case .reportReached(let trial, let attempt, let index, let report, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      take(report, index: index, of: trial, attempt: attempt, from: worker, at: now)
    case .trajectoryGrown(let trial, let attempt, let start, let payload, let end, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      take(
        payload, after: start, end: end, of: trial, attempt: attempt, from: worker, at: now)
    case .trialFinished(let trial, let attempt, let result, let checkpoint, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      take(result, checkpoint, of: trial, attempt: attempt, from: worker, at: now)
    case .resultRejected(let trial, let attempt, let reason, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      refuseResult(of: trial, attempt: attempt, from: worker, reason: reason, at: now)
    case .attemptFailed(let trial, let attempt, let failure, let checkpoint, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      take(checkpoint, of: trial, attempt: attempt, from: worker)
      noteFailure(
        failure.asReportedByWorker, of: trial, attempt: attempt, from: worker,
        blamesCheckpoint: failure.cause == .notANumber, at: now)
    case .workerLeft(let reason, let connection):
      guard let worker = roster.number(of: connection) else { break }
      dismiss(worker, reason: reason, at: now)
    case .connectionLost(let connection):
      quotas.forget(connection)
      guard let worker = roster.number(of: connection) else { break }
      roster.setLink(.away(until: now + settings.reconnectGrace), of: worker)
      // The worker itself, most likely, on its new connection.
      if let rival = roster[worker].rival {
        effects.append(.send(.announceAgain, to: rival.connection))
      }
      roster[worker].rival = nil
    case .stopRequested(let reason):
      stop(reason)
    case .cancelRequested(let trials, let reason): cancel(trials, reason: reason, at: now)
    case .retryRequested(let trials): retry(trials, at: now)
    case .discardRequested(let trials, let reason): discard(trials, reason: reason, at: now)
    case .extensionPrepared(let trial, let checkpoint, let piece):
      extend(trial, from: checkpoint, trajectory: piece, at: now)
    case .extensionFailed(let trial, let reason):
      giveUpExtension(of: trial, reason: reason, at: now)
    case .drainRequested(let host, let reason): drain(host, reason: reason)
    case .undrainRequested(let host): undrain(host)
    case .resumeRequested(let stage):
      if let stage = graph.stage(named: stage) { resumeStage(stage) }
    case .clockTicked:
      expireDeadlines(at: now)
    }
    return conclude(at: now)
  }

  /// Whether the quota of a connection has room for a message of a weight, before it is looked into.
  ///
  /// - Parameter weight: See ``Event/weight(ofClaims:checkpoints:)``.
  package mutating func admits(
    weight: Int, on connection: ConnectionID, at now: Instant
  ) -> Bool {
    quotas.wouldAllowMessage(of: weight, on: connection, at: clock.read(at: now))
  }

  /// The worker whose log lines on a connection are kept; nil if there is none, or if they are
  /// beyond its quota.
  package mutating func keepsLogs(
    byteCount: Int, on connection: ConnectionID, at now: Instant
  ) -> WorkerID? {
    let now = clock.read(at: now)
    guard let worker = worker(on: connection), quotas.allowsMessage(on: connection, at: now),
      quotas.allowsLogs(byteCount: byteCount, on: connection, at: now)
    else { return nil }
    return worker
  }

  /// The latest time for the next ``Event/clockTicked``; nil if no deadline is pending.
  package var nextDeadline: Instant? {
    guard ending == nil else { return nil }
    let deadlines = [roster.nextDeadline, delayed.firstKey, pauseEndsAt].compactMap { $0 }
    return deadlines.min().map { clock.wakingTime(for: $0) }
  }

  /// Whether ``Effect/finish(_:)`` was returned; nothing is leased or recorded after that.
  package var isFinished: Bool { ending != nil }

  var graph: TrialGraph { ledger.graph }

  /// Leases ready trials, ends the sweep if it is over, and returns the effects.
  private mutating func conclude(at now: Instant) -> [Effect] {
    if ending == nil { leaseReadyTrials(at: now) }
    if ending == nil, let ending = reachedEnding(at: now) {
      finish(ending, telling: "the sweep has ended")
    }
    defer { effects = [] }
    return effects
  }

  /// Records a fact; after replay, only this changes the durable state.
  mutating func record(_ record: JournalRecord) {
    do {
      let unreferenced = try ledger.apply(record)
      effects.append(.append(record))
      effects += unreferenced.map { .discardCheckpoint($0) }
    } catch {
      preconditionFailure("the coordinator contradicts itself: \(error)")
    }
  }

  /// Sends a directive if the worker has a connection.
  mutating func send(_ directive: Directive, to worker: Int) {
    guard let connection = roster[worker].connection else { return }
    effects.append(.send(directive, to: connection))
  }

  /// Tells every connected worker to exit and ends the run.
  mutating func finish(_ ending: SweepEnding, telling reason: String) {
    for worker in roster.numbers { send(.shutDown(reason: reason), to: worker) }
    effects.append(.finish(ending))
    self.ending = ending
  }

  /// How the run has ended; nil if it goes on.
  private mutating func reachedEnding(at now: Instant) -> SweepEnding? {
    let counts = ledger.counts
    if counts.haveAllEnded {
      let without = counts.failed + counts.stopped
      return without == 0 ? .complete : .completeWithFailures(count: without)
    }
    guard counts.running == 0 else {
      pauseEndsAt = nil
      return nil
    }
    if hasTooManyFailures {
      return .failureLimitReached(failed: ledger.ownFailureCount, remaining: counts.waiting)
    }
    guard ready.first == nil, delayed.first == nil, !ledger.pausedStages.isEmpty else {
      pauseEndsAt = nil
      return nil
    }
    let end = pauseEndsAt ?? now + settings.pauseLimit
    pauseEndsAt = end
    let stages = ledger.pausedStages.keys.sorted().map { graph.stageNames[$0] }
    return end <= now ? .paused(stages: stages, remaining: counts.waiting) : nil
  }

  private mutating func stop(_ reason: String) {
    let failure = TrialFailure(cause: .stopped, message: "the sweep was stopped: \(reason)")
    for worker in roster.numbers {
      for lease in roster[worker].leases {
        endLease(of: lease.trial, on: worker, failure: failure)
        send(
          .abandon(
            trial: graph.trials[lease.trial].id, attempt: lease.attempt, reason: failure.message),
          to: worker)
      }
    }
    let remaining = ledger.counts.waiting
    finish(.stopped(remaining: remaining), telling: failure.message)
  }

  /// Answers messages after the end; results that are durable are still acknowledged.
  private func farewell(to event: Event) -> [Effect] {
    let shutDown = Directive.shutDown(reason: "the sweep has ended")
    switch event {
    case .workerAnnounced(_, let connection), .heartbeatReceived(_, _, let connection),
      .attemptFailed(_, _, _, _, let connection), .resultRejected(_, _, _, let connection),
      .reportReached(_, _, _, _, let connection), .trajectoryGrown(_, _, _, _, _, let connection):
      return [.send(shutDown, to: connection)]
    case .trialFinished(let trial, let attempt, _, _, let connection):
      guard standing(of: trial)?.status == .complete else {
        return [.send(shutDown, to: connection)]
      }
      return [
        .send(.acknowledge(trial: trial, attempt: attempt), to: connection),
        .send(shutDown, to: connection),
      ]
    case .workerLeft, .connectionLost, .stopRequested, .cancelRequested, .retryRequested,
      .discardRequested, .extensionPrepared, .extensionFailed, .drainRequested, .undrainRequested,
      .resumeRequested, .clockTicked:
      return []
    }
  }
}
