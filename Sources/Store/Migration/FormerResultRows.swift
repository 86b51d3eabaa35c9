import Digests
import Foundation
import GRDB
import Trials
import Wire

/// Reads results of store formats 1 and 2 for migration: rows of `result`, `milestone`, `artifact`
/// and `resumption`.
///
/// The resolved configuration is the planned one with the used tolerance and latent dimensions, so
/// usually only these two numbers are stored.
enum FormerResultRows {
  /// A result with the checksum of its rows.
  struct Stored {
    /// The result, or an empty one in the place of a result that today's format cannot hold; nil
    /// when its trial is not planned, since its configuration is then unknown.
    var result: ReceivedResult?
    /// The stored checksum, which the journal's checksum covers.
    var checksum: Int64
    /// Why the result cannot be one of its trial; nil if it can.
    ///
    /// Earlier releases recorded such results.
    var defect: String?
  }

  /// Reads every result by its trial's number; for trials that are not planned, only the checksum.
  ///
  /// - Throws: ``Damage`` if rows contradict their checksum or cannot be read.
  static func fetchAll(numbers: TrialNumbers, in database: Database) throws -> [Int: Stored] {
    var results: [Int: Stored] = [:]
    var texts = Texts()
    var milestones = try GroupedRows(
      database, sql: "SELECT * FROM milestone ORDER BY trial, position")
    var artifacts = try GroupedRows(
      database, sql: "SELECT * FROM artifact ORDER BY trial, position")
    var resumptions =
      try database.tableExists("resumption")
      ? GroupedRows(database, sql: "SELECT * FROM resumption ORDER BY trial, position") : nil
    let rows = try StoredRows(database, sql: "SELECT * FROM result ORDER BY trial")
    while try rows.next() {
      let number = try rows.int(0)
      let reports = try milestones.take(of: number) { try report($0, texts: &texts) }
      let files = try artifacts.take(of: number) { try artifact($0, texts: &texts) }
      let resumed = try resumptions?.take(of: number, decode: resumption) ?? []
      let checksum = Int64(try rows.int(15))
      guard let planned = try numbers.plannedTrial(ofNumber: number) else {
        results[number] = Stored(result: nil, checksum: checksum)
        continue
      }
      let (result, defect) = try Self.result(
        rows, planned: planned, milestones: reports, artifacts: files, resumed: resumed,
        texts: &texts)
      results[number] = stored(result, of: planned, defect: defect, checksum: checksum)
    }
    return results
  }

  /// A result in today's form, judged as one that a worker sends now.
  private static func stored(
    _ result: TrialResult, of planned: PlannedTrial, defect known: String?, checksum: Int64
  ) -> Stored {
    // JSON has no text for such a tolerance.
    if case .value(let tolerance) = result.provenance.configuration.tolerance, !tolerance.isFinite {
      return emptyResult(
        inPlaceOf: result, of: planned, checksum: checksum,
        defect: "tolerance: found \(tolerance), expected a finite number")
    }
    let defect = known ?? result.defect.map { "\($0)" }
    let received = ReceivedResult(result)
    do throws(WireError) {
      let read = try ReceivedResult(
        serialised: received.bytes, planned: result.provenance.configuration
      ).result
      let isSame =
        read.milestones == result.milestones && read.provenance == result.provenance
        && Set(read.artifacts) == Set(result.artifacts)
      if isSame { return Stored(result: received, checksum: checksum, defect: defect) }
      return emptyResult(
        inPlaceOf: result, of: planned, checksum: checksum,
        defect: defect ?? "found a number or a text outside the bounds of a result")
    } catch {
      return emptyResult(
        inPlaceOf: result, of: planned, checksum: checksum, defect: defect ?? "\(error)")
    }
  }

  /// A result with one empty report, in the place of one that today's format cannot hold.
  ///
  /// The journal's record of the result needs one. The migration also records that it is discarded,
  /// with the defect as the reason, so that it is never a trial's result.
  private static func emptyResult(
    inPlaceOf result: TrialResult, of planned: PlannedTrial, checksum: Int64, defect: String
  ) -> Stored {
    let report = MilestoneReport(
      budget: .batches(1), tolerance: 0, step: 1, ending: .budget, stateDigest: nil, gatesOpen: 0,
      mse: 0, evaluationMSE: 0, firstHitStep: nil, multiplier: 0, openProbabilities: [])
    let provenance = TrialProvenance(
      configuration: planned.configuration, images: result.provenance.images, host: "",
      processor: "", instructionSet: "", versions: [:], started: "", seconds: 0,
      processorSeconds: 0, steps: 0, secondPassShare: 0, peakResidentBytes: 0)
    return Stored(
      result: ReceivedResult(
        TrialResult(milestones: [report], artifacts: [], provenance: provenance)),
      checksum: checksum, defect: defect)
  }

  /// Combines the rows of a result and verifies their checksum.
  private static func result(
    _ row: StoredRows, planned: PlannedTrial, milestones: [MilestoneReport],
    artifacts: [Artifact], resumed: [Resumption], texts: inout Texts
  ) throws -> (TrialResult, defect: String?) {
    let (read, defect) = try Self.provenance(row, planned: planned, texts: &texts)
    var provenance = read
    if !resumed.isEmpty { provenance.resumed = resumed }
    let result = TrialResult(
      milestones: milestones, artifacts: artifacts, provenance: provenance)
    guard
      Int64(try row.int(15))
        == checksum(
          of: result, configuration: try row.optionalText(1), tolerance: try row.double(2),
          latents: try row.int(3), versions: try row.text(8))
    else {
      throw Damage("the result of trial \(planned.id) contradicts its checksum")
    }
    var migrated = result
    for index in migrated.milestones.indices {
      migrated.milestones[index].tolerance = try row.double(2)
    }
    if let last = migrated.milestones.indices.last { migrated.milestones[last].ending = .budget }
    return (migrated, defect)
  }

  /// Caches texts that most results share, so that each is decoded once.
  private struct Texts {
    var budgets = KnownTexts<Budget?>()
    var kinds = KnownTexts<ArtifactKind?>()
    var versions = KnownTexts<[String: String]>()
    var others = KnownTexts<String>()
  }

  private static func provenance(
    _ row: StoredRows, planned: PlannedTrial, texts: inout Texts
  ) throws -> (TrialProvenance, defect: String?) {
    var configuration = used(
      planned.configuration, tolerance: try row.double(2), latents: try row.int(3))
    var defect: String?
    if let text = try row.optionalText(1) {
      do {
        configuration = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
      } catch {
        defect = "configuration: \(CanonicalJSON.describe(error))"
      }
    }
    let provenance = TrialProvenance(
      configuration: configuration, images: try digest(row, 4),
      host: try texts.others.value(of: row.utf8(5)) { $0 },
      processor: try texts.others.value(of: row.utf8(6)) { $0 },
      instructionSet: try texts.others.value(of: row.utf8(7)) { $0 },
      versions: try texts.versions.value(of: row.utf8(8)) {
        try CanonicalJSON.decode([String: String].self, from: Data($0.utf8))
      }, started: try row.text(9), seconds: try row.double(10),
      processorSeconds: try row.double(11), steps: try row.int(12),
      secondPassShare: try row.double(13), peakResidentBytes: try row.int(14))
    return (provenance, defect)
  }

  /// Reads a report; its tolerance and its ending follow from the result.
  private static func report(_ row: StoredRows, texts: inout Texts) throws -> MilestoneReport {
    guard let budget = try texts.budgets.value(of: row.utf8(2), decode: Budget.init) else {
      throw Damage("trial number \(try row.int(0)): found the budget \"\(try row.text(2))\"")
    }
    return MilestoneReport(
      budget: budget, tolerance: 0, step: try row.int(3), ending: .goesOn, stateDigest: nil,
      gatesOpen: try row.int(4), mse: try row.double(5),
      evaluationMSE: try row.double(6), firstHitStep: try row.optionalInt(7),
      multiplier: try row.double(8), openProbabilities: doubles(in: try row.bytes(9)))
  }

  private static func artifact(_ row: StoredRows, texts: inout Texts) throws -> Artifact {
    guard let kind = try texts.kinds.value(of: row.utf8(2), decode: ArtifactKind.init) else {
      throw Damage("trial number \(try row.int(0)): found the artifact \"\(try row.text(2))\"")
    }
    return Artifact(kind: kind, digest: try digest(row, 3), byteCount: try row.int(4))
  }

  private static func resumption(_ row: StoredRows) throws -> Resumption {
    Resumption(step: try row.int(2), host: try row.text(3), instructionSet: try row.text(4))
  }

  private static func digest(_ row: StoredRows, _ column: Int) throws -> Digest {
    guard let digest = Digest(try row.bytes(column)) else {
      throw Damage("trial number \(try row.int(0)): a digest is not 32 bytes")
    }
    return digest
  }

  private static func used(
    _ configuration: TrialConfiguration, tolerance: Double, latents: Int
  ) -> TrialConfiguration {
    var used = configuration
    used.tolerance = .value(tolerance)
    used.model.latents = .value(latents)
    return used
  }

  private static func doubles(in bytes: UnsafeRawBufferPointer) -> [Double] {
    (0..<bytes.count / 8).map { index in
      let bits = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
      return Double(bitPattern: UInt64(littleEndian: bits))
    }
  }

  private static func checksum(
    of result: TrialResult, configuration: String?, tolerance: Double, latents: Int,
    versions: String
  ) -> Int64 {
    let provenance = result.provenance
    var checksum = Checksum()
    checksum.add(configuration)
    checksum.add(tolerance)
    checksum.add(Int64(latents))
    provenance.images.withUnsafeBytes { checksum.add($0) }
    checksum.add(provenance.host)
    checksum.add(provenance.processor)
    checksum.add(provenance.instructionSet)
    checksum.add(versions)
    checksum.add(provenance.started)
    checksum.add(provenance.seconds)
    checksum.add(provenance.processorSeconds)
    checksum.add(Int64(provenance.steps))
    checksum.add(provenance.secondPassShare)
    checksum.add(Int64(provenance.peakResidentBytes))
    for report in result.milestones {
      checksum.add(report.budget.description)
      checksum.add(Int64(report.step))
      checksum.add(Int64(report.gatesOpen))
      checksum.add(report.mse)
      checksum.add(report.evaluationMSE)
      checksum.add(report.firstHitStep)
      checksum.add(report.multiplier)
      checksum.add(Int64(report.openProbabilities.count))
      for probability in report.openProbabilities { checksum.add(probability) }
    }
    for artifact in result.artifacts {
      checksum.add(artifact.kind.rawValue)
      artifact.digest.withUnsafeBytes { checksum.add($0) }
      checksum.add(Int64(artifact.byteCount))
    }
    for resumption in provenance.resumed ?? [] {
      checksum.add(Int64(resumption.step))
      checksum.add(resumption.host)
      checksum.add(resumption.instructionSet)
    }
    return checksum.value
  }
}
