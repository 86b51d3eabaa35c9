/// Whether a trial records its latent traversals at its end, in `latents.safetensors`.
///
/// It changes the files of a trial and so its identity, but no number of it: the seed does not
/// depend on it (``TrialConfiguration/deriveSeed(sweepSeed:replicate:configuration:)``).
package enum LatentTraversals: String, CaseIterable, Codable, Hashable, Sendable {
  /// No such file is written, and nothing is computed for it.
  case omitted
  /// The file is written from the network at the trial's end.
  case recorded
}
