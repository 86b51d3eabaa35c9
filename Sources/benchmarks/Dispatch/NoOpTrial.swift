import Benches
import Digests
import Foundation
import Trials
import Wire

/// The result of a trial that is not trained: the same numbers and files for all.
struct NoOpTrial {
  /// The files that every result names.
  let artifacts: [(artifact: Artifact, content: [UInt8])]
  private let result: TrialResult
  private var templates: [Kind: Template] = [:]

  private static let trajectory = """
    step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open,expected_open,\
    kl,gate_0,gate_1,gate_2
    10,21.5,21.5,0.5,0.5,0,2,1.875,1,0.9375,0.8125,0.125

    """

  /// A result for trials with one milestone of these batches.
  init(batches: Int) throws {
    artifacts = ArtifactKind.allCases.map { kind in
      let content: [UInt8] =
        switch kind {
        case .trajectory: Array(Self.trajectory.utf8)
        case .pace: Array((TrajectoryText.paceColumns.joined(separator: ",") + "\n").utf8)
        default: Array(kind.rawValue.utf8)
        }
      return (
        Artifact(kind: kind, digest: Digest.of(content), byteCount: content.count), content
      )
    }
    let images = Digest.of("images")
    let configuration = TrialConfiguration(
      dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(1), milestones: [.batches(batches)], seed: 1)
    result = TrialResult(
      milestones: [
        MilestoneReport(
          budget: .batches(batches), tolerance: Self.standIn, step: batches, ending: .budget,
          stateDigest: Digest.of("state"), gatesOpen: 2, mse: 21.5, evaluationMSE: 22.25,
          firstHitStep: nil, multiplier: 0.5, openProbabilities: [0.9375, 0.8125, 0.125])
      ], artifacts: artifacts.map(\.artifact),
      provenance: TrialProvenance(
        configuration: configuration, images: images, host: "bench", processor: "none",
        instructionSet: "none", versions: ["bottlenecksweep": ProductVersion.current],
        started: "2026-01-01T00:00:00Z", seconds: 0.001, processorSeconds: 0.001, steps: batches,
        secondPassShare: 0, peakResidentBytes: 1))
  }

  /// The serialised result of a trial with this configuration, trained on these images.
  ///
  /// Encoded once per length of a configuration and n, so that encoding does not affect the
  /// measurement.
  mutating func serialised(configuration: [UInt8], images: Digest) throws -> [UInt8] {
    let kind = Kind(
      byteCount: configuration.count, latents: Int(try Self.number("latents", in: configuration)))
    let template = try templates[kind] ?? template(configuration, images)
    templates[kind] = template
    var bytes = template.bytes
    bytes.replaceSubrange(template.configuration, with: configuration)
    bytes.replaceSubrange(template.images, with: images.bytes)
    bytes.replaceSubrange(
      template.tolerance, with: Self.bytes(try Self.number("tolerance", in: configuration)))
    return bytes
  }

  /// The placeholder of the tolerance in a template.
  private static let standIn = 1234.567890123

  /// A number in the protocol's encoding.
  private static func bytes(_ number: Double) -> [UInt8] {
    withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init)
  }

  /// A number in the text of a configuration.
  private static func number(_ key: String, in configuration: [UInt8]) throws -> Double {
    guard let place = configuration.firstRange(of: Array("\"\(key)\":".utf8)) else {
      throw BenchmarkError("a configuration without \(key)")
    }
    let digits = configuration[place.upperBound...].prefix {
      $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}")
    }
    guard let number = Double(String(decoding: digits, as: UTF8.self)) else {
      throw BenchmarkError("a configuration whose \(key) is no number")
    }
    return number
  }

  private func template(_ configuration: [UInt8], _ images: Digest) throws -> Template {
    var result = result
    result.provenance.configuration = try CanonicalJSON.decode(
      TrialConfiguration.self, from: Data(configuration))
    result.provenance.images = images
    let latents = try result.provenance.configuration.resolvedLatents()
    let probabilities = [0.9375, 0.8125] + [Double](repeating: 0.125, count: max(latents, 2) - 2)
    result.milestones[0].openProbabilities = Array(probabilities.prefix(latents))
    result.milestones[0].gatesOpen = min(latents, 2)
    let bytes = ReceivedResult(result).bytes
    guard let text = bytes.firstRange(of: configuration),
      let digest = bytes.firstRange(of: images.bytes),
      let tolerance = bytes.firstRange(of: Self.bytes(Self.standIn))
    else { throw BenchmarkError("a result without its configuration") }
    return Template(bytes: bytes, configuration: text, images: digest, tolerance: tolerance)
  }

  private struct Kind: Hashable {
    var byteCount: Int
    var latents: Int
  }

  private struct Template {
    var bytes: [UInt8]
    var configuration: Range<Int>
    var images: Range<Int>
    var tolerance: Range<Int>
  }
}
