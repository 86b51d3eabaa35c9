import Trials

/// A sweep file as read: every value typed and placed, nothing expanded.
struct SweepDeclaration {
  var name = ""
  var question = ""
  var outputs: [SweepOutput] = []
  var seed: UInt64 = 1
  var replicates = 1
  var limits = SweepLimits()
  /// What stands at the top level: defaults of every stage, and the axes that all stages share.
  var shared = Scope()
  /// In the order of the file; never empty.
  var stages: [Stage] = []
  /// Where messages about the sweep as a whole point to.
  var place: SourcePlace

  /// The one stage of a sweep that names none.
  static let onlyStageName = "main"
  /// How many replicates a sweep may ask for.
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
  /// Keys whose value or axis could not be read; they are neither missing nor anything else.
  var unreadable: Set<TrialKey> = []

  /// Every key that some axis sets.
  var axisKeys: Set<TrialKey> { Set(axes.flatMap(\.keys)) }

  /// Every key that the scope sets or meant to set.
  var keys: Set<TrialKey> { axisKeys.union(fixed.keys).union(unreadable) }

  /// How many points the axes span; nil beyond 64 bits.
  var pointCount: Int? {
    var count = 1
    for axis in axes {
      let (product, overflow) = count.multipliedReportingOverflow(by: axis.points.count)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  /// Every value that the scope gives a key, along an axis or fixed; nil if it gives none.
  func values(of key: TrialKey) -> [Placed<TrialValue>]? {
    for axis in axes {
      guard let column = axis.keys.firstIndex(of: key) else { continue }
      return axis.points.map { $0[column] }
    }
    return fixed[key].map { [$0] }
  }

  /// What the axes set at a point.
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
  /// For each point a value for each of `keys`.
  var points: [[Placed<TrialValue>]]
}
