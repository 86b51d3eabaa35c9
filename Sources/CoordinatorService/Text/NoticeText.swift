import Coordination
import Trials

extension Notice {
  /// The notice as one line for people.
  ///
  /// - Parameter words: A trial's name in a sentence; the flag asks for the identity that people
  ///   can type.
  func text(_ words: (_ trial: TrialID, _ isTyped: Bool) -> String) -> String {
    /// The name without identity, for successes.
    func name(_ trial: TrialID) -> String { words(trial, false) }
    /// The name with identity, for failures, which people look into with `explain` and `logs`.
    func named(_ trial: TrialID) -> String { words(trial, true) }
    return switch self {
    case .workerJoined(let worker, let host, let slots):
      "worker \(worker) joined from \(host) with \(slots) \(slots == 1 ? "slot" : "slots")"
    case .workerSuspected(let worker, let silentFor):
      "worker \(worker) has been silent for \(silentFor.inSeconds); it gets no new work"
    case .workerLost(let worker, let silentFor):
      "worker \(worker) is lost, silent for \(silentFor.inSeconds); other workers get its trials"
    case .workerHindered(let worker, let obstacle):
      "worker \(worker) takes no further trials: \(obstacle)"
    case .workerUnhindered(let worker):
      "worker \(worker) takes trials again"
    case .workerLeft(let worker, let reason):
      "worker \(worker) left: \(reason)"
    case .nameRefused(let worker, let host, let reason):
      "an announcement as worker \(worker) from \(host) is not accepted: \(reason)"
    case .trialStarted(let trial, let attempt, let worker):
      "trial \(name(trial)) started on \(worker)" + (attempt > 1 ? ", attempt \(attempt)" : "")
    case .trialAdopted(let trial, let attempt, let worker):
      "trial \(name(trial)) continues on \(worker), attempt \(attempt)"
    case .trialCompleted(let trial, let worker):
      "trial \(name(trial)) complete, by \(worker)"
    case .resultRepeated(let trial, let attempt, let worker, let sameContent):
      "trial \(named(trial)) has its result already; attempt \(attempt) by \(worker) found "
        + (sameContent ? "the same" : "OTHER NUMBERS: the two machines compute differently")
    case .attemptEnded(let trial, let attempt, let failure):
      "trial \(named(trial)), attempt \(attempt), ended without a result (\(failure.cause.rawValue)): "
        + failure.message
    case .trialStopped(let trial, let reason): "trial \(named(trial)) is stopped: \(reason)"
    case .trialDuplicated(let trial, let attempt, let worker):
      "trial \(named(trial)) also runs on \(worker), attempt \(attempt), which may finish sooner"
    case .hostDrained(let host, let reason):
      "\(Self.shown(host)) gets no more trials: \(reason)"
    case .hostUndrained(let host): "\(Self.shown(host)) may run trials again"
    case .stagePaused(let stage, let failure):
      "stage \(stage) is paused (\(failure.cause.rawValue)): \(failure.message)"
    case .stageResumed(let stage): "stage \(stage) is resumed"
    case .canarySent(let trial, let stage, let reason):
      "trial \(name(trial)) starts alone in stage \(stage), the others follow once it works: \(reason)"
    case .canaryReturned(let trial, let stage):
      "trial \(name(trial)) works: the other trials of stage \(stage) follow"
    case .failureLimitReached(let failed, let limit):
      "\(failed) trials failed, more than the \(limit) allowed: no further trial starts"
    case .reportDiffers(let trial, let index, let worker, let other):
      "trial \(named(trial)): \(worker) reports OTHER NUMBERS of milestone \(index + 1) than \(other) did, "
        + "on the same instruction set: one of the two machines computes wrongly"
    case .resultDiscarded(let trial, let reason):
      "the result of trial \(named(trial)) is discarded, and the trial waits again: \(reason)"
    case .trialExtended(let trial, let step):
      "trial \(name(trial)) resumes from the end of a shorter run, step \(step)"
    case .extensionFailed(let trial, let reason):
      "trial \(named(trial)) cannot resume from a shorter run and starts from step 0: \(reason)"
    case .trialRetried(let trial): "trial \(name(trial)) will be retried"
    case .checkpointDistrusted(
      let trial, let worker, let attempt, let uploader, let host, let reason):
      "trial \(named(trial)): \(worker) cannot resume from the checkpoint that "
        + (uploader.map { "\($0)\(host.map { " on host \($0)" } ?? "") uploaded" }
          ?? "a shorter run left")
        + " (attempt \(attempt)); it is not used again: \(reason)"
    case .quotaExceeded(let worker, let refused):
      "\(worker.map { "worker \($0)" } ?? "an unknown peer") exceeds its quota; "
        + "dropped: "
        + refused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        .joined(separator: ", ")
    case .resultRefused(let trial, let attempt, let worker, let reason):
      "trial \(named(trial)), attempt \(attempt): what \(worker) delivered is refused: \(reason)"
    case .trialFailed(let trial, let failure):
      "trial \(named(trial)) failed (\(failure.cause.rawValue)): \(failure.message)"
    }
  }

  /// A drained host, or a drained worker on unencrypted connections.
  private static func shown(_ host: String) -> String {
    host.hasPrefix("worker ") ? host : "host \(host)"
  }

  /// Whether the notice is a warning.
  var isWarning: Bool {
    switch self {
    case .workerSuspected, .workerLost, .workerHindered, .attemptEnded, .trialFailed,
      .resultRefused, .reportDiffers, .extensionFailed, .hostDrained, .stagePaused,
      .failureLimitReached, .checkpointDistrusted, .quotaExceeded, .nameRefused:
      true
    case .resultRepeated(_, _, _, let sameContent): !sameContent
    case .workerJoined, .workerUnhindered, .workerLeft, .trialStarted, .trialAdopted,
      .trialCompleted, .resultDiscarded, .trialExtended, .trialRetried, .trialStopped,
      .trialDuplicated, .hostUndrained,
      .stageResumed, .canarySent, .canaryReturned:
      false
    }
  }
}

extension Duration {
  /// The duration in whole seconds, as text with its unit.
  var inSeconds: String { "\(components.seconds) s" }
}
