/// What the encoder's second output ℓ says about the posterior of a latent dimension.
///
/// Both readings use the divergence of equation 14, `KLⱼ = −½(1 + ℓⱼ − exp(ℓⱼ) − μⱼ²)`. They
/// differ in the standard deviation that the noise of equation 5 is multiplied by.
package enum Posterior: String, CaseIterable, Codable, Hashable, Sendable {
  /// ℓ = log σ², z = μ + exp(ℓ/2)⊙ε: the divergence is that of the sampled Gaussian from N(0, 1).
  case logVariance = "log-variance"
  /// Equations 2, 5 and 14 to the letter, with one σ: ℓ = log σ, z = μ + σ⊙ε = μ + exp(ℓ)⊙ε. The
  /// divergence is then not that of the sampled Gaussian; it weighs a large σ less.
  case equation14 = "equation-14"
}
