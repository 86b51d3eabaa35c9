import Trials

/// The state of a stage's first trial.
enum Canary: Hashable, Sendable {
  /// None is needed, or one has shown that the stage works.
  case none
  /// One must start alone, for this reason.
  case due(reason: String)
  /// This trial has started alone, for this reason; the others of the stage wait.
  case flying(trial: Int, reason: String)
}

/// Holds back trials that could otherwise be leased: the stage is paused, its first trial has not
/// worked yet, or too many trials failed.
extension Coordinator {
  /// Whether more trials have failed than the sweep allows; then no further one starts.
  var hasTooManyFailures: Bool {
    settings.failureLimit.map { ledger.ownFailureCount > $0 } ?? false
  }

  /// Whether a trial is held back by its stage or by the failure limit.
  func isBlocked(_ trial: Int) -> Bool {
    let stage = graph.stage(of: trial)
    if hasTooManyFailures || ledger.pausedStages[stage] != nil { return true }
    if case .flying(let canary, _) = canaries[stage] { return canary != trial }
    return false
  }

  /// Sets blocked trials aside until the first ready one can be leased.
  mutating func holdBlockedTrials() {
    if hasTooManyFailures, !hasReportedFailureLimit {
      hasReportedFailureLimit = true
      effects.append(
        .notify(
          .failureLimitReached(
            failed: ledger.ownFailureCount, limit: settings.failureLimit ?? 0)))
    }
    while let trial = ready.first, isBlocked(trial) {
      ready[trial] = nil
      held[graph.stage(of: trial), default: []].insert(trial)
    }
  }

  /// Queues the held trials of a stage again.
  mutating func release(_ stage: Int) {
    for trial in held[stage] ?? [] { ready[trial] = priority(of: trial) }
    held[stage] = nil
    isPlanDue = true
  }

  /// Finds the stages in which one trial must start alone.
  mutating func prepareCanaries() {
    for stage in canaries.indices {
      guard graph.stageSizes[stage] > 1, ledger.completeCounts[stage] == 0,
        let reason = reasonForCanary(in: stage)
      else { continue }
      canaries[stage] = .due(reason: reason)
    }
    for trial in graph.trials.indices {
      let stage = graph.stage(of: trial)
      guard case .due(let reason) = canaries[stage] else { continue }
      if ledger.newestCheckpoint(of: trial) != nil {
        canaries[stage] = .none
      } else if ledger.standings[trial].status == .running {
        canaries[stage] = .flying(trial: trial, reason: reason)
      }
    }
  }

  private func reasonForCanary(in stage: Int) -> String? {
    switch settings.canary {
    case .never: return nil
    case .always: return "the sweep asks for it"
    case .auto:
      let seconds = graph.stageCosts[stage]
      guard seconds >= settings.canaryThreshold.seconds else { return nil }
      return "the stage is expected to take \(Int(min(seconds / 3600, 1e12))) core-hours"
    }
  }

  /// Notes that a trial was leased, as it may be the first one of its stage.
  mutating func sendCanary(_ trial: Int) {
    let stage = graph.stage(of: trial)
    guard case .due(let reason) = canaries[stage] else { return }
    canaries[stage] = .flying(trial: trial, reason: reason)
    effects.append(
      .notify(
        .canarySent(graph.trials[trial].id, stage: graph.stageNames[stage], reason: reason)))
  }

  /// Notes that a trial has taken steps, which shows that its stage works.
  mutating func noteSignOfLife(of trial: Int) {
    let stage = graph.stage(of: trial)
    let wasFlying = if case .flying = canaries[stage] { true } else { false }
    guard canaries[stage] != .none else { return }
    canaries[stage] = .none
    release(stage)
    if wasFlying {
      effects.append(
        .notify(.canaryReturned(graph.trials[trial].id, stage: graph.stageNames[stage])))
    }
  }

  /// Notes that a lease ended; if it was the stage's first trial, another one may start alone.
  mutating func noteEnd(of trial: Int) {
    let stage = graph.stage(of: trial)
    guard case .flying(trial, let reason) = canaries[stage], holders.count(of: trial) == 0 else {
      return
    }
    canaries[stage] = .due(reason: reason)
    release(stage)
  }

  /// Resumes a paused stage.
  mutating func resumeStage(_ stage: Int) {
    guard ledger.pausedStages[stage] != nil else { return }
    health.forget(stage: stage)
    record(.stageResumed(stage: graph.stageNames[stage]))
    effects.append(.notify(.stageResumed(stage: graph.stageNames[stage])))
    release(stage)
  }
}
