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
    /// Whether no other point of its series has fewer or equally many gates at a tolerance as
    /// tight or tighter.
    var isOnFront = false
  }

  /// Points that differ in their tolerance only.
  struct Series {
    /// The images of all its points.
    var dataset: Dataset
    /// What sets the series apart from the others of its data set, or its n.
    var label: String
    /// The points by ascending tolerance, those without one last.
    var points: [Point]

    /// The points that have a result and are not beaten, by ascending tolerance.
    var front: [Point] { points.filter(\.isOnFront) }
  }

  /// The series in the plan's order.
  let series: [Series]

  /// The front of a sweep.
  init(of results: SweepResults) {
    let reports = results.lastReports
    var keys: [String] = []
    var configurations: [TrialConfiguration] = []
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
        mse: gridPoint.spread(\.mse), evaluationMSE: gridPoint.spread(\.evaluationMSE))
      if let index = keys.firstIndex(of: key) {
        members[index].append(point)
      } else {
        keys.append(key)
        configurations.append(gridPoint.configuration)
        members.append([point])
      }
    }
    series = zip(configurations, members).map { configuration, points in
      Series(
        dataset: configuration.dataset,
        label: Self.label(
          of: configuration,
          among: configurations.filter { $0.dataset == configuration.dataset }),
        points: Self.marked(points))
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
      guard let tolerance = points[index].tolerance, let gates = points[index].gatesOpen else {
        continue
      }
      points[index].isOnFront = !points.contains { other in
        guard let otherTolerance = other.tolerance, let otherGates = other.gatesOpen else {
          return false
        }
        let difference = (
          otherTolerance.median - tolerance.median, otherGates.median - gates.median
        )
        return difference.0 <= 0 && difference.1 <= 0 && (difference.0 < 0 || difference.1 < 0)
      }
    }
    return points
  }

  /// What sets a configuration apart from others of its data set: `n = 32`, and whatever differs.
  private static func label(
    of configuration: TrialConfiguration, among others: [TrialConfiguration]
  ) -> String {
    func facts(_ configuration: TrialConfiguration) -> [(name: String, text: String)] {
      let latents = (try? configuration.resolvedLatents()).map(String.init) ?? "measured"
      return [
        ("n", latents),
        ("channels", configuration.model.channels.map(String.init).joined(separator: "-")),
        ("budget", configuration.milestones.last?.description ?? ""),
      ]
        + TrainerSetting.all.map { setting in
          let text = setting.text(in: configuration.trainer)
          return (setting.key, Double(text).map(NumberText.shortest) ?? text)
        }
    }
    let tables = others.map(facts)
    let own = facts(configuration)
    let parts = own.enumerated().filter { index, _ in
      index == 0 || Set(tables.map { $0[index].text }).count > 1
    }
    return parts.map { "\($1.name) = \($1.text)" }.joined(separator: ", ")
  }
}
