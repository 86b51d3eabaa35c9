/// How a trial trains: the constants of Algorithm 1, of the optimiser and of the network's
/// elementwise functions, and each choice between readings of the paper that affects results.
///
/// ``TrainerSetting/all`` declares each setting's key, range and meaning; decoding, validation and
/// documentation use it.
package struct TrainerSettings: Hashable, Sendable {
  /// Images per batch, B.
  package var batchSize = 64
  /// Adam's step size.
  package var learningRate = 1e-3
  /// Adam's decay of the first moment.
  package var adamBeta1 = 0.9
  /// Adam's decay of the second moment.
  package var adamBeta2 = 0.999
  /// Adam's ε, added to the root of the second moment.
  package var adamEpsilon = 1e-8
  /// Gate steepness k in σ(kγ).
  package var gateSteepness = 7.0
  /// γ₀ of every gate.
  package var initialGateLogit = 0.42
  /// How often gates are drawn.
  package var gateSampling = GateSampling.perBatch
  /// α, the moving-average factor of GECO's constraint.
  package var constraintSmoothing = 0.99
  /// λ₀, the raw multiplier before its first update.
  package var initialMultiplier = 1.0
  /// λ_min, the lower clamp of the effective multiplier.
  package var multiplierMinimum = 1e-5
  /// λ_max, the upper clamp of the effective multiplier.
  package var multiplierMaximum = 5.0
  /// How the KL terms of the latent dimensions are combined.
  package var klReduction = KLReduction.meanOpen
  /// Slope of the leaky ReLU for negative inputs.
  package var leakySlope = 0.02
  /// The weight of the old value in a running statistic.
  package var batchNormMomentum = 0.8
  /// ε under the root of the batch variance.
  package var batchNormEpsilon = 1e-5
  /// Moving-average factor of the reported training MSE.
  package var mseSmoothing = 0.95
  /// Batches between two rows of the trajectory.
  package var sampleEvery = 500
  /// How many evaluation images the trial reconstructs at its end.
  package var reconstructionCount = 16
  /// The meaning of ℓ for the posterior.
  package var posterior = Posterior.logVariance
  /// Arithmetic of the network.
  package var precision = Precision.fp32
  /// Whether the trial records its latent traversals.
  package var latentTraversals = LatentTraversals.omitted

  /// The defaults, which are the paper's values where it gives any.
  package init() {}
}
