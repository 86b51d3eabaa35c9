/// One number of several replicates.
struct Spread: Codable, Hashable, Sendable {
  /// The middle one, or the mean of the two middle ones.
  var median: Double
  /// The smallest.
  var minimum: Double
  /// The largest.
  var maximum: Double
  /// How many there are.
  var count: Int

  /// The spread of some numbers; nil for none.
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

  /// The median, and the range where replicates differ: `9 (8–11)`.
  func text(_ format: (Double) -> String) -> String {
    let (least, most) = (format(minimum), format(maximum))
    return least == most ? format(median) : "\(format(median)) (\(least)–\(most))"
  }
}
