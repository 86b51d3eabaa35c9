import Coordination

/// Limits the rate of notices in sweeps of very short trials.
///
/// Warnings and worker notices have a separate allowance, so that many short trials never hide
/// them.
struct NoticeLimiter {
  /// Most notices of each kind per second.
  private static let countPerSecond = 50

  private var second: Int64 = -1
  private var counts = (news: 0, warnings: 0)
  private var omittedCount = 0

  /// Whether to show a notice.
  mutating func allows(_ notice: Notice, at now: Instant) -> Bool {
    let second = now.sinceStart.components.seconds
    if second != self.second {
      self.second = second
      counts = (0, 0)
    }
    let count: Int
    if notice.isWarning {
      counts.warnings += 1
      count = counts.warnings
    } else {
      counts.news += 1
      count = counts.news
    }
    if count <= Self.countPerSecond { return true }
    omittedCount += 1
    return false
  }

  /// How many notices were left out since the last summary; nil if none was.
  mutating func summary() -> String? {
    guard omittedCount > 0 else { return nil }
    defer { omittedCount = 0 }
    return "\(omittedCount) more lines about single trials and workers were left out"
  }
}
