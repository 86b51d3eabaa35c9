import Glibc

/// The time of one repetition.
struct Elapsed: Codable {
  /// Processor seconds of the thread.
  var processor = 0.0
  /// Wall-clock seconds.
  var wall = 0.0

  /// Times one call.
  init(_ body: () throws -> Void) rethrows {
    let processor = Self.now(CLOCK_THREAD_CPUTIME_ID)
    let wall = Self.now(CLOCK_MONOTONIC)
    try body()
    self.processor = Self.now(CLOCK_THREAD_CPUTIME_ID) - processor
    self.wall = Self.now(CLOCK_MONOTONIC) - wall
  }

  private static func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
