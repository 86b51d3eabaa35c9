/// The tolerances that a traced trial visits one after the other: `trace:` in a sweep file.
///
/// Each tolerance is a rung. The trial trains at the first until its ``QuietRule`` finds it at rest
/// or the rung's budget is spent, reports, and goes on from there with the next tolerance. Nothing
/// else changes between two rungs: parameters, moments, gates, λ and C_ma stay as they are.
package struct ToleranceLadder: Hashable, Sendable {
  /// τ of each rung, summed squared error per image: all ascending or all descending.
  package let tolerances: [Double]

  /// The allowed numbers of rungs.
  package static let countRange = 2...64
  /// The most open probabilities in all reports of a traced trial: a result carries 192 KiB, 8 bytes for
  /// each of them.
  static let probabilityCountMaximum = 16_384
  /// The valid ladders, in words.
  package static let expectation =
    "\(countRange.lowerBound) to \(countRange.upperBound) tolerances above 0, all ascending or all "
    + "descending, such as [3, 5, 8, 12]"

  /// A ladder; nil if the tolerances are too few or too many, out of range or out of order.
  package init?(_ tolerances: [Double]) {
    let pairs = zip(tolerances, tolerances.dropFirst())
    guard Self.countRange.contains(tolerances.count),
      tolerances.allSatisfy({ $0 > 0 && $0 <= TrialConfiguration.maximumTolerance }),
      pairs.allSatisfy({ $0 < $1 }) || pairs.allSatisfy({ $0 > $1 })
    else { return nil }
    self.tolerances = tolerances
  }

  /// The number of rungs.
  package var count: Int { tolerances.count }
  /// τ of the first rung.
  package var first: Double { tolerances[0] }
  /// τ of the last rung.
  package var last: Double { tolerances[tolerances.count - 1] }

  /// Which way a ladder leads.
  package enum Direction: String, Codable, Hashable, Sendable {
    /// From the tightest tolerance to the loosest: gates close on the way.
    case up
    /// From the loosest to the tightest: gates would have to open again.
    case down
  }

  /// Which way it leads.
  package var direction: Direction { first < last ? .up : .down }
}

/// JSON form: `[3, 5, 8, 12]`.
extension ToleranceLadder: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let tolerances = try container.decode([Double].self)
    guard let ladder = ToleranceLadder(tolerances) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "found \(tolerances.prefix(8)), \(tolerances.count) of them, expected "
          + Self.expectation)
    }
    self = ladder
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(tolerances)
  }
}
