import Digests
import Trials

/// Plausible values for tests that only pass them on.
package enum Samples {
  /// A small trial.
  package static let configuration = TrialConfiguration(
    dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
    tolerance: .value(20), milestones: [.batches(20)], seed: 1)

  /// Its result.
  package static let result = TrialResult(
    milestones: [
      MilestoneReport(
        budget: .batches(20), tolerance: 20, step: 20, ending: .budget,
        stateDigest: Digest.of("state"), gatesOpen: 2, mse: 21.5, evaluationMSE: 22.25,
        firstHitStep: 11, multiplier: 0.5, openProbabilities: [0.9, 0.8, 0.1])
    ],
    artifacts: [Artifact(kind: .model, digest: Digest.of("model"), byteCount: 5)],
    provenance: TrialProvenance(
      configuration: configuration, images: Digest.of("images"), host: "host",
      processor: "processor", instructionSet: "AVX-512", versions: ["product": "1"],
      started: "2026-01-01T00:00:00Z", seconds: 2, processorSeconds: 2, steps: 20,
      secondPassShare: 0.5, peakResidentBytes: 1 << 20))
}
