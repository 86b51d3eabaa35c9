import Trials

/// The content of a sweep file before expansion, each value with its type and position.
struct SweepDeclaration {
  var name = ""
  var question = ""
  var outputs: [SweepOutput] = []
  var seed: UInt64 = 1
  var replicates = 1
  var limits = SweepLimits()
  /// The top level: defaults for every stage, and the axes that all stages share.
  var shared = Scope()
  /// In the order of the file; never empty.
  var stages: [Stage] = []
  /// The position in messages about the whole sweep.
  var place: SourcePlace

  /// The name of the only stage of a sweep without `stages:`.
  static let onlyStageName = "main"
  /// The allowed numbers of replicates.
  static let replicateRange = 1...10_000

  struct Stage {
    var name: String
    var place: SourcePlace
    var scope: Scope
  }
}

/// The values and axes of the top level or of one stage.
struct Scope {
  var fixed: [TrialKey: Placed<TrialValue>] = [:]
  /// Plain axes in the order of the file, then groups of paired ones; the first varies slowest.
  var axes: [Axis] = []
  /// Keys with an invalid value or axis; they do not count as missing.
  var unreadable: Set<TrialKey> = []

  /// Every key that an axis sets.
  var axisKeys: Set<TrialKey> { Set(axes.flatMap(\.keys)) }

  /// Every key that the scope sets, even with an invalid value.
  var keys: Set<TrialKey> { axisKeys.union(fixed.keys).union(unreadable) }

  /// Whether the scope fixes a key or the one that stands in its place.
  func fixes(_ key: TrialKey) -> Bool {
    fixed[key] != nil || key.rival.map { fixed[$0] != nil } ?? false
  }

  /// Whether the scope sets a key or the one that stands in its place, even with an invalid value.
  func sets(_ key: TrialKey) -> Bool {
    keys.contains(key) || key.rival.map(keys.contains) ?? false
  }

  /// The number of points of the axes' grid; nil beyond 64 bits.
  var pointCount: Int? {
    var count = 1
    for axis in axes {
      let (product, overflow) = count.multipliedReportingOverflow(by: axis.points.count)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  /// All values of a key in the scope, along an axis or fixed; nil if it has none.
  func values(of key: TrialKey) -> [Placed<TrialValue>]? {
    for axis in axes {
      guard let column = axis.keys.firstIndex(of: key) else { continue }
      return axis.points.map { $0[column] }
    }
    return fixed[key].map { [$0] }
  }

  /// The values that the axes set at a point.
  func values(at point: Int) -> [TrialKey: Placed<TrialValue>] {
    var values: [TrialKey: Placed<TrialValue>] = [:]
    forEachValue(at: point) { values[$0] = $1 }
    return values
  }

  /// Calls a function with each value that the axes set at a point, last axis first.
  func forEachValue(at point: Int, _ body: (TrialKey, Placed<TrialValue>) -> Void) {
    var remainder = point
    for axis in axes.reversed() {
      let values = axis.points[remainder % axis.points.count]
      for (column, key) in axis.keys.enumerated() { body(key, values[column]) }
      remainder /= axis.points.count
    }
  }
}

/// One dimension of the grid: a key and its values, or several keys that vary together.
struct Axis {
  var place: SourcePlace
  var keys: [TrialKey]
  /// For each point a value of each key.
  var points: [[Placed<TrialValue>]]
}
