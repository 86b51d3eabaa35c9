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

  /// Puts λ and its moments into a saved state.
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
  /// Beyond a clamp only the move further outward is blocked; the way back in stays open. The
  /// derivative of a plain clamp would freeze λ there for ever. This is how the authors of GECO
  /// published it.
  package func gradient(constraintAverage: Double) -> Double {
    let squared = squaredSoftplus
    if squared > maximum, constraintAverage > 0 { return 0 }
    if squared < minimum, constraintAverage < 0 { return 0 }
    return -constraintAverage * 2 * Sigmoid.softplus(raw) * Sigmoid.value(raw)
  }

  /// Moves λ so that the constraint weighs more while its average is positive, less after.
  mutating func ascend(constraintAverage: Double, adam: Adam) {
    let gradient = gradient(constraintAverage: constraintAverage)
    adam.descend(&raw, gradient: gradient, moments: &moments)
  }
}
