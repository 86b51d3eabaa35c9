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
  /// The rung that a traced trial is on; nil for other trials.
  package internal(set) var rung: Rung?
  /// Detects when the trial, or the rung, may end before its milestone; nil if it may not.
  ///
  /// It counts steps from the rung's beginning.
  package internal(set) var quiet: QuietDetector?

  /// The state before the first step.
  ///
  /// - Parameters:
  ///   - quiet: The rule for an early end, and the steps of an epoch; nil for none.
  ///   - ladder: The tolerances of a traced trial, of which `tolerance` is the first; nil for others.
  package init(
    latents: Int, tolerance: Double, settings: TrainerSettings,
    quiet: (rule: QuietRule, epochSteps: Int)? = nil, ladder: ToleranceLadder? = nil
  ) {
    rung = ladder.map { Rung(of: $0, settings: settings) }
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
    let beginning = rung?.beginning ?? 0
    quiet?.observe(
      QuietDetector.Observation(
        step: step - beginning, firstHitStep: firstHitStep.map { max($0 - beginning, 0) },
        constraintAverage: constraint.average ?? 0,
        multiplier: multiplier.reach, openProbabilities: gates.openProbabilities))
  }
}
