import Coordination
import Foundation
import Store
import Trials

extension LatestRecord {
  /// The record as one line for people, with the local time.
  var text: String { "\(Self.timeOfDay(time)) \(words)" }

  private var words: String {
    switch content {
    case .completed(let trial, let worker): Self.told(.trialCompleted(trial, worker))
    case .reused(let trial): "trial \(trial) complete, its result reused from another sweep"
    case .record(let record): Self.words(of: record)
    }
  }

  private static func words(of record: JournalRecord) -> String {
    switch record {
    case .attemptEnded(let trial, let attempt, let failure):
      told(.attemptEnded(trial, attempt: attempt, failure))
    case .trialFailed(let trial, let failure): told(.trialFailed(trial, failure))
    case .trialStopped(let trial, let reason): told(.trialStopped(trial, reason: reason))
    case .trialRetried(let trial): told(.trialRetried(trial))
    case .resultDiscarded(let trial, let reason):
      told(.resultDiscarded(trial, reason: reason))
    case .hostDrained(let host, let reason): told(.hostDrained(host: host, reason: reason))
    case .hostUndrained(let host): told(.hostUndrained(host: host))
    case .stagePaused(let stage, let failure):
      told(.stagePaused(stage: stage, failure))
    case .stageResumed(let stage): told(.stageResumed(stage: stage))
    case .workerIntroduced(let worker, let host): "worker \(worker) got its first trial, on \(host)"
    default: "the record has changed"
    }
  }

  /// The coordinator's text of a notice, with the trial's identity.
  private static func told(_ notice: Notice) -> String {
    notice.text { trial, _ in "\(trial)" }
  }

  private static func timeOfDay(_ date: Date) -> String {
    var seconds = time_t(date.timeIntervalSince1970)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
  }
}
