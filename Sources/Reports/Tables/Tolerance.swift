import Trials

/// Whether trials kept the tolerance that they were given.
///
/// GECO holds the training error at τ, not below it: a trial that works hovers around τ, about half
/// of its batches above. So a milestone met its tolerance when some batch before it did, and the
/// moving average of the training error stands at most ``slack`` above τ.
enum Tolerance {
  /// How far above τ the moving average may stand, as a share of τ.
  ///
  /// The average spans about 40 batches. Of trials on MNIST (n = 32, τ = 15 and 30) it stood above τ
  /// at 1 to 2 % of the samples after it had first been below, soon after that, and at none of their
  /// milestones; a tenth leaves room for the multiplier's swings and tells them from trials that never
  /// came down.
  static let slack = 0.1
}

extension MilestoneReport {
  /// Whether the trial kept its tolerance here; nil for a baseline, whose τ is 0.
  package var toleranceMet: Bool? {
    guard tolerance > 0 else { return nil }
    return firstHitStep != nil && mse <= tolerance * (1 + Tolerance.slack)
  }
}

extension GridPoints.Point {
  /// Whether every replicate that reached a milestone kept its tolerance there; nil while none has
  /// reached it, and for baselines.
  func toleranceMet(at budget: Budget) -> Bool? {
    let answers = trials.compactMap { $0.reportOrEnd(at: budget)?.toleranceMet }
    return answers.isEmpty ? nil : answers.allSatisfy(\.self)
  }

  /// Whether every replicate that is complete kept its tolerance to the end.
  var toleranceMet: Bool? {
    let answers = trials.compactMap { $0.result?.milestones.last?.toleranceMet }
    return answers.isEmpty ? nil : answers.allSatisfy(\.self)
  }
}
