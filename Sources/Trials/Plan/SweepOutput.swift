/// A figure or table that a sweep requests; all but the last two are the paper's.
package enum SweepOutput: String, CaseIterable, Codable, Hashable, Sendable {
  /// The four traces of one run.
  case figure1
  /// Originals and reconstructions of one run.
  case figure2
  /// The front of tolerance against open gates.
  case figure3
  /// Baseline MSE and open gates of the narrowed runs, per data set and size.
  case table1
  /// The step and the error at which each gate closed.
  case gates
  /// What each open latent dimension shows, and when the others closed. A sweep that asks for it
  /// plans trials with ``LatentTraversals/recorded``.
  case latents
}
