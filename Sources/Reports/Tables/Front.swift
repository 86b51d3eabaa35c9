import Trials

/// Every narrowing grid point of a sweep, and the Pareto front of tolerance and open gates.
struct Front {
  /// A grid point with its tolerance and gates.
  struct Point {
    /// Its replicates.
    var gridPoint: GridPoints.Point
    /// τ as used; nil while it waits for parents.
    var tolerance: Spread?
    /// ‖ν‖₀ at the last milestone, over the replicates with a result.
    var gatesOpen: Spread?
    /// Training MSE there.
    var mse: Spread?
    /// Evaluation MSE there.
    var evaluationMSE: Spread?
    /// Whether all its replicates kept the tolerance; nil while none is complete.
    var toleranceMet: Bool?
    /// Whether it kept its tolerance, and no other point of its series that kept its own has at
    /// most as many gates at the same or a smaller tolerance.
    var isOnFront = false
  }

  /// Points that differ only in their tolerance; the rungs of traced trials are a series of their own.
  struct Series {
    /// The data set of all its points.
    var dataset: Dataset
    /// Its n and the facts that distinguish it from other series of its data set; unique.
    var label: String
    /// The points by ascending tolerance; those without one are last.
    var points: [Point]

    /// The points on the front, by ascending tolerance.
    var front: [Point] { points.filter(\.isOnFront) }
  }

  /// The series in the plan's order.
  var series: [Series]

  /// A front of given series.
  init(series: [Series]) { self.series = series }

  /// The front of a sweep.
  ///
  /// - Parameter grouping: That of the sweep's plan, where it is known.
  init(of results: SweepResults, grouping: GridPoints.Grouping? = nil) {
    let grouping = grouping ?? GridPoints.Grouping(of: results)
    let reports = results.lastReports
    var facts: [SeriesLabels.Facts] = []
    var members: [[Point]] = []
    let gridPoints = GridPoints(of: results, grouping: grouping).points
    for (gridPoint, series) in zip(gridPoints, grouping.series) {
      guard let series else { continue }
      let points = gridPoint.rungs.map { gridPoint in
        Point(
          gridPoint: gridPoint,
          tolerance: Spread(
            gridPoint.trials.compactMap {
              $0.configurationUsed(in: reports).tolerance(atMilestone: gridPoint.rung ?? 0)
            }),
          gatesOpen: gridPoint.spread { Double($0.gatesOpen) },
          mse: gridPoint.spread(\.mse), evaluationMSE: gridPoint.spread(\.evaluationMSE),
          toleranceMet: gridPoint.toleranceMet)
      }
      if series < members.count {
        members[series] += points
      } else {
        facts.append(SeriesLabels.Facts(of: gridPoint, in: reports))
        members.append(points)
      }
    }
    series = zip(zip(facts, SeriesLabels.labels(of: facts)), members).map { series, points in
      Series(dataset: series.0.dataset, label: series.1, points: Self.marked(points))
    }
  }

  /// The front with about `count` points, evenly chosen, preferring those on the front; at least
  /// two per series.
  func thinned(to count: Int) -> Front {
    let total = series.reduce(0) { $0 + $1.points.count }
    guard total > count else { return self }
    var thinned = self
    for index in series.indices {
      let points = series[index].points
      let share = max(2, count * points.count / total)
      let front = Self.chosen(points.indices.filter { points[$0].isOnFront }, atMost: share)
      let others = points.indices.filter { !points[$0].isOnFront && points[$0].gatesOpen != nil }
      let kept = front + Self.chosen(others, atMost: share - front.count)
      thinned.series[index].points = kept.sorted().map { points[$0] }
    }
    return thinned
  }

  private static func chosen(_ indices: [Int], atMost count: Int) -> [Int] {
    EvenChoice.indices(of: indices.count, most: count).map { indices[$0] }
  }

  /// Sorts points and marks those on the front.
  private static func marked(_ points: [Point]) -> [Point] {
    var points = points.enumerated().sorted { left, right in
      let (leftKey, rightKey) = (
        left.element.tolerance?.median ?? .infinity, right.element.tolerance?.median ?? .infinity
      )
      return (leftKey, left.offset) < (rightKey, right.offset)
    }.map(\.element)
    // The fewest gates of smaller tolerances, and of the points so far of the same tolerance.
    var tighter = Double.infinity
    var start = points.startIndex
    while start < points.endIndex {
      let tolerance = points[start].tolerance?.median
      let end = points[start...].firstIndex { $0.tolerance?.median != tolerance } ?? points.endIndex
      let met = (start..<end).filter { points[$0].toleranceMet == true && tolerance != nil }
      let fewest = met.compactMap { points[$0].gatesOpen?.median }.min() ?? .infinity
      for index in met where fewest < tighter && points[index].gatesOpen?.median == fewest {
        points[index].isOnFront = true
      }
      tighter = min(tighter, fewest)
      start = end
    }
    return points
  }
}
