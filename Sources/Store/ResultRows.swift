import Digests
import Foundation
import GRDB
import Trials

/// A trial's result as rows of `result`, `milestone`, `artifact` and `resumption`.
///
/// The configuration that ran is the planned one with the tolerance and the latent dimensions
/// used, so those two numbers stand for it; it is stored in full only where that does not hold.
enum ResultRows {
  /// A result with the checksum of its rows.
  struct Stored {
    /// The result; nil when its trial is not planned, since its configuration is then unknown.
    var result: TrialResult?
    /// The checksum as stored, which the journal's covers.
    var checksum: Int64
  }

  /// Inserts the result of a trial.
  ///
  /// - Returns: The checksum of its rows.
  /// - Throws: `DatabaseError` with a constraint's code when the trial has a result;
  ///   ``StoreError/refused(reason:)`` when it is not planned or a parameter is not resolved.
  static func insert(
    _ result: TrialResult, of trial: TrialID, numbers: TrialNumbers, in database: Database
  ) throws -> Int64 {
    let number = try numbers.number(of: trial)
    let provenance = result.provenance
    guard case .value(let tolerance) = provenance.configuration.tolerance,
      case .value(let latents) = provenance.configuration.model.latents
    else {
      throw StoreError.refused(reason: "the result of trial \(trial) has open parameters")
    }
    let expected = numbers.plannedTrial(trial).map {
      used($0.configuration, tolerance: tolerance, latents: latents)
    }
    let configuration =
      expected == provenance.configuration ? nil : provenance.configuration.canonicalText
    let versions = numbers.versions.text(of: provenance.versions)
    let checksum = checksum(
      of: result, configuration: configuration, tolerance: tolerance, latents: latents,
      versions: versions)
    var row = try RowInsertion(
      "INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", in: database)
    row.add(number)
    row.add(configuration)
    row.add(tolerance)
    row.add(latents)
    row.add(bytes: provenance.images.bytes)
    row.add(provenance.host)
    row.add(provenance.processor)
    row.add(provenance.instructionSet)
    row.add(versions)
    row.add(provenance.started)
    row.add(provenance.seconds)
    row.add(provenance.processorSeconds)
    row.add(provenance.steps)
    row.add(provenance.secondPassShare)
    row.add(provenance.peakResidentBytes)
    row.add(checksum)
    try row.insert()
    var milestone = try RowInsertion(
      "INSERT INTO milestone VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", in: database)
    for (position, report) in result.milestones.enumerated() {
      milestone.add(number)
      milestone.add(position)
      milestone.add(report.budget.description)
      milestone.add(report.step)
      milestone.add(report.gatesOpen)
      milestone.add(report.mse)
      milestone.add(report.evaluationMSE)
      milestone.add(report.firstHitStep)
      milestone.add(report.multiplier)
      milestone.add(bytes: bytes(of: report.openProbabilities))
      try milestone.insert()
    }
    var artifact = try RowInsertion("INSERT INTO artifact VALUES (?, ?, ?, ?, ?)", in: database)
    for (position, file) in result.artifacts.enumerated() {
      artifact.add(number)
      artifact.add(position)
      artifact.add(file.kind.rawValue)
      artifact.add(bytes: file.digest.bytes)
      artifact.add(file.byteCount)
      try artifact.insert()
    }
    for (position, resumption) in (provenance.resumed ?? []).enumerated() {
      try database.execute(
        sql: "INSERT INTO resumption VALUES (?, ?, ?, ?, ?)",
        arguments: [
          number, position, resumption.step, resumption.host, resumption.instructionSet,
        ])
    }
    return checksum
  }

  /// Reads every result, by its trial's number; of a trial that is not planned only the checksum.
  ///
  /// - Throws: ``Damage`` when rows contradict their checksum or hold what cannot be read.
  static func fetchAll(numbers: TrialNumbers, in database: Database) throws -> [Int: Stored] {
    var results: [Int: Stored] = [:]
    var texts = Texts()
    var milestones = try GroupedRows(
      database, sql: "SELECT * FROM milestone ORDER BY trial, position")
    var artifacts = try GroupedRows(
      database, sql: "SELECT * FROM artifact ORDER BY trial, position")
    var resumptions =
      try StoreSchema.hasResumptions(database)
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
      let result = try result(
        rows, planned: planned, milestones: reports, artifacts: files, resumed: resumed,
        texts: &texts)
      results[number] = Stored(result: result, checksum: checksum)
    }
    return results
  }

  /// Reads the result of one trial from its rows alone.
  ///
  /// - Parameters:
  ///   - number: The trial's number.
  ///   - planned: The trial that it is taken for.
  /// - Returns: Nil when there is no row of it.
  /// - Throws: ``Damage`` when the rows contradict their checksum or hold what cannot be read.
  static func fetch(
    ofNumber number: Int, planned: PlannedTrial, in database: Database
  ) throws -> TrialResult? {
    func rows<Value>(of table: String, _ decode: (StoredRows) throws -> Value) throws -> [Value] {
      let rows = try StoredRows(
        database, sql: "SELECT * FROM \(table) WHERE trial = ? ORDER BY position",
        arguments: [number])
      var values: [Value] = []
      while try rows.next() { values.append(try decode(rows)) }
      return values
    }
    let row = try StoredRows(
      database, sql: "SELECT * FROM result WHERE trial = ?", arguments: [number])
    guard try row.next() else { return nil }
    var texts = Texts()
    return try result(
      row, planned: planned,
      milestones: rows(of: "milestone") { try report($0, texts: &texts) },
      artifacts: rows(of: "artifact") { try artifact($0, texts: &texts) },
      resumed: rows(of: "resumption", resumption), texts: &texts)
  }

  /// Puts the rows of a result together and holds them against their checksum.
  private static func result(
    _ row: StoredRows, planned: PlannedTrial, milestones: [MilestoneReport],
    artifacts: [Artifact], resumed: [Resumption], texts: inout Texts
  ) throws -> TrialResult {
    var provenance = try provenance(row, planned: planned, texts: &texts)
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
    return result
  }

  /// The texts that most results share: decoding each once makes replay fast.
  private struct Texts {
    var budgets = KnownTexts<Budget?>()
    var kinds = KnownTexts<ArtifactKind?>()
    var versions = KnownTexts<[String: String]>()
    var others = KnownTexts<String>()
  }

  private static func provenance(
    _ row: StoredRows, planned: PlannedTrial, texts: inout Texts
  ) throws -> TrialProvenance {
    var configuration = used(
      planned.configuration, tolerance: try row.double(2), latents: try row.int(3))
    if let text = try row.optionalText(1) {
      configuration = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
    }
    return TrialProvenance(
      configuration: configuration, images: try digest(row, 4),
      host: try texts.others.value(of: row.utf8(5)) { $0 },
      processor: try texts.others.value(of: row.utf8(6)) { $0 },
      instructionSet: try texts.others.value(of: row.utf8(7)) { $0 },
      versions: try texts.versions.value(of: row.utf8(8)) {
        try CanonicalJSON.decode([String: String].self, from: Data($0.utf8))
      }, started: try row.text(9), seconds: try row.double(10),
      processorSeconds: try row.double(11), steps: try row.int(12),
      secondPassShare: try row.double(13), peakResidentBytes: try row.int(14))
  }

  private static func report(_ row: StoredRows, texts: inout Texts) throws -> MilestoneReport {
    guard let budget = try texts.budgets.value(of: row.utf8(2), decode: Budget.init) else {
      throw Damage("trial number \(try row.int(0)): found the budget \"\(try row.text(2))\"")
    }
    return MilestoneReport(
      budget: budget, step: try row.int(3), gatesOpen: try row.int(4), mse: try row.double(5),
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

  private static func bytes(of numbers: [Double]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * numbers.count)
    for number in numbers {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
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
