/// The coordinator's clock without the time during which the coordinator itself was stalled.
///
/// A coordinator that was paused, swapped out or busy received nothing and must not time workers
/// out for that. Every deadline is an instant of this clock, so a stall postpones all of them.
struct StallClock: Sendable {
  /// The longest gap between two readings that is not a stall.
  private let longestGap: Duration
  /// The time that a longer gap counts as.
  private let ordinaryGap: Duration
  private var lastReading: Instant?
  private var stalled = Duration.zero

  /// A clock that is read at least once per heartbeat interval unless it stalls.
  init(heartbeatInterval: Duration) {
    ordinaryGap = heartbeatInterval
    longestGap = heartbeatInterval * 2
  }

  /// Reads the clock without stalls; readings never decrease.
  ///
  /// If the clock was set back, time continues from the last reading.
  mutating func read(at now: Instant) -> Instant {
    let gap = now - (lastReading ?? now)
    if gap > longestGap { stalled += gap - ordinaryGap }
    if gap < .zero { stalled += gap }
    lastReading = now
    return Instant(sinceStart: now.sinceStart - stalled)
  }

  /// When to read the clock next: at the deadline, or earlier so that the gap does not count as a
  /// stall.
  func wakingTime(for deadline: Instant) -> Instant {
    let due = deadline + stalled
    guard let lastReading else { return due }
    return min(due, lastReading + ordinaryGap)
  }
}
