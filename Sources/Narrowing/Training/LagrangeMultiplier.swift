import Trials

/// GECO's Lagrange multiplier: the raw λ that Adam moves and the effective λ′ that weighs the
/// constraint.
///
/// Algorithm 1, steps 5 and 9.
package struct LagrangeMultiplier: Hashable, Sendable {
  /// λ, unconstrained.
  package private(set) var raw: Double
  /// λ_min.
  package let minimum: Double
  /// λ_max.
  package let maximum: Double
  /// Adam's moments of λ.
  private(set) var moments: Adam.Moments

  /// The multiplier at the settings' initial value and clamps.
  package init(settings: TrainerSettings) {
    self.init(raw: settings.initialMultiplier, settings: settings, moments: Adam.Moments())
  }

  /// A multiplier in a given state.
  init(raw: Double, settings: TrainerSettings, moments: Adam.Moments) {
    self.raw = raw
    self.moments = moments
    minimum = settings.multiplierMinimum
    maximum = settings.multiplierMaximum
  }

  /// Restores λ and its moments.
  mutating func restore(raw: Double, moments: Adam.Moments) {
    self.raw = raw
    self.moments = moments
  }

  private var squaredSoftplus: Double {
    let softplus = Sigmoid.softplus(raw)
    return softplus * softplus
  }

  /// λ′ = clamp(softplus(λ)², λ_min, λ_max).
  package var effective: Double { min(max(squaredSoftplus, minimum), maximum) }

  /// Where λ′ is between its clamps.
  var reach: QuietDetector.Reach {
    let squared = squaredSoftplus
    return squared >= maximum ? .maximum : squared <= minimum ? .minimum : .between
  }

  /// The gradient that, *descended*, makes λ ascend: `−C_ma · dλ′/dλ` with
  /// `dλ′/dλ = 2·softplus(λ)·σ(λ)`.
  ///
  /// Beyond a clamp, the gradient is zero only if it would move λ further out. The derivative of
  /// the clamp itself would keep λ there for ever. GECO's published code does the same.
  package func gradient(constraintAverage: Double) -> Double {
    let squared = squaredSoftplus
    if squared > maximum, constraintAverage > 0 { return 0 }
    if squared < minimum, constraintAverage < 0 { return 0 }
    return -constraintAverage * 2 * Sigmoid.softplus(raw) * Sigmoid.value(raw)
  }

  /// Increases λ while the constraint's average is positive, and decreases it while negative.
  mutating func ascend(constraintAverage: Double, adam: Adam) {
    let gradient = gradient(constraintAverage: constraintAverage)
    adam.descend(&raw, gradient: gradient, moments: &moments)
  }
}
