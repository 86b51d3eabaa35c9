import Digests
import Foundation
import Trials

/// The result of a trial that computed nothing: the same numbers and files for all.
struct NoOpTrial {
  /// The files that every result names.
  let artifacts: [(artifact: Artifact, content: [UInt8])]
  private let head: [UInt8]
  private let middle: [UInt8]
  private let tail: [UInt8]
  /// The digest of what is deterministic about every result.
  let contentDigest: Digest

  private static let trajectory = """
    step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,expected_open,\
    kl,gate_0,gate_1,gate_2
    10,21.5,21.5,0.5,0.5,0,2,1.875,1,0.9375,0.8125,0.125

    """

  /// A result for trials with one milestone of these batches.
  init(batches: Int) throws {
    artifacts = ArtifactKind.allCases.map { kind in
      let content = Array((kind == .trajectory ? Self.trajectory : kind.rawValue).utf8)
      return (
        Artifact(kind: kind, digest: Digest.of(content), byteCount: content.count), content
      )
    }
    let images = Digest.of("images")
    let configuration = TrialConfiguration(
      dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(1), milestones: [.batches(batches)], seed: 1)
    let result = TrialResult(
      milestones: [
        MilestoneReport(
          budget: .batches(batches), step: batches, gatesOpen: 2, mse: 21.5, evaluationMSE: 22.25,
          firstHitStep: nil, multiplier: 0.5, openProbabilities: [0.9375, 0.8125, 0.125])
      ], artifacts: artifacts.map(\.artifact),
      provenance: TrialProvenance(
        configuration: configuration, images: images, host: "bench", processor: "none",
        instructionSet: "none", versions: ["bottlenecksweep": ProductVersion.current],
        started: "2026-01-01T00:00:00Z", seconds: 0.001, processorSeconds: 0.001, steps: batches,
        secondPassShare: 0, peakResidentBytes: 1))
    contentDigest = result.contentDigest
    let text = CanonicalJSON.text(result)
    guard let own = text.range(of: configuration.canonicalText),
      let archive = text.range(of: images.hexadecimal)
    else { throw BenchmarkError("a result without its configuration") }
    head = Array(text[..<own.lowerBound].utf8)
    middle = Array(text[own.upperBound..<archive.lowerBound].utf8)
    tail = Array(text[archive.upperBound...].utf8)
  }

  /// The result's JSON for a trial of this configuration, trained on these images.
  func json(configuration: [UInt8], images: Digest) -> [UInt8] {
    head + configuration + middle + Array(images.hexadecimal.utf8) + tail
  }
}
