/// How the KL divergences of the latent dimensions are combined in the loss.
package enum KLReduction: String, CaseIterable, Codable, Hashable, Sendable {
  /// The average over open dimensions (Algorithm 1, line 22).
  case meanOpen = "mean-open"
  /// The sum over open dimensions, as in a regular VAE.
  case sum
}
