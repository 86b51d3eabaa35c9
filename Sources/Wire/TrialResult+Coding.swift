import Digests
import Foundation
import SwiftProtobuf
import Trials

extension ReceivedResult {
  /// Reads a serialised `Result`, once, into what it says and its content's digest.
  ///
  /// - Parameters:
  ///   - bytes: The result as a worker sent it or a record holds it.
  ///   - planned: The configuration that probably ran; saves reading it when it did.
  /// - Throws: ``WireError``; any bytes whatever give a result or an error.
  package init(
    serialised bytes: [UInt8], planned: TrialConfiguration? = nil
  ) throws(WireError) {
    let body = try Framing.body(
      bytes, "result", as: PBResult.self, limit: WireLimits.resultByteCount)
    let content = try Framing.body(
      [UInt8](body.content), "content", as: PBContent.self, limit: WireLimits.resultByteCount)
    guard content.reports.count <= WireLimits.reportCount else {
      throw .tooLarge(
        place: "reports", count: content.reports.count, limit: WireLimits.reportCount)
    }
    var milestones: [MilestoneReport] = []
    for report in content.reports { milestones.append(try MilestoneReport(report)) }
    self.init(
      result: TrialResult(
        milestones: milestones,
        artifacts: try Artifact.artifacts(content.artifacts, deterministic: true)
          + Artifact.artifacts(body.otherArtifacts, deterministic: false),
        provenance: try TrialProvenance(body.provenance, planned: planned)),
      bytes: bytes, contentDigest: Digest.of(body.content))
  }

  /// Serialises a result.
  package init(_ result: TrialResult) {
    var content = PBContent()
    content.reports = result.milestones.map(\.body)
    content.artifacts = result.content.artifacts.map(\.body)
    var body = PBResult()
    body.content = Data(Framing.bytes(of: content))
    body.provenance = result.provenance.body
    body.otherArtifacts = result.artifacts.filter { !$0.kind.isDeterministic }.map(\.body)
    self.init(
      result: result, bytes: Framing.bytes(of: body), contentDigest: Digest.of(body.content))
  }
}

extension ReceivedResult {
  /// A serialised result with one more file whose bytes may differ between two runs.
  ///
  /// The bytes stay as they are and others follow: protobuf appends repeated fields that come later.
  package static func appending(_ artifact: Artifact, to bytes: [UInt8]) -> [UInt8] {
    var addition = PBResult()
    addition.otherArtifacts = [artifact.body]
    return bytes + Framing.bytes(of: addition)
  }
}

extension Artifact {
  /// The artifacts of one part of a result, each of a kind that belongs there, none twice.
  fileprivate static func artifacts(
    _ bodies: [PBArtifact], deterministic: Bool
  ) throws(WireError) -> [Artifact] {
    var artifacts: [Artifact] = []
    for body in bodies {
      guard let kind = ArtifactKind(rawValue: body.kind), kind.isDeterministic == deterministic,
        !artifacts.contains(where: { $0.kind == kind })
      else {
        throw .malformed(
          place: "artifacts", found: String(reflecting: String(body.kind.prefix(40))),
          expected: "each of "
            + ArtifactKind.allCases.filter { $0.isDeterministic == deterministic }
            .map(\.rawValue).joined(separator: ", ") + " at most once")
      }
      artifacts.append(
        Artifact(
          kind: kind, digest: try Field.digest(body.sha256, "artifact sha256"),
          byteCount: try Field.count(body.bytes, "artifact bytes")))
    }
    return artifacts
  }

  fileprivate var body: PBArtifact {
    var body = PBArtifact()
    body.kind = kind.rawValue
    body.sha256 = Data(digest.bytes)
    body.bytes = UInt64(clamping: byteCount)
    return body
  }
}

extension TrialProvenance {
  fileprivate init(
    _ body: PBProvenance, planned: TrialConfiguration?
  ) throws(WireError) {
    guard body.versions.count <= WireLimits.versionCount else {
      throw .tooLarge(
        place: "versions", count: body.versions.count, limit: WireLimits.versionCount)
    }
    var versions: [String: String] = [:]
    for (name, version) in body.versions {
      versions[try Field.text(name, "version's name")] = try Field.text(version, "version")
    }
    guard body.resumed.count <= WireLimits.resumptionCount else {
      throw .tooLarge(
        place: "resumed", count: body.resumed.count, limit: WireLimits.resumptionCount)
    }
    let steps = 0...Budget.maximumCount
    var resumed: [Resumption] = []
    for resumption in body.resumed {
      resumed.append(
        Resumption(
          step: try Field.count(resumption.step, "resumed step", in: steps),
          host: try Field.text(resumption.host, "resumed host"),
          instructionSet: try Field.text(resumption.instructionSet, "resumed instruction_set")))
    }
    self.init(
      configuration: try Self.configuration(body.configurationJson, planned: planned),
      images: try Field.digest(body.imagesSha256, "images_sha256"),
      host: try Field.text(body.host, "host"),
      processor: try Field.text(body.processor, "processor"),
      instructionSet: try Field.text(body.instructionSet, "instruction_set"),
      versions: versions, started: try Field.text(body.started, "started"),
      seconds: try Field.finite(body.seconds, "seconds"),
      processorSeconds: try Field.finite(body.processorSeconds, "processor_seconds"),
      steps: try Field.count(body.steps, "steps", in: steps),
      resumed: resumed.isEmpty ? nil : resumed,
      secondPassShare: try Field.finite(body.secondPassShare, "second_pass_share"),
      peakResidentBytes: try Field.count(body.peakResidentBytes, "peak_resident_bytes"))
  }

  /// The configuration in a result; the planned one without reading it where the text is the same.
  private static func configuration(
    _ text: Data, planned: TrialConfiguration?
  ) throws(WireError) -> TrialConfiguration {
    if let planned, Data(planned.canonicalText.utf8) == text { return planned }
    guard text.count <= WireLimits.configurationByteCount else {
      throw .tooLarge(
        place: "configuration_json bytes", count: text.count,
        limit: WireLimits.configurationByteCount)
    }
    do {
      return try CanonicalJSON.decode(TrialConfiguration.self, from: text)
    } catch {
      throw .malformed(
        place: "configuration_json", found: CanonicalJSON.describe(error),
        expected: "a trial's configuration")
    }
  }

  fileprivate var body: PBProvenance {
    var body = PBProvenance()
    body.configurationJson = Data(configuration.canonicalText.utf8)
    body.imagesSha256 = Data(images.bytes)
    body.host = Field.head(of: host)
    body.processor = Field.head(of: processor)
    body.instructionSet = Field.head(of: instructionSet)
    body.versions = versions
    body.started = Field.head(of: started)
    body.seconds = seconds
    body.processorSeconds = processorSeconds
    body.steps = UInt64(clamping: steps)
    body.resumed = (resumed ?? []).map { resumption in
      var body = PBResumption()
      body.step = UInt64(clamping: resumption.step)
      body.host = Field.head(of: resumption.host)
      body.instructionSet = Field.head(of: resumption.instructionSet)
      return body
    }
    body.secondPassShare = secondPassShare
    body.peakResidentBytes = UInt64(clamping: peakResidentBytes)
    return body
  }
}
