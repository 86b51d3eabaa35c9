import Trials

/// The front of tolerance against open gates: every narrowing grid point of a sweep, and which of
/// them no other beats.
struct Front {
  /// A grid point on the plane.
  struct Point {
    /// The replicates that it stands for.
    var gridPoint: GridPoints.Point
    /// τ as used; nil while it waits for parents.
    var tolerance: Spread?
    /// ‖ν‖₀ at the last milestone, over the replicates that have a result.
    var gatesOpen: Spread?
    /// Training MSE there.
    var mse: Spread?
    /// Evaluation MSE there.
    var evaluationMSE: Spread?
    /// Whether all its replicates kept the tolerance; nil while none is complete.
    var toleranceMet: Bool?
    /// Whether it kept its tolerance, and no other point of its series that did has fewer or equally
    /// many gates at a tolerance as tight or tighter.
    var isOnFront = false
  }

  /// Points that differ in their tolerance only.
  struct Series {
    /// The images of all its points.
    var dataset: Dataset
    /// Its n, and what sets the series apart from the others of its data set; no two of them have
    /// the same.
    var label: String
    /// The points by ascending tolerance, those without one last.
    var points: [Point]

    /// The points that have a result and are not beaten, by ascending tolerance.
    var front: [Point] { points.filter(\.isOnFront) }
  }

  /// The series in the plan's order.
  let series: [Series]

  /// Fronts that were found before.
  init(series: [Series]) { self.series = series }

  /// The front of a sweep.
  init(of results: SweepResults) {
    let reports = results.lastReports
    var keys: [String] = []
    var facts: [SeriesLabels.Facts] = []
    var members: [[Point]] = []
    for gridPoint in GridPoints(of: results).points where gridPoint.configuration.narrows {
      var content = gridPoint.configuration
      content.seed = 0
      content.tolerance = .value(0)
      let key = "\(gridPoint.stage)/\(content.canonicalText)"
      let point = Point(
        gridPoint: gridPoint,
        tolerance: Spread(
          gridPoint.trials.compactMap {
            try? $0.configurationUsed(in: reports).resolvedTolerance()
          }),
        gatesOpen: gridPoint.spread { Double($0.gatesOpen) },
        mse: gridPoint.spread(\.mse), evaluationMSE: gridPoint.spread(\.evaluationMSE),
        toleranceMet: gridPoint.toleranceMet)
      if let index = keys.firstIndex(of: key) {
        members[index].append(point)
      } else {
        keys.append(key)
        facts.append(SeriesLabels.Facts(of: gridPoint, in: reports))
        members.append([point])
      }
    }
    series = zip(zip(facts, SeriesLabels.labels(of: facts)), members).map { series, points in
      Series(dataset: series.0.dataset, label: series.1, points: Self.marked(points))
    }
  }

  /// Sorts points and marks those that no other beats.
  private static func marked(_ points: [Point]) -> [Point] {
    var points = points.enumerated().sorted { left, right in
      let (leftKey, rightKey) = (
        left.element.tolerance?.median ?? .infinity, right.element.tolerance?.median ?? .infinity
      )
      return (leftKey, left.offset) < (rightKey, right.offset)
    }.map(\.element)
    for index in points.indices {
      guard points[index].toleranceMet == true, let tolerance = points[index].tolerance,
        let gates = points[index].gatesOpen
      else { continue }
      points[index].isOnFront = !points.contains { other in
        guard other.toleranceMet == true, let otherTolerance = other.tolerance,
          let otherGates = other.gatesOpen
        else { return false }
        let difference = (
          otherTolerance.median - tolerance.median, otherGates.median - gates.median
        )
        return difference.0 <= 0 && difference.1 <= 0 && (difference.0 < 0 || difference.1 < 0)
      }
    }
    return points
  }
}
