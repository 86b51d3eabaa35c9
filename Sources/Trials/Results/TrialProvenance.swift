import Digests

/// Where and how a result was computed: what is needed to repeat and verify it, and facts that may
/// differ between two runs with the same numbers.
package struct TrialProvenance: Codable, Hashable, Sendable {
  /// The configuration that ran, every parameter resolved to the value used.
  package var configuration: TrialConfiguration
  /// The image archive trained on.
  package var images: Digest
  /// Name of the host.
  package var host: String
  /// The processor's model name.
  package var processor: String
  /// Instruction set that the kernels used.
  package var instructionSet: String
  /// Versions of this product, Swift and the operating system.
  package var versions: [String: String]
  /// When training began, ISO 8601 in UTC.
  package var started: String
  /// Wall-clock seconds of training and evaluation.
  package var seconds: Double
  /// Processor seconds of the trial's process.
  package var processorSeconds: Double
  /// Optimiser steps taken by this attempt.
  package var steps: Int
  /// The checkpoints that the trial resumed from, in order; nil for none.
  package var resumed: [Resumption]?
  /// The share of the steps that ran the decoder for E₁.
  package var secondPassShare: Double
  /// Largest resident memory of the trial's process.
  package var peakResidentBytes: Int

  /// A record of the given facts.
  package init(
    configuration: TrialConfiguration, images: Digest, host: String, processor: String,
    instructionSet: String, versions: [String: String], started: String, seconds: Double,
    processorSeconds: Double, steps: Int, resumed: [Resumption]? = nil, secondPassShare: Double,
    peakResidentBytes: Int
  ) {
    self.configuration = configuration
    self.images = images
    self.host = host
    self.processor = processor
    self.instructionSet = instructionSet
    self.versions = versions
    self.started = started
    self.seconds = seconds
    self.processorSeconds = processorSeconds
    self.steps = steps
    self.resumed = resumed
    self.secondPassShare = secondPassShare
    self.peakResidentBytes = peakResidentBytes
  }

  /// The key of this product in ``versions``.
  package static let program = "bottlenecksweep"
  /// The key in ``versions`` of the build named in a result, if the worker announced another one.
  package static let programSaid = "bottlenecksweep as the result says"

  private enum CodingKeys: String, CodingKey {
    case configuration
    case images = "images_sha256"
    case host
    case processor
    case instructionSet = "instruction_set"
    case versions
    case started
    case seconds
    case processorSeconds = "processor_seconds"
    case steps
    case resumed
    case secondPassShare = "second_pass_share"
    case peakResidentBytes = "peak_resident_bytes"
  }
}
