/// One row of the trajectory: a trial's numbers after a step.
package struct TrajectoryRow: Hashable, Sendable {
  /// Steps taken.
  package var step: Int
  /// E₂ of the step's batch.
  package var squaredError: Double
  /// Moving average of E₂.
  package var mse: Double
  /// C_ma.
  package var constraintAverage: Double
  /// λ′.
  package var multiplier: Double
  /// Share of the batch's images whose own squared error is at most τ.
  package var toleranceHits: Double
  /// ‖ν‖₀.
  package var gatesOpen: Int
  /// Σσ(kγ).
  package var expectedOpen: Double
  /// The divergence term of the step's loss.
  package var divergence: Double
  /// σ(kγ) of every gate.
  package var openProbabilities: [Double]
}
