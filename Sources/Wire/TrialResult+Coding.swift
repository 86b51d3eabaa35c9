import Digests
import Foundation
import SwiftProtobuf
import Trials

extension ReceivedResult {
  /// Reads a serialised `Result` and computes its content's digest.
  ///
  /// - Parameters:
  ///   - bytes: The bytes from a worker or a record.
  ///   - planned: The probable configuration, which is not parsed if its text is equal.
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
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
  /// Adds to a serialised result an artifact that may differ between two runs.
  ///
  /// Appends bytes only: protobuf merges repeated fields.
  package static func appending(_ artifact: Artifact, to bytes: [UInt8]) -> [UInt8] {
    var addition = PBResult()
    addition.otherArtifacts = [artifact.body]
    return bytes + Framing.bytes(of: addition)
  }
}

extension ReceivedResult {
  /// The result with host and build replaced by those of its maker.
  ///
  /// If both agree, nothing changes. Otherwise bytes are appended, since in protobuf later fields
  /// win. The build in the result is kept as a separate version: after an update, a worker may
  /// deliver a result of its previous program.
  ///
  /// - Throws: ``WireError/tooLarge(place:count:limit:)`` if the result becomes too large.
  package func attributed(to maker: ResultMaker) throws(WireError) -> ReceivedResult {
    let said = result.provenance
    var correction = PBProvenance()
    if !maker.host.isEmpty, maker.host != said.host { correction.host = maker.host }
    if !maker.processor.isEmpty, maker.processor != said.processor {
      correction.processor = maker.processor
    }
    if !maker.instructionSet.isEmpty, maker.instructionSet != said.instructionSet {
      correction.instructionSet = maker.instructionSet
    }
    // Foreign programs name their versions in their own way.
    if let build = said.versions[TrialProvenance.program], !maker.build.isEmpty,
      maker.build != build
    {
      correction.versions = [
        TrialProvenance.program: maker.build, TrialProvenance.programSaid: build,
      ]
    }
    guard correction != PBProvenance() else { return self }
    var addition = PBResult()
    addition.provenance = correction
    return try ReceivedResult(
      serialised: bytes + Framing.bytes(of: addition), planned: said.configuration)
  }
}

extension Artifact {
  /// The artifacts of one part of a result; each must be of a kind of that part and occur once.
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
          byteCount: try Field.byteCount(body.bytes, "artifact bytes")))
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
      versions[try Field.line(name, "version's name")] = try Field.line(version, "version")
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
          host: try Field.line(resumption.host, "resumed host"),
          instructionSet: try Field.line(resumption.instructionSet, "resumed instruction_set")))
    }
    self.init(
      configuration: try Self.configuration(body.configurationJson, planned: planned),
      images: try Field.digest(body.imagesSha256, "images_sha256"),
      host: try Field.line(body.host, "host"),
      processor: try Field.line(body.processor, "processor"),
      instructionSet: try Field.line(body.instructionSet, "instruction_set"),
      versions: versions, started: try Field.line(body.started, "started"),
      seconds: try Field.finite(body.seconds, "seconds"),
      processorSeconds: try Field.finite(body.processorSeconds, "processor_seconds"),
      steps: try Field.count(body.steps, "steps", in: steps),
      resumed: resumed.isEmpty ? nil : resumed,
      secondPassShare: try Field.finite(body.secondPassShare, "second_pass_share"),
      peakResidentBytes: try Field.byteCount(body.peakResidentBytes, "peak_resident_bytes"))
  }

  /// The configuration in a result; the planned one, without parsing, if the text is equal.
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
    body.host = Field.head(of: host, limit: ResultBounds.nameByteCount)
    body.processor = Field.head(of: processor, limit: ResultBounds.nameByteCount)
    body.instructionSet = Field.head(
      of: instructionSet, limit: WireLimits.instructionSetByteCount)
    body.versions = versions
    body.started = Field.head(of: started)
    body.seconds = seconds
    body.processorSeconds = processorSeconds
    body.steps = UInt64(clamping: steps)
    body.resumed = (resumed ?? []).map { resumption in
      var body = PBResumption()
      body.step = UInt64(clamping: resumption.step)
      body.host = Field.head(of: resumption.host, limit: ResultBounds.nameByteCount)
      body.instructionSet = Field.head(
        of: resumption.instructionSet, limit: WireLimits.instructionSetByteCount)
      return body
    }
    body.secondPassShare = secondPassShare
    body.peakResidentBytes = UInt64(clamping: peakResidentBytes)
    return body
  }
}
