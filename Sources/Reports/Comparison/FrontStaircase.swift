import Trials

/// The fewest gates that keep a tolerance, as a function of the tolerance.
///
/// A point's number of gates applies from its tolerance to the next point with fewer gates, because
/// gates that keep a tolerance also keep a larger one.
struct FrontStaircase {
  /// The corners, by increasing tolerance and decreasing gates.
  private let corners: [(tolerance: Double, gates: Double)]
  /// The range of tolerances that were kept.
  let range: ClosedRange<Double>

  /// The staircase of points in any order; nil for no points.
  init?(_ points: [(tolerance: Double, gates: Double)]) {
    let sorted = points.sorted { ($0.tolerance, $0.gates) < ($1.tolerance, $1.gates) }
    guard let first = sorted.first, let last = sorted.last else { return nil }
    range = first.tolerance...last.tolerance
    var corners = [first]
    for point in sorted.dropFirst() where point.gates < corners[corners.count - 1].gates {
      corners.append(point)
    }
    self.corners = corners
  }

  /// The fewest gates at a tolerance; nil below the smallest tolerance that was kept.
  func gates(at tolerance: Double) -> Double? {
    corners.last { $0.tolerance <= tolerance }?.gates
  }

  /// The area under the staircase over a range of tolerances; nil if the range starts below the
  /// smallest tolerance that was kept.
  func area(over range: ClosedRange<Double>) -> Double? {
    guard let first = gates(at: range.lowerBound) else { return nil }
    var area = 0.0
    var (tolerance, gates) = (range.lowerBound, first)
    for corner in corners where range.contains(corner.tolerance) {
      area += (corner.tolerance - tolerance) * gates
      (tolerance, gates) = corner
    }
    return area + (range.upperBound - tolerance) * gates
  }

  /// The mean of the gates over a range of tolerances: the area under the staircase divided by the
  /// range's length; nil if the range starts below the smallest tolerance that was kept.
  func mean(over range: ClosedRange<Double>) -> Double? {
    let length = range.upperBound - range.lowerBound
    return length > 0 ? area(over: range).map { $0 / length } : gates(at: range.lowerBound)
  }

  /// The staircases of a series, one for each replicate that kept a tolerance.
  static func replicates(of series: Front.Series) -> [FrontStaircase] {
    var points: [Int: [(tolerance: Double, gates: Double)]] = [:]
    for point in series.points.map(\.gridPoint) {
      for trial in point.trials {
        guard let report = point.report(of: trial), report.toleranceMet == true else { continue }
        points[trial.planned.replicate, default: []].append(
          (report.tolerance, Double(report.gatesOpen)))
      }
    }
    return points.sorted { $0.key < $1.key }.compactMap { FrontStaircase($0.value) }
  }

  /// The tolerances that each of some staircases has kept; nil if there are none.
  static func commonRange(of staircases: [FrontStaircase]) -> ClosedRange<Double>? {
    guard let from = staircases.map(\.range.lowerBound).max(),
      let to = staircases.map(\.range.upperBound).min(), from <= to
    else { return nil }
    return from...to
  }
}
