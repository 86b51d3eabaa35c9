/// The times of repetitions.
struct Samples {
  private(set) var all: [Elapsed] = []

  /// Times one more call.
  mutating func time(_ body: () throws -> Void) rethrows {
    add(try Elapsed(body))
  }

  /// Adds the time of a repetition.
  mutating func add(_ elapsed: Elapsed) {
    all.append(elapsed)
  }

  /// Median of the processor times in milliseconds.
  var processorMilliseconds: Double { 1e3 * median(all.map(\.processor)) }
  /// Median of the wall times in milliseconds.
  var wallMilliseconds: Double { 1e3 * median(all.map(\.wall)) }
  /// Mean of the wall times in milliseconds, including rare long ones.
  var wallMeanMilliseconds: Double { 1e3 * all.map(\.wall).reduce(0, +) / Double(all.count) }
}

/// The median.
func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "a median is of at least one value")
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
