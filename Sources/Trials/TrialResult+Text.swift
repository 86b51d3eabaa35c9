import Digests
import Foundation

extension TrialResult {
  /// Reads a result that a worker wrote, and makes sure that its deterministic part has a digest.
  ///
  /// The canonical spelling is read directly, in a tenth of the time; any other by the decoder.
  ///
  /// - Parameters:
  ///   - text: The result's JSON.
  ///   - digest: The ``contentDigest`` that it shall have.
  ///   - planned: The configuration that probably ran; saves reading it when it did.
  /// - Returns: The result and its own content digest, equal to `digest` if all is well.
  /// - Throws: `DecodingError` when the text is no result.
  package static func read(
    _ text: [UInt8], expecting digest: Digest, planned: TrialConfiguration?
  ) throws -> (result: TrialResult, contentDigest: Digest) {
    let canonical = text.withUnsafeBufferPointer { bytes -> TrialResult? in
      var reader = CanonicalResultReader(bytes, planned: planned)
      guard let result = try? reader.result(), reader.contentDigest == digest else { return nil }
      return result
    }
    if let canonical { return (canonical, digest) }
    let result = try CanonicalJSON.decode(TrialResult.self, from: Data(text))
    return (result, result.contentDigest)
  }
}

/// Reads the canonical spelling of a ``TrialResult``.
private struct CanonicalResultReader {
  private var scanner: JSONScanner
  private let planned: TrialConfiguration?
  /// The canonical text of what is deterministic, as far as it was read.
  private var deterministic: [UInt8] = []
  private var milestonesText = UnsafeBufferPointer<UInt8>(start: nil, count: 0)

  init(_ bytes: UnsafeBufferPointer<UInt8>, planned: TrialConfiguration?) {
    scanner = JSONScanner(bytes)
    self.planned = planned
  }

  /// The ``TrialResult/contentDigest`` of the text that was read.
  var contentDigest: Digest {
    var text = Array(milestonesText)
    text += [UInt8(ascii: "\n"), UInt8(ascii: "[")]
    text += deterministic
    text.append(UInt8(ascii: "]"))
    return Digest.of(text)
  }

  mutating func result() throws -> TrialResult {
    try scanner.expect("{\"artifacts\":[")
    var artifacts: [Artifact] = []
    repeat { artifacts.append(try artifact()) } while scanner.takes(",")
    try scanner.expect("],\"milestones\":")
    let start = scanner.position
    try scanner.expect("[")
    var milestones: [MilestoneReport] = []
    repeat { milestones.append(try milestone()) } while scanner.takes(",")
    try scanner.expect("]")
    milestonesText = scanner.bytes(since: start)
    try scanner.expect(",\"provenance\":")
    let provenance = try provenance()
    try scanner.expect("}")
    guard scanner.isAtEnd else { throw JSONScanner.Unexpected() }
    return TrialResult(milestones: milestones, artifacts: artifacts, provenance: provenance)
  }

  private mutating func artifact() throws -> Artifact {
    let start = scanner.position
    try scanner.expect("{\"bytes\":")
    let byteCount = try scanner.int()
    try scanner.expect(",\"kind\":")
    guard let kind = ArtifactKind(rawValue: try scanner.string()) else {
      throw JSONScanner.Unexpected()
    }
    try scanner.expect(",\"sha256\":")
    let digest = try digest()
    try scanner.expect("}")
    if kind.isDeterministic {
      if !deterministic.isEmpty { deterministic.append(UInt8(ascii: ",")) }
      deterministic += scanner.bytes(since: start)
    }
    return Artifact(kind: kind, digest: digest, byteCount: byteCount)
  }

  private mutating func milestone() throws -> MilestoneReport {
    try scanner.expect("{\"budget\":")
    guard let budget = Budget(try scanner.string()) else { throw JSONScanner.Unexpected() }
    try scanner.expect(",\"evaluation_mse\":")
    let evaluationMSE = try scanner.double()
    let firstHitStep = scanner.takes(",\"first_hit_step\":") ? try scanner.int() : nil
    try scanner.expect(",\"gates_open\":")
    let gatesOpen = try scanner.int()
    try scanner.expect(",\"mse\":")
    let mse = try scanner.double()
    try scanner.expect(",\"multiplier\":")
    let multiplier = try scanner.double()
    try scanner.expect(",\"open_probabilities\":[")
    var probabilities: [Double] = []
    if !scanner.takes("]") {
      repeat { probabilities.append(try scanner.double()) } while scanner.takes(",")
      try scanner.expect("]")
    }
    try scanner.expect(",\"step\":")
    let step = try scanner.int()
    try scanner.expect("}")
    return MilestoneReport(
      budget: budget, step: step, gatesOpen: gatesOpen, mse: mse, evaluationMSE: evaluationMSE,
      firstHitStep: firstHitStep, multiplier: multiplier, openProbabilities: probabilities)
  }

  private mutating func provenance() throws -> TrialProvenance {
    try scanner.expect("{\"configuration\":")
    let configuration = try configuration(try scanner.object())
    try scanner.expect(",\"host\":")
    let host = try scanner.string()
    try scanner.expect(",\"images_sha256\":")
    let images = try digest()
    try scanner.expect(",\"instruction_set\":")
    let instructionSet = try scanner.string()
    try scanner.expect(",\"peak_resident_bytes\":")
    let peakResidentBytes = try scanner.int()
    try scanner.expect(",\"processor\":")
    let processor = try scanner.string()
    try scanner.expect(",\"processor_seconds\":")
    let processorSeconds = try scanner.double()
    try scanner.expect(",\"second_pass_share\":")
    let secondPassShare = try scanner.double()
    try scanner.expect(",\"seconds\":")
    let seconds = try scanner.double()
    try scanner.expect(",\"started\":")
    let started = try scanner.string()
    try scanner.expect(",\"steps\":")
    let steps = try scanner.int()
    try scanner.expect(",\"versions\":{")
    var versions: [String: String] = [:]
    if !scanner.takes("}") {
      repeat {
        let key = try scanner.string()
        try scanner.expect(":")
        versions[key] = try scanner.string()
      } while scanner.takes(",")
      try scanner.expect("}")
    }
    try scanner.expect("}")
    return TrialProvenance(
      configuration: configuration, images: images, host: host, processor: processor,
      instructionSet: instructionSet, versions: versions, started: started, seconds: seconds,
      processorSeconds: processorSeconds, steps: steps, secondPassShare: secondPassShare,
      peakResidentBytes: peakResidentBytes)
  }

  private func configuration(
    _ text: UnsafeBufferPointer<UInt8>
  ) throws -> TrialConfiguration {
    if let planned, planned.canonicalText.utf8.elementsEqual(text) { return planned }
    return try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text))
  }

  private mutating func digest() throws -> Digest {
    guard let digest = Digest(hexadecimal: try scanner.string()) else {
      throw JSONScanner.Unexpected()
    }
    return digest
  }
}
