import Trials

/// How many trials of a sweep are complete.
struct Completion: Hashable, Sendable {
  /// All planned trials.
  var total: Int
  /// Trials with a result.
  var complete: Int
  /// Trials that ended without one.
  var ended: Int
  /// Running trials.
  var running: Int

  /// Counts the trials of a sweep.
  init(of results: SweepResults) {
    total = results.trials.count
    complete = results.trials.count { $0.status == .complete }
    ended = results.trials.count { $0.status == .failed || $0.status == .stopped }
    running = results.trials.count { $0.status == .running }
  }

  /// The remark in figures and tables; nil if every trial has a result.
  var banner: String? {
    if complete == total { return nil }
    if complete + ended == total {
      return "\(complete) of \(total) trials; \(ended) without result"
    }
    return "partial: \(complete) of \(total) trials"
  }

  /// The text of the file that marks an unfinished report.
  var mark: String {
    "partial: \(complete) of \(total) trials complete, \(running) running, "
      + "\(total - complete - ended - running) waiting, \(ended) without result\n"
  }
}
