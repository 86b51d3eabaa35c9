import Trials

/// The state that a trial carries from step to step, except for the network's parameters, their
/// Adam moments and running statistics.
///
/// Random draws depend only on the step number, so this and those arrays are the trainer's whole
/// state.
package struct NarrowingState: Hashable, Sendable {
  /// Steps taken; also Adam's t.
  package internal(set) var step = 0
  /// γ and its moments.
  package internal(set) var gates: Gates
  /// λ and its moments.
  package internal(set) var multiplier: LagrangeMultiplier
  /// C_ma.
  package internal(set) var constraint: Constraint
  /// The step in which a batch first met the tolerance, counted from 1.
  package internal(set) var firstHitStep: Int?
  /// Moving average of E₂; nil before the first step.
  package internal(set) var mse: Double?
  /// Detects when the trial may end before its last milestone; nil if it may not.
  package internal(set) var quiet: QuietDetector?

  /// The state before the first step.
  ///
  /// - Parameters:
  ///   - quiet: The rule for an early end, and the steps of an epoch; nil for none.
  package init(
    latents: Int, tolerance: Double, settings: TrainerSettings,
    quiet: (rule: QuietRule, epochSteps: Int)? = nil
  ) {
    gates = Gates(count: latents, settings: settings)
    multiplier = LagrangeMultiplier(settings: settings)
    constraint = Constraint(tolerance: tolerance, smoothing: settings.constraintSmoothing)
    self.quiet = quiet.map { quiet in
      QuietDetector(
        rule: quiet.rule, epochSteps: quiet.epochSteps, tolerance: tolerance,
        openProbabilities: gates.openProbabilities)
    }
  }

  /// Whether any batch has met the tolerance, Algorithm 1's `hit`.
  ///
  /// Once true, it stays true.
  package var hasHit: Bool { firstHitStep != nil }

  /// Updates the reported training MSE, which starts as the first error.
  mutating func observeMSE(squaredError: Double, smoothing: Double) {
    mse = mse.map { smoothing * $0 + (1 - smoothing) * squaredError } ?? squaredError
  }

  /// Passes the step just taken to the detector.
  mutating func observeQuiet() {
    quiet?.observe(
      QuietDetector.Observation(
        step: step, firstHitStep: firstHitStep, constraintAverage: constraint.average ?? 0,
        multiplier: multiplier.reach, openProbabilities: gates.openProbabilities))
  }
}
