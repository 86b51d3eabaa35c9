/// The coordinator's clock less the time during which the coordinator itself stood still.
///
/// A coordinator that was paused, swapped out or busy heard nobody, and must not take its own
/// silence for that of others. Every deadline is an instant of this clock, so that a stall moves
/// them all at once.
struct StallClock: Sendable {
  /// How long two readings may lie apart, at most, without a stall.
  private let longestGap: Duration
  /// What of a longer gap counts as time passed.
  private let ordinaryGap: Duration
  private var lastReading: Instant?
  private var stalled = Duration.zero

  /// A clock that is read at least once in every heartbeat interval, if it does not stall.
  init(heartbeatInterval: Duration) {
    ordinaryGap = heartbeatInterval
    longestGap = heartbeatInterval * 2
  }

  /// Reads the clock: an instant that counts no stalls, never before the last one read.
  ///
  /// A clock that was set back goes on from the last reading.
  mutating func read(at now: Instant) -> Instant {
    let gap = now - (lastReading ?? now)
    if gap > longestGap { stalled += gap - ordinaryGap }
    if gap < .zero { stalled += gap }
    lastReading = now
    return Instant(sinceStart: now.sinceStart - stalled)
  }

  /// When to read the clock again for the sake of a deadline: at the deadline, and early enough
  /// not to pass for a stall.
  func wakingTime(for deadline: Instant) -> Instant {
    let due = deadline + stalled
    guard let lastReading else { return due }
    return min(due, lastReading + ordinaryGap)
  }
}
