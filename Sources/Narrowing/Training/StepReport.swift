/// The numbers of one step of Algorithm 1.
package struct StepReport: Hashable, Sendable {
  /// E₂, mean over the batch of the summed squared error under ν₂.
  package let squaredError: Double
  /// E₁, the same under ν₁.
  package let firstSquaredError: Double
  /// C = E₂ − τ.
  package let constraint: Double
  /// C_ma after this batch.
  package let constraintAverage: Double
  /// λ′ of this step.
  package let multiplier: Double
  /// The divergence term of the loss.
  package let divergence: Double
  /// Whether the decoder ran for E₁.
  package let ranSecondPass: Bool
}
