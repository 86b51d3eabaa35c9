import Trials

/// Whether trials kept their tolerance.
///
/// GECO keeps the training error at τ, not below: about half of a trial's batches are above τ. So a
/// milestone counts as met if a batch before it met τ and the moving average of the training error
/// is at most ``slack`` above τ.
enum Tolerance {
  /// The largest excess of the moving average over τ, as a share of τ.
  ///
  /// The average spans about 40 batches. In trials on MNIST (n = 32, τ = 15 and 30) it was above τ
  /// at 1 to 2 % of the samples, soon after it had first been below, and at no milestone. A tenth
  /// allows for oscillations of the multiplier, and is exceeded by trials that never reach τ.
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
  /// Whether every replicate that reached a milestone kept its tolerance there; nil for baselines,
  /// and while none has reached it.
  func toleranceMet(at budget: Budget) -> Bool? {
    let answers = trials.compactMap { $0.reportOrEnd(at: budget)?.toleranceMet }
    return answers.isEmpty ? nil : answers.allSatisfy(\.self)
  }

  /// Whether every complete replicate kept its tolerance at its end, or at that of the rung.
  var toleranceMet: Bool? {
    let answers = trials.compactMap { report(of: $0)?.toleranceMet }
    return answers.isEmpty ? nil : answers.allSatisfy(\.self)
  }
}
