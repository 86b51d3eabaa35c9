/// Median and range of a number over replicates.
struct Spread: Codable, Hashable, Sendable {
  /// The median.
  var median: Double
  /// The smallest.
  var minimum: Double
  /// The largest.
  var maximum: Double
  /// The number of replicates.
  var count: Int

  /// The spread of numbers; nil if there are none.
  init?(_ numbers: some Sequence<Double>) {
    let sorted = numbers.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = sorted.count / 2
    median =
      sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    minimum = first
    maximum = last
    count = sorted.count
  }

  /// The median, and the range if replicates differ: `9 (8–11)`.
  func text(_ format: (Double) -> String) -> String {
    let (least, most) = (format(minimum), format(maximum))
    return least == most ? format(median) : "\(format(median)) (\(least)–\(most))"
  }
}
