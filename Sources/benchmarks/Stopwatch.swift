import Glibc

/// What one repetition took.
struct Elapsed: Codable {
  /// Seconds that the thread computed.
  var processor = 0.0
  /// Seconds on the clock.
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

/// The repetitions of one thing.
struct Samples {
  private(set) var all: [Elapsed] = []

  /// Times one more call.
  mutating func time(_ body: () throws -> Void) rethrows {
    add(try Elapsed(body))
  }

  /// Adds a repetition that was timed elsewhere.
  mutating func add(_ elapsed: Elapsed) {
    all.append(elapsed)
  }

  /// Median of the processor times in milliseconds.
  var processorMilliseconds: Double { 1e3 * median(all.map(\.processor)) }
  /// Median of the wall times in milliseconds.
  var wallMilliseconds: Double { 1e3 * median(all.map(\.wall)) }
}

/// The middle value, or the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "a median is of at least one value")
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
