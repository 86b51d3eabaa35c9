import Digests

extension TrialConfiguration {
  /// Derives a trial's seed from the sweep's seed, the replicate's number and the content of the
  /// trial, leaving out its milestones and when it may end before them, and taking its precision for
  /// fp32.
  ///
  /// Without these a longer run repeats a shorter one bit for bit and then goes on. Two
  /// precisions of one trial share the seed, so that they can be compared in pairs.
  /// The seed is the first eight bytes, big-endian, of the SHA-256 of
  /// `<sweep seed, decimal>/<replicate, decimal>/<canonical text with milestones [], no `quiet`,
  /// precision fp32 and seed 0>`.
  package static func deriveSeed(
    sweepSeed: UInt64, replicate: Int, configuration: TrialConfiguration
  ) -> UInt64 {
    var content = configuration
    content.milestones = []
    content.quiet = nil
    if content.trainer.precision != .fp32 { content.trainer.precision = .fp32 }
    content.seed = 0
    return Digest.of("\(sweepSeed)/\(replicate)/\(content.canonicalText)").leadingBits
  }
}
