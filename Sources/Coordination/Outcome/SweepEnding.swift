/// How a coordinator's run ended.
package enum SweepEnding: Hashable, Sendable {
  /// Every trial has its result.
  case complete
  /// Every trial has ended, some without a result.
  case completeWithFailures(count: Int)
  /// More trials failed than the sweep's limit allows.
  case failureLimitReached(failed: Int, remaining: Int)
  /// Only trials of paused stages are left, and nobody resumed them.
  case paused(stages: [String], remaining: Int)
  /// A person stopped it; the same command resumes it.
  case stopped(remaining: Int)
}
