import Trials

/// The worker's decisions, without sockets, files, processes or clocks.
///
/// One ``handle(_:at:)`` per fact. A trial that was accepted is always in exactly one phase, and
/// a finished result leaves only when the coordinator acknowledged it: neither silence, nor an
/// order to abandon the attempt, nor the end of this worker drops finished work.
package struct WorkerCore: Sendable {
  /// How many trials run at once.
  package let slots: Int
  /// Whether the worker ends when the coordinator has no more work.
  package let exitsWhenIdle: Bool
  /// How long an idle worker without a coordinator waits before it ends.
  package let patience: Duration

  /// The sweep that the attempts belong to; nil before the first welcome.
  package private(set) var sweep: String?
  private var attempts: [TrialID: Attempt] = [:]
  /// Finished results of other sweeps, kept on disk until their coordinator welcomes this worker.
  private var parked: [HeldResult]
  private var link: Link
  private var stopping: Stopping?
  private var lastHeard: Duration
  private var nextReminder: Duration

  private struct Attempt {
    var order: WorkOrder?
    var number: Int
    var phase: Phase
  }

  private enum Phase {
    case fetching
    case training(TrialProgress?)
    case ending(isWanted: Bool)
    case uploading(TrialResult)
    case uploadDelayed(TrialResult, until: Duration)
    case reporting(TrialResult, nextReport: Duration)

    var occupiesSlot: Bool {
      switch self {
      case .fetching, .training, .ending: true
      case .uploading, .uploadDelayed, .reporting: false
      }
    }

    var result: TrialResult? {
      switch self {
      case .fetching, .training, .ending: nil
      case .uploading(let result), .uploadDelayed(let result, _), .reporting(let result, _): result
      }
    }
  }

  private enum Link {
    case searching(nextAnnouncement: Duration)
    case joined(interval: Duration, lostAfter: Duration, nextBeat: Duration)
  }

  private struct Stopping {
    var reason: String
    var deadline: Duration
  }

  /// How often a worker without a welcome announces itself.
  package static let announcementInterval = Duration.seconds(2)
  /// How long a worker tries to join before it tells people, and how often it repeats that.
  package static let reminders = (first: Duration.seconds(10), later: Duration.seconds(60))
  /// How often an unacknowledged result is reported again.
  package static let reportInterval = Duration.seconds(10)
  /// How long a failed upload waits for its next try.
  package static let uploadRetryDelay = Duration.seconds(5)
  /// How long a stopping worker waits for its trials to end and its results to be acknowledged.
  package static let stopGrace = Duration.seconds(5)

  /// A worker that holds results from an earlier process, spooled on disk.
  ///
  /// - Parameters:
  ///   - slots: How many trials run at once; at least 1.
  ///   - held: Finished, unacknowledged results.
  ///   - now: Time on the shell's monotonic clock.
  package init(
    slots: Int, exitsWhenIdle: Bool, patience: Duration, held: [HeldResult], at now: Duration
  ) {
    precondition(slots >= 1, "a worker has at least one slot")
    self.slots = slots
    self.exitsWhenIdle = exitsWhenIdle
    self.patience = patience
    link = .searching(nextAnnouncement: now)
    lastHeard = now
    nextReminder = now + Self.reminders.first
    parked = held
  }

  /// What the worker claims, in order of trials.
  package var claims: [WorkClaim] {
    attempts.keys.sorted().compactMap { trial in
      guard let attempt = attempts[trial] else { return nil }
      var progress: TrialProgress?
      if case .training(let latest) = attempt.phase { progress = latest }
      return WorkClaim(trial: trial, attempt: attempt.number, progress: progress)
    }
  }

  /// Takes in a fact and returns what to do about it.
  package mutating func handle(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .welcomed(let sweep, let interval, let lostAfter):
      lastHeard = now
      let wasSearching = if case .searching = link { true } else { false }
      link = .joined(interval: interval, lostAfter: lostAfter, nextBeat: now + interval)
      return enter(sweep, at: now) + (wasSearching ? resumeDeliveries(at: now) : [])
    case .coordinatorBeat:
      lastHeard = now
      return []
    case .announcementRequested:
      lastHeard = now
      return [announce(at: now)]
    case .assigned(let order):
      lastHeard = now
      return accept(order, at: now)
    case .acknowledged(let trial, let number):
      lastHeard = now
      return acknowledge(trial, number)
    case .abandoned(let trial, let number, let reason):
      lastHeard = now
      return abandon(trial, number, reason)
    case .artifactsWanted(let trial):
      lastHeard = now
      guard case .reporting(let result, _) = attempts[trial]?.phase else { return [] }
      return beginUpload(trial, result)
    case .sweepEnded(let reason):
      return endSweep(reason, at: now)
    case .refused(let reason):
      return [.notify("the coordinator refused this worker: \(reason)")]
        + stopEverything() + [.exit(.refused(reason: reason))]
    case .imagesReady(let trial):
      guard let attempt = attempts[trial], case .fetching = attempt.phase,
        let order = attempt.order
      else { return [] }
      attempts[trial]?.phase = .training(nil)
      return [.startTrial(order)]
    case .imagesFailed(let trial, let failure), .trialFailed(let trial, let failure):
      return fail(trial, failure, at: now)
    case .trialProgressed(let trial, let progress):
      if case .training = attempts[trial]?.phase { attempts[trial]?.phase = .training(progress) }
      return []
    case .trialFinished(let trial, let result):
      return finish(trial, result, at: now)
    case .artifactsUploaded(let trial):
      guard let attempt = attempts[trial], case .uploading(let result) = attempt.phase else {
        return []
      }
      attempts[trial]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
      return [.sendResult(trial: trial, attempt: attempt.number, result)]
    case .uploadFailed(let trial, let reason):
      guard case .uploading(let result) = attempts[trial]?.phase else { return [] }
      attempts[trial]?.phase = .uploadDelayed(result, until: now + Self.uploadRetryDelay)
      return [.notify("trial \(trial): artifacts not sent yet: \(reason)")]
    case .stopRequested(let reason):
      return stop(reason, at: now)
    case .clockTicked:
      return tick(at: now)
    }
  }
}

// MARK: - Attempts

extension WorkerCore {
  private mutating func accept(_ order: WorkOrder, at now: Duration) -> [WorkerEffect] {
    if let known = attempts[order.trial] {
      // A repeated order, or a newer attempt at what this worker already does: the computation
      // is the same, so only its number changes.
      guard order.attempt > known.number else { return [] }
      if case .ending = known.phase {
        return refuse(order, reason: "the worker is still ending an earlier attempt")
      }
      attempts[order.trial]?.number = order.attempt
      attempts[order.trial]?.order?.attempt = order.attempt
      guard case .reporting(let result, _) = known.phase else { return [] }
      return [.sendResult(trial: order.trial, attempt: order.attempt, result)]
    }
    if stopping != nil { return refuse(order, reason: "the worker is stopping") }
    guard attempts.values.count(where: { $0.phase.occupiesSlot }) < slots else {
      return refuse(order, reason: "all \(slots) slots are taken")
    }
    attempts[order.trial] = Attempt(order: order, number: order.attempt, phase: .fetching)
    return [.fetchImages(order)]
  }

  private func refuse(_ order: WorkOrder, reason: String) -> [WorkerEffect] {
    [
      .sendFailure(
        trial: order.trial, attempt: order.attempt,
        TrialFailure(cause: .stopped, message: reason))
    ]
  }

  private mutating func acknowledge(_ trial: TrialID, _ number: Int) -> [WorkerEffect] {
    guard let attempt = attempts[trial], attempt.number <= number else { return [] }
    switch attempt.phase {
    case .uploading, .uploadDelayed, .reporting:
      attempts[trial] = nil
      return [.discard(trial)] + exitIfDone()
    case .training, .fetching:
      // Somebody else's result of this trial is recorded: this attempt is no longer wanted.
      return abandon(trial, attempt.number, "the trial already has its result")
    case .ending: return []
    }
  }

  private mutating func abandon(
    _ trial: TrialID, _ number: Int, _ reason: String
  ) -> [WorkerEffect] {
    guard let attempt = attempts[trial], attempt.number <= number else { return [] }
    switch attempt.phase {
    case .fetching:
      attempts[trial] = nil
      return [.notify("trial \(trial) abandoned: \(reason)"), .discard(trial)]
    case .training:
      attempts[trial]?.phase = .ending(isWanted: false)
      return [.notify("trial \(trial) abandoned: \(reason)"), .stopTrial(trial)]
    case .ending, .uploading, .uploadDelayed, .reporting: return []
    }
  }

  private mutating func finish(
    _ trial: TrialID, _ result: TrialResult, at now: Duration
  ) -> [WorkerEffect] {
    guard let attempt = attempts[trial] else { return [.discard(trial)] }
    if case .ending(isWanted: false) = attempt.phase {
      attempts[trial] = nil
      return [.discard(trial)]
    }
    return [.notify("trial \(trial) finished in \(Int(result.provenance.seconds)) s")]
      + beginUpload(trial, result)
  }

  private mutating func fail(
    _ trial: TrialID, _ failure: TrialFailure, at now: Duration
  ) -> [WorkerEffect] {
    guard let attempt = attempts[trial], attempt.phase.occupiesSlot else { return [] }
    attempts[trial] = nil
    var effects: [WorkerEffect] = [.discard(trial)]
    if case .ending(isWanted: false) = attempt.phase { return effects + exitIfDone() }
    effects.append(.notify("trial \(trial) ended without a result: \(failure.message)"))
    effects.append(.sendFailure(trial: trial, attempt: attempt.number, failure))
    return effects + exitIfDone()
  }

  private mutating func beginUpload(_ trial: TrialID, _ result: TrialResult) -> [WorkerEffect] {
    guard case .joined = link else {
      attempts[trial]?.phase = .uploadDelayed(result, until: .zero)
      return []
    }
    attempts[trial]?.phase = .uploading(result)
    return [.upload(trial: trial, result.artifacts)]
  }
}

// MARK: - The connection

extension WorkerCore {
  /// Makes a sweep the current one: its parked results are taken up, those of the one before are
  /// parked, and trials still running for that one end.
  private mutating func enter(_ newSweep: String, at now: Duration) -> [WorkerEffect] {
    guard sweep != newSweep else { return [] }
    var effects: [WorkerEffect] = []
    if let sweep {
      effects = stopEverything()
      for trial in attempts.keys.sorted() {
        guard let attempt = attempts[trial], let result = attempt.phase.result else { continue }
        parked.append(
          HeldResult(sweep: sweep, trial: trial, attempt: attempt.number, result: result))
      }
      attempts = [:]
    }
    sweep = newSweep
    for held in parked where held.sweep == newSweep {
      attempts[held.trial] = Attempt(
        order: nil, number: held.attempt, phase: .uploadDelayed(held.result, until: now))
    }
    parked.removeAll { $0.sweep == newSweep }
    return effects
  }

  private mutating func announce(at now: Duration) -> WorkerEffect {
    link = .searching(nextAnnouncement: now + Self.announcementInterval)
    return .announce(claims)
  }

  /// Takes up, on a new connection, every delivery that the old one left open.
  private mutating func resumeDeliveries(at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = [.notify("joined the coordinator")]
    for trial in attempts.keys.sorted() {
      switch attempts[trial]?.phase {
      case .uploadDelayed(let result, let until) where until <= now:
        effects += beginUpload(trial, result)
      case .reporting(let result, _):
        attempts[trial]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
        effects.append(
          .sendResult(trial: trial, attempt: attempts[trial]?.number ?? 0, result))
      default: continue
      }
    }
    return effects
  }

  private mutating func tick(at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = []
    if let stopping, now >= stopping.deadline {
      return [.sayGoodbye(reason: stopping.reason), .exit(.stopped)]
    }
    switch link {
    case .searching(let nextAnnouncement):
      if now >= nextAnnouncement { effects.append(announce(at: now)) }
      if now >= nextReminder {
        nextReminder = now + Self.reminders.later
        effects.append(.notify("no answer from the coordinator; still trying"))
      }
      if attempts.isEmpty, now - lastHeard > patience {
        effects.append(.notify("no coordinator for \(patience); nothing to do"))
        effects.append(.exit(.abandoned))
      }
    case .joined(let interval, let lostAfter, let nextBeat):
      if now - lastHeard > lostAfter {
        effects.append(.notify("the coordinator is silent; training goes on"))
        nextReminder = now + Self.reminders.later
        effects.append(announce(at: now))
      } else if now >= nextBeat {
        link = .joined(interval: interval, lostAfter: lostAfter, nextBeat: now + interval)
        effects.append(.beat(claims))
      }
    }
    return effects + retryDeliveries(at: now)
  }

  private mutating func retryDeliveries(at now: Duration) -> [WorkerEffect] {
    guard case .joined = link else { return [] }
    var effects: [WorkerEffect] = []
    for trial in attempts.keys.sorted() {
      guard let attempt = attempts[trial] else { continue }
      switch attempt.phase {
      case .uploadDelayed(let result, let until) where now >= until:
        effects += beginUpload(trial, result)
      case .reporting(let result, let nextReport) where now >= nextReport:
        attempts[trial]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
        effects.append(.sendResult(trial: trial, attempt: attempt.number, result))
      default: continue
      }
    }
    return effects
  }
}

// MARK: - Ends

extension WorkerCore {
  private mutating func endSweep(_ reason: String, at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = [.notify("no more work here: \(reason)")]
    effects += stopEverything()
    attempts = attempts.filter { !$0.value.phase.occupiesSlot }
    if exitsWhenIdle { return effects + [.exit(.sweepEnded)] }
    link = .searching(nextAnnouncement: now + Self.announcementInterval)
    lastHeard = now
    return effects
  }

  /// Ends every running trial without waiting; results already spooled stay on disk.
  private func stopEverything() -> [WorkerEffect] {
    attempts.keys.sorted().flatMap { trial -> [WorkerEffect] in
      guard let attempt = attempts[trial], attempt.phase.occupiesSlot else { return [] }
      return [.stopTrial(trial), .discard(trial)]
    }
  }

  private mutating func stop(_ reason: String, at now: Duration) -> [WorkerEffect] {
    guard stopping == nil else { return [.exit(.stopped)] }
    stopping = Stopping(reason: reason, deadline: now + Self.stopGrace)
    var effects: [WorkerEffect] = [.notify("stopping: \(reason)")]
    for trial in attempts.keys.sorted() {
      guard let attempt = attempts[trial] else { continue }
      switch attempt.phase {
      case .fetching:
        attempts[trial] = nil
        effects += [
          .discard(trial),
          .sendFailure(
            trial: trial, attempt: attempt.number,
            TrialFailure(cause: .stopped, message: reason)),
        ]
      case .training:
        attempts[trial]?.phase = .ending(isWanted: true)
        effects.append(.stopTrial(trial))
      case .ending, .uploading, .uploadDelayed, .reporting: continue
      }
    }
    return effects + exitIfDone()
  }

  private func exitIfDone() -> [WorkerEffect] {
    guard let stopping, attempts.isEmpty else { return [] }
    return [.sayGoodbye(reason: stopping.reason), .exit(.stopped)]
  }
}

/// A finished result that an earlier process of this worker's host left on disk.
package struct HeldResult: Hashable, Sendable {
  /// The sweep that the trial was run for.
  package var sweep: String
  /// The trial.
  package var trial: TrialID
  /// The attempt that finished it.
  package var attempt: Int
  /// The result.
  package var result: TrialResult

  /// A held result of the given parts.
  package init(sweep: String, trial: TrialID, attempt: Int, result: TrialResult) {
    self.sweep = sweep
    self.trial = trial
    self.attempt = attempt
    self.result = result
  }
}
