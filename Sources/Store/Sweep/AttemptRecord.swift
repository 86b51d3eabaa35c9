import Coordination
import Foundation
import Trials

/// One attempt at a trial: who made it, when, and how it ended.
package struct AttemptRecord: Hashable, Sendable {
  /// The state of an attempt.
  package enum Outcome: Hashable, Sendable {
    /// Leased; nothing more is recorded.
    case running
    /// It produced the trial's result.
    case recorded
    /// Its result was discarded, for this reason.
    case discarded(reason: String)
    /// It ended without a result.
    case failed(TrialFailure)
  }

  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// The worker that leased it.
  package var worker: WorkerID
  /// When it was leased.
  package var begun: Date
  /// When it ended; nil while it runs.
  package var ended: Date?
  /// Its state.
  package var outcome: Outcome

  /// An attempt of the given parts.
  package init(
    trial: TrialID, attempt: Int, worker: WorkerID, begun: Date, ended: Date?, outcome: Outcome
  ) {
    self.trial = trial
    self.attempt = attempt
    self.worker = worker
    self.begun = begun
    self.ended = ended
    self.outcome = outcome
  }
}

/// Collects the attempts in a journal, in the order of their leases.
struct AttemptLog {
  private struct Key: Hashable {
    var trial: TrialID
    var attempt: Int
  }

  private(set) var attempts: [AttemptRecord] = []
  private var indices: [Key: Int] = [:]

  /// Notes that an attempt was leased.
  mutating func begin(_ trial: TrialID, _ attempt: Int, _ worker: WorkerID, at time: Date) {
    indices[Key(trial: trial, attempt: attempt)] = attempts.count
    attempts.append(
      AttemptRecord(
        trial: trial, attempt: attempt, worker: worker, begun: time, ended: nil,
        outcome: .running))
  }

  /// Notes how an attempt ended.
  mutating func end(
    _ trial: TrialID, _ attempt: Int, at time: Date, _ outcome: AttemptRecord.Outcome
  ) {
    guard let index = indices[Key(trial: trial, attempt: attempt)] else { return }
    attempts[index].ended = time
    attempts[index].outcome = outcome
  }

  /// Notes that a trial's result was discarded.
  mutating func discard(_ trial: TrialID, reason: String) {
    guard
      let index = attempts.lastIndex(where: { $0.trial == trial && $0.outcome == .recorded })
    else { return }
    attempts[index].outcome = .discarded(reason: reason)
  }

  /// Processes a record of the journal.
  mutating func note(_ stamped: StampedRecord) {
    switch stamped.record {
    case .trialLeased(let trial, let attempt, let worker),
      .trialDuplicated(let trial, let attempt, let worker):
      begin(trial, attempt, worker, at: stamped.time)
    case .attemptEnded(let trial, let attempt, let failure):
      end(trial, attempt, at: stamped.time, .failed(failure))
    case .resultRecorded(let trial, let attempt, _, _, _):
      end(trial, attempt, at: stamped.time, .recorded)
    case .resultDiscarded(let trial, let reason): discard(trial, reason: reason)
    case .imagesPinned, .workerIntroduced, .checkpointDistrusted, .reportRecorded,
      .trajectoryExtended, .checkpointRecorded, .resultReused,
      .attemptsVoided, .checkpointDropped, .trialFailed, .trialStopped, .trialRetried,
      .hostDrained, .hostUndrained, .stagePaused, .stageResumed, .limitsSet:
      break
    }
  }
}
