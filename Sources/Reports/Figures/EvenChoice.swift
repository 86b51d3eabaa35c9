/// Some of many, evenly chosen, the first and the last among them.
package enum EvenChoice {
  /// The places of those that are chosen, ascending.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - maximum: How many are chosen where there are more.
  package static func indices(of count: Int, most maximum: Int) -> [Int] {
    guard count > maximum else { return Array(0..<count) }
    return (0..<max(maximum, 0)).map { $0 * (count - 1) / max(maximum - 1, 1) }
  }
}
