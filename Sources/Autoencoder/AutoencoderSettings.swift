import Primitives

/// The settings of the network's arithmetic.
package struct AutoencoderSettings: Hashable, Sendable {
  /// Slope of every leaky ReLU for negative inputs; more than 0.
  package var leakySlope: Double
  /// Share of the old value that a running statistic keeps:
  /// `running = momentum · running + (1 − momentum) · batch`.
  package var batchNormMomentum: Double
  /// Added to the variance before its root is taken.
  package var batchNormEpsilon: Double
  /// The number format of multiplications.
  package var arithmetic: Arithmetic

  /// The given settings; the defaults are the paper's.
  package init(
    leakySlope: Double = 0.02, batchNormMomentum: Double = 0.8, batchNormEpsilon: Double = 1e-5,
    arithmetic: Arithmetic = .fp32
  ) {
    self.leakySlope = leakySlope
    self.batchNormMomentum = batchNormMomentum
    self.batchNormEpsilon = batchNormEpsilon
    self.arithmetic = arithmetic
  }
}
