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

  /// Reads every result; of a trial that is not planned only the checksum.
  ///
  /// - Throws: ``Damage`` when rows contradict their checksum or hold what cannot be read.
  static func fetchAll(
    numbers: TrialNumbers, in database: Database
  ) throws -> [TrialID: Stored] {
    var results: [TrialID: Stored] = [:]
    // Few distinct texts, one for each kind of worker or trial: decoding each once makes replay
    // fast.
    var versions: [String: [String: String]] = [:]
    var budgets: [String: Budget] = [:]
    let milestones = try GroupedRows(
      Row.fetchCursor(database, sql: "SELECT * FROM milestone ORDER BY trial, position"))
    let artifacts = try GroupedRows(
      Row.fetchCursor(database, sql: "SELECT * FROM artifact ORDER BY trial, position"))
    let resumptions =
      try StoreSchema.hasResumptions(database)
      ? GroupedRows(
        Row.fetchCursor(database, sql: "SELECT * FROM resumption ORDER BY trial, position")) : nil
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM result ORDER BY trial")
    while let row = try rows.next() {
      let number: Int = try row.value(0)
      let trial = try numbers.trial(ofNumber: number)
      let reports = try milestones.take(of: number) { try report($0, budgets: &budgets) }
      let files = try artifacts.take(of: number, decode: artifact)
      let resumed = try resumptions?.take(of: number, decode: resumption) ?? []
      let checksum: Int64 = try row.value(15)
      guard let planned = numbers.plannedTrial(trial) else {
        results[trial] = Stored(result: nil, checksum: checksum)
        continue
      }
      let result = try result(
        row, planned: planned, milestones: reports, artifacts: files, resumed: resumed,
        versions: &versions)
      results[trial] = Stored(result: result, checksum: checksum)
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
    func rows<Value>(of table: String, _ decode: (Row) throws -> Value) throws -> [Value] {
      let statement = try database.cachedStatement(
        sql: "SELECT * FROM \(table) WHERE trial = ? ORDER BY position")
      let rows = try Row.fetchCursor(statement, arguments: [number])
      var values: [Value] = []
      while let row = try rows.next() { values.append(try decode(row)) }
      return values
    }
    let statement = try database.cachedStatement(sql: "SELECT * FROM result WHERE trial = ?")
    guard let row = try Row.fetchOne(statement, arguments: [number]) else { return nil }
    var budgets: [String: Budget] = [:]
    var versions: [String: [String: String]] = [:]
    return try result(
      row, planned: planned,
      milestones: rows(of: "milestone") { try report($0, budgets: &budgets) },
      artifacts: rows(of: "artifact", artifact), resumed: rows(of: "resumption", resumption),
      versions: &versions)
  }

  /// Puts the rows of a result together and holds them against their checksum.
  private static func result(
    _ row: Row, planned: PlannedTrial, milestones: [MilestoneReport], artifacts: [Artifact],
    resumed: [Resumption], versions: inout [String: [String: String]]
  ) throws -> TrialResult {
    let versionsText: String = try row.value(8)
    if versions[versionsText] == nil {
      versions[versionsText] = try CanonicalJSON.decode(
        [String: String].self, from: Data(versionsText.utf8))
    }
    var result = TrialResult(
      milestones: milestones, artifacts: artifacts,
      provenance: try provenance(row, planned: planned, versions: versions[versionsText] ?? [:]))
    if !resumed.isEmpty { result.provenance.resumed = resumed }
    let stored: Int64 = try row.value(15)
    guard
      stored
        == checksum(
          of: result, configuration: row[1], tolerance: try row.value(2),
          latents: try row.value(3), versions: versionsText)
    else {
      throw Damage("the result of trial \(planned.id) contradicts its checksum")
    }
    return result
  }

  private static func provenance(
    _ row: Row, planned: PlannedTrial, versions: [String: String]
  ) throws -> TrialProvenance {
    var configuration = used(
      planned.configuration, tolerance: try row.value(2), latents: try row.value(3))
    if let text: String = row[1] {
      configuration = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
    }
    return TrialProvenance(
      configuration: configuration, images: try digest(row, 4), host: try row.value(5),
      processor: try row.value(6), instructionSet: try row.value(7), versions: versions,
      started: try row.value(9),
      seconds: try row.value(10), processorSeconds: try row.value(11), steps: try row.value(12),
      secondPassShare: try row.value(13),
      peakResidentBytes: try row.value(14))
  }

  private static func report(
    _ row: Row, budgets: inout [String: Budget]
  ) throws -> MilestoneReport {
    let text: String = try row.value(2)
    guard let budget = budgets[text] ?? Budget(text) else {
      throw Damage("trial number \(try row.value(0) as Int): found the budget \"\(text)\"")
    }
    budgets[text] = budget
    return MilestoneReport(
      budget: budget, step: try row.value(3), gatesOpen: try row.value(4), mse: try row.value(5),
      evaluationMSE: try row.value(6),
      firstHitStep: row[7], multiplier: try row.value(8),
      openProbabilities: try row.withUnsafeData(atIndex: 9) { doubles(in: $0 ?? Data()) })
  }

  private static func artifact(_ row: Row) throws -> Artifact {
    let name: String = try row.value(2)
    guard let kind = ArtifactKind(rawValue: name) else {
      throw Damage("trial number \(try row.value(0) as Int): found the artifact \"\(name)\"")
    }
    return Artifact(kind: kind, digest: try digest(row, 3), byteCount: try row.value(4))
  }

  private static func resumption(_ row: Row) throws -> Resumption {
    Resumption(
      step: try row.value(2), host: try row.value(3), instructionSet: try row.value(4))
  }

  private static func digest(_ row: Row, _ index: Int) throws -> Digest {
    let digest = try row.withUnsafeData(atIndex: index) { $0.flatMap { Digest(bytes: $0) } }
    guard let digest else {
      throw Damage("trial number \(try row.value(0) as Int): a digest is not 32 bytes")
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

  private static func doubles(in data: Data) -> [Double] {
    data.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { index in
        let bits = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
        return Double(bitPattern: UInt64(littleEndian: bits))
      }
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
    checksum.add(provenance.images.bytes, count: Digest.byteCount)
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
      checksum.add(artifact.digest.bytes, count: Digest.byteCount)
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
