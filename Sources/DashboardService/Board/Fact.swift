import Coordination
import Foundation
import Store
import Trials

/// An event of the record, for the log and for "what changed"; JSON keys in snake case.
struct Fact: Encodable, Sendable {
  /// The record's number.
  var sequence: Int
  var time: Date
  /// Its mark: `good` for a result, `bad` for a failure, else `plain`.
  var mark: String
  var trial: String?
  /// The trial's name within its stage.
  var name: String?
  var worker: String?
  /// A sentence.
  var words: String
}

extension Fact {
  /// The longest quoted text, in characters.
  private static let textCountMaximum = 300

  /// The fact of a record; nil for records that people need not see.
  init?(_ stamped: StampedRecord, name: String?) {
    func short(_ text: String) -> String { String(text.prefix(Self.textCountMaximum)) }
    let words: String
    var mark = "plain"
    switch stamped.record {
    case .trajectoryExtended, .checkpointRecorded, .checkpointDropped, .imagesPinned:
      return nil
    case .workerIntroduced(_, let host): words = "a worker came from host \(short(host))"
    case .trialLeased(_, let attempt, _): words = "attempt \(attempt) began"
    case .trialDuplicated(_, let attempt, _):
      words = "attempt \(attempt) began in addition to a running one"
    case .checkpointDistrusted(_, _, _, _, let reason):
      mark = "bad"
      words = "a checkpoint is no longer used: \(short(reason))"
    case .attemptEnded(_, let attempt, let failure):
      mark = "bad"
      words = "attempt \(attempt) ended: \(failure.cause.rawValue): \(short(failure.message))"
    case .reportRecorded(_, _, _, _, _, let report):
      words =
        "reached \(report.budget): \(report.gatesOpen) gates open, MSE \(Self.text(report.mse))"
    case .resultRecorded(_, _, _, let result, _), .resultReused(_, _, let result):
      let report = result.result.milestones.last
      mark = "good"
      words =
        "complete: \(report?.gatesOpen ?? 0) gates open, MSE \(Self.text(report?.mse ?? .nan))"
    case .resultDiscarded(_, let reason):
      mark = "bad"
      words = "the result was discarded: \(short(reason))"
    case .attemptsVoided(_, let reason): words = "all attempts so far are void: \(short(reason))"
    case .trialFailed(_, let failure):
      mark = "bad"
      words = "failed: \(failure.cause.rawValue): \(short(failure.message))"
    case .trialStopped(_, let reason): words = "a person stopped it: \(short(reason))"
    case .trialRetried: words = "it will be retried"
    case .hostDrained(let host, let reason):
      mark = "bad"
      words = "host \(short(host)) gets no more trials: \(short(reason))"
    case .hostUndrained(let host): words = "host \(short(host)) may run trials again"
    case .stagePaused(let stage, let failure):
      mark = "bad"
      words = "stage \(short(stage)) is paused: \(short(failure.message))"
    case .stageResumed(let stage): words = "stage \(short(stage)) is resumed"
    case .limitsSet: words = "a run began, with its own limits"
    }
    self.init(
      sequence: stamped.sequence, time: stamped.time, mark: mark,
      trial: stamped.record.trial.map { "\($0)" }, name: name,
      worker: stamped.record.worker?.rawValue, words: PlainText.line(words))
  }

  private static func text(_ number: Double) -> String {
    number.isFinite ? String(format: "%.4g", number) : "\(number)"
  }
}
