/// Chooses evenly spaced items, including the first and the last.
package enum EvenChoice {
  /// The indices of the chosen items, ascending.
  ///
  /// - Parameters:
  ///   - count: The number of items.
  ///   - maximum: The most items to choose.
  package static func indices(of count: Int, most maximum: Int) -> [Int] {
    guard count > maximum else { return Array(0..<count) }
    return (0..<max(maximum, 0)).map { $0 * (count - 1) / max(maximum - 1, 1) }
  }
}
