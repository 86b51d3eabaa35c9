import Coordination

/// Keeps a sweep of very short trials from telling people of every single one.
///
/// Warnings and news of workers have a second's allowance of their own, so that a thousand trials
/// a second never hide them.
struct NoticeLimiter {
  /// How many notices of each kind a second may bring.
  private static let countPerSecond = 50

  private var second: Int64 = -1
  private var counts = (news: 0, warnings: 0)
  private var omittedCount = 0

  /// Whether people are told of a notice.
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
