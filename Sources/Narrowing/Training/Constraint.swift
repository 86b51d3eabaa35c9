/// GECO's constraint on the reconstruction error and its moving average.
///
/// Source: Rezende and Viola, "Taming VAEs"; Algorithm 1, step 4.
package struct Constraint: Hashable, Sendable {
  /// τ, the tolerated summed squared error per image.
  package internal(set) var tolerance: Double
  /// α, the weight of the old average.
  package let smoothing: Double
  /// C_ma, the moving average of E₂ − τ; nil before the first batch.
  package internal(set) var average: Double?

  /// A constraint that has seen no batch.
  package init(tolerance: Double, smoothing: Double) {
    self.tolerance = tolerance
    self.smoothing = smoothing
  }

  /// Updates the average with a batch's error: `C = E₂ − τ`; `C_ma = C` at first, then `α·C_ma +
  /// (1−α)·C`.
  ///
  /// - Returns: This batch's C and the new average C_ma.
  package mutating func observe(squaredError: Double) -> (constraint: Double, average: Double) {
    let constraint = squaredError - tolerance
    let average = self.average.map { smoothing * $0 + (1 - smoothing) * constraint } ?? constraint
    self.average = average
    return (constraint, average)
  }
}
