import Digests

extension TrialConfiguration {
  /// Derives a trial's seed from the sweep's seed, the replicate's number and the trial's
  /// configuration without milestones, quiet rule, ladder of tolerances, precision and latent
  /// traversals.
  ///
  /// So a longer run repeats a shorter one bit for bit and then continues, two precisions of a
  /// trial share the seed and can be compared in pairs, and a trial that also records its latent
  /// traversals has the numbers of one that does not. The first rung of a traced trial repeats the
  /// trial with that tolerance alone.
  /// The seed is the first eight bytes, big-endian, of the SHA-256 of
  /// `<sweep seed, decimal>/<replicate, decimal>/<canonical text with milestones [], no `quiet`
  /// and no `trace`, precision fp32, no `latent_traversals` and seed 0>`.
  package static func deriveSeed(
    sweepSeed: UInt64, replicate: Int, configuration: TrialConfiguration
  ) -> UInt64 {
    var content = configuration
    content.milestones = []
    content.quiet = nil
    content.trace = nil
    content.makePlain()
    content.seed = 0
    return Digest.of("\(sweepSeed)/\(replicate)/\(content.canonicalText)").leadingBits
  }

  /// Makes it the same trial in fp32 and without latent traversals, from which the seed is derived.
  package mutating func makePlain() {
    // Trials share their settings: writing would copy those that are plain already.
    if trainer.precision != .fp32 { trainer.precision = .fp32 }
    if trainer.latentTraversals != .omitted { trainer.latentTraversals = .omitted }
  }
}
