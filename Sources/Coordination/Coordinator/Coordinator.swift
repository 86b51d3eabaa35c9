import Digests
import Trials

/// The coordinator's decisions: which worker runs which trial, whom to believe alive, and what to
/// keep.
///
/// A pure state machine. It has no clock, no randomness and no files: equal calls give equal
/// effects. A shell drives it in this order:
///
/// 1. ``init(plan:expectedCost:settings:)``, then ``replay(_:)`` for every record of the journal,
///    in order;
/// 2. ``resume(at:)`` once, also for a new sweep, and carry out its effects;
/// 3. ``handle(_:at:)`` for every fact as it arrives, carrying out the effects as ``Effect`` says,
///    and ``Event/clockTicked`` not later than ``nextDeadline``, after whatever has arrived.
///
/// What it knows has two halves. ``ledger`` is durable: only ``record(_:)`` changes it, and each
/// change is an ``Effect/append(_:)``. All else (workers, progress, delays) may be forgotten at
/// any moment, and a restart does forget it; workers tell it again.
///
/// **Why no message needs to arrive.** An assignment is repeated until a heartbeat claims it. A
/// result is repeated by its worker until acknowledged. A claim that the coordinator does not
/// share is answered with what the worker should do instead. A stranger is asked to announce
/// itself. So any single exchange may be lost, repeated or late: the next heartbeat starts it anew.
///
/// **Why attempts are only ever counted up.** Two workers may compute the same trial at once (one
/// was taken for lost), but a number is leased once, to one worker, so a message about it cannot be
/// mistaken for one about a later lease. A worker that turns out to be alive with a trial that
/// waits gets it back under a new number, and goes on computing. Numbers never decide about
/// results: trials are deterministic, so the first valid result counts, whoever brings it.
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
  /// Trials that could be leased but for their stage, or for the sweep's failures, by stage.
  var held: [Int: Set<Int>] = [:]
  /// What is known of each stage's first trial.
  var canaries: [Canary]
  /// Where the beginnings of longer runs stand.
  var extensions: [Int: Extension] = [:]
  /// For trials without a planned shorter run, one that is no longer planned.
  let orphanedRuns: [TrialID: OrphanedRun]
  var health = HealthRecords()
  var quotas = MessageQuotas()
  /// Trials that were half done when the sweep resumed, and have no lease since.
  var interrupted: Set<Int> = []
  var speeds = SpeedModel()
  /// Whether something has changed since leases were last planned, and when that was.
  var isPlanDue = true
  var plannedAt: Instant?
  /// When the sweep ends if only trials of paused stages are left and nobody resumes them.
  var pauseEndsAt: Instant?
  var hasReportedFailureLimit = false
  /// How the run ended, once ``Effect/finish(_:)`` was returned.
  package internal(set) var ending: SweepEnding?
  private var clock: StallClock
  private var isResumed = false
  var effects: [Effect] = []

  /// A coordinator for a plan, before it has read the journal.
  ///
  /// Traps when the plan is none: a trial twice, or before its parent.
  ///
  /// - Parameters:
  ///   - plan: The trials, parents before children.
  ///   - expectedCost: Seconds that a trial is expected to take on one core of the reference speed;
  ///     1 where unknown. It decides who gets what and when, never what is recorded.
  ///   - expectedSteps: Optimiser steps of a trial, which tell what a checkpoint saves; may lack
  ///     any.
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

  /// Takes in a record that is in the journal already, before ``resume(at:)``.
  ///
  /// The shell also reports this way what it appends itself: ``JournalRecord/imagesPinned`` and
  /// ``JournalRecord/limitsSet(_:)``.
  ///
  /// - Throws: ``JournalContradiction`` when the record cannot follow the earlier ones.
  package mutating func replay(_ record: JournalRecord) throws(JournalContradiction) {
    precondition(!isResumed, "the journal is replayed before the sweep resumes")
    try ledger.apply(record)
  }

  /// Begins the sweep, or continues it where the journal ends.
  ///
  /// The journal may end anywhere, also between records that belong together; what is missing is
  /// made up here. Workers of open leases get ``CoordinationSettings/resumeGrace`` to return.
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
          addLease(Lease(trial: number, attempt: open.attempt, sentAt: now), to: holder)
        }
      case .waiting, .complete, .stopped: break
      }
    }
    prepareCanaries()
    settle(Array(ledger.standings.indices), at: now, delaying: false)
    return conclude(at: now)
  }

  /// Takes in a fact and returns what to do about it, in order.
  package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
    precondition(isResumed, "the sweep resumes before the first event")
    let now = clock.read(at: now)
    guard ending == nil else { return farewell(to: event) }
    if let connection = event.connection, !quotas.allowsMessage(on: connection, at: now) {
      return []
    }
    switch event {
    case .workerAnnounced(let announcement, let connection):
      welcome(announcement, on: connection, at: now)
    case .heartbeatReceived(let claims, let obstacle, let connection):
      guard let worker = sender(on: connection, at: now) else { break }
      note(obstacle, of: worker)
      if roster[worker].isDeaf { send(.announceAgain, to: worker) }
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
        failure.asWorkersTell, of: trial, attempt: attempt, from: worker,
        blamesCheckpoint: failure.cause == .notANumber, at: now)
    case .workerLeft(let reason, let connection):
      guard let worker = roster.number(of: connection) else { break }
      dismiss(worker, reason: reason, at: now)
    case .connectionLost(let connection):
      quotas.forget(connection)
      guard let worker = roster.number(of: connection) else { break }
      roster.setLink(.away(until: now + settings.reconnectGrace), of: worker)
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

  /// When ``Event/clockTicked`` is due at the latest; nil while there is nothing to wait for.
  package var nextDeadline: Instant? {
    guard ending == nil else { return nil }
    let deadlines = [roster.nextDeadline, delayed.firstKey, pauseEndsAt].compactMap { $0 }
    return deadlines.min().map { clock.wakingTime(for: $0) }
  }

  /// Whether ``Effect/finish(_:)`` was returned: nothing will be leased or recorded any more.
  package var isFinished: Bool { ending != nil }

  var graph: TrialGraph { ledger.graph }

  /// Leases what can be leased, ends the sweep if that was all, and hands out the effects.
  private mutating func conclude(at now: Instant) -> [Effect] {
    if ending == nil { leaseReadyTrials(at: now) }
    if ending == nil, let ending = verdict(at: now) {
      finish(ending, telling: "the sweep has ended")
    }
    defer { effects = [] }
    return effects
  }

  /// Writes a fact down: the one way in which durable state changes after replay.
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

  /// Sends every connected worker away and ends the run.
  mutating func finish(_ ending: SweepEnding, telling reason: String) {
    for worker in roster.numbers { send(.shutDown(reason: reason), to: worker) }
    effects.append(.finish(ending))
    self.ending = ending
  }

  /// Whether the run is over, and how.
  private mutating func verdict(at now: Instant) -> SweepEnding? {
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

  /// Answers whoever speaks after the end; a result that is durable is still acknowledged.
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
