/// The meaning of the encoder's second output ℓ for the posterior of a latent dimension.
///
/// Both readings use the divergence of equation 14, `KLⱼ = −½(1 + ℓⱼ − exp(ℓⱼ) − μⱼ²)`. They
/// differ in the standard deviation that the noise of equation 5 is multiplied by.
package enum Posterior: String, CaseIterable, Codable, Hashable, Sendable {
  /// ℓ = log σ², z = μ + exp(ℓ/2)⊙ε: the divergence of the sampled Gaussian from N(0, 1) is exact.
  case logVariance = "log-variance"
  /// Equations 2, 5 and 14 literally, with one σ: ℓ = log σ, z = μ + σ⊙ε = μ + exp(ℓ)⊙ε. The
  /// divergence is not that of the sampled Gaussian; it penalises a large σ less.
  case equation14 = "equation-14"
}
