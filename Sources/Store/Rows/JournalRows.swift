import Coordination
import Digests
import Foundation
import GRDB
import Trials
import Wire

/// The journal as rows: the columns of each kind of record.
///
/// `detail` is JSON. It is null for leases and for results without a checkpoint, the most frequent
/// records, so that replay decodes no JSON for them.
enum JournalRows {
  /// The kinds of records, as they are stored.
  enum Kind: String {
    case imagesPinned = "images-pinned"
    case workerIntroduced = "worker-introduced"
    case trialLeased = "trial-leased"
    case trialDuplicated = "trial-duplicated"
    case checkpointRecorded = "checkpoint-recorded"
    case checkpointDistrusted = "checkpoint-distrusted"
    case attemptEnded = "attempt-ended"
    case reportRecorded = "report-recorded"
    case trajectoryExtended = "trajectory-extended"
    case resultRecorded = "result-recorded"
    case resultReused = "result-reused"
    case resultDiscarded = "result-discarded"
    case attemptsVoided = "attempts-voided"
    case checkpointDropped = "checkpoint-dropped"
    case trialFailed = "trial-failed"
    case trialStopped = "trial-stopped"
    case trialRetried = "trial-retried"
    case hostDrained = "host-drained"
    case hostUndrained = "host-undrained"
    case stagePaused = "stage-paused"
    case stageResumed = "stage-resumed"
    case limitsSet = "limits-set"

    /// Whether the record has a row in `result`.
    var bringsResult: Bool { self == .resultRecorded || self == .resultReused }
  }

  private struct PinnedImages: Codable {
    var dataset: Dataset
    var sha256: Digest
  }

  private struct DistrustDetail: Codable {
    var sha256: Digest
    var reason: String
  }

  private struct Reason: Codable {
    var reason: String
  }

  private struct ReportDetail: Codable {
    var instructionSet: String
    var index: Int
    var report: MilestoneReport

    private enum CodingKeys: String, CodingKey {
      case instructionSet = "instruction_set"
      case index
      case report
    }
  }

  private struct PieceDetail: Codable {
    var start: TrajectoryPrefix
    var end: TrajectoryStart
  }

  private struct HostChange: Codable {
    var host: String
    var reason: String?
  }

  private struct StageChange: Codable {
    var stage: String
    var failure: TrialFailure?
  }

  /// A row without its number, its time and its checksum.
  struct Columns {
    var kind: Kind
    var trial: TrialID?
    var attempt: Int?
    var worker: WorkerID?
    var detail: String?

    /// The checksum of the row, chained to the previous row and covering its result.
    func checksum(sequence: Int, milliseconds: Int64, previous: Int64, result: Int64?) -> Int64 {
      var checksum = Checksum()
      checksum.add(previous)
      checksum.add(Int64(sequence))
      checksum.add(milliseconds)
      checksum.add(kind.rawValue)
      checksum.add(trial.map { Int(truncatingIfNeeded: $0.rawValue) })
      checksum.add(attempt)
      checksum.add(worker?.rawValue)
      checksum.add(detail)
      if let result { checksum.add(result) }
      return checksum.value
    }
  }

  /// Appends records and their results to the tables.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` or a constraint's `DatabaseError` for a record that
  ///   the schema forbids.
  static func append(
    _ records: [JournalRecord], at time: Date, numbers: TrialNumbers, in database: Database
  ) throws {
    let last = try Row.fetchOne(
      database, sql: "SELECT sequence, checksum FROM journal ORDER BY sequence DESC LIMIT 1")
    var sequence: Int = try last?.value(0) ?? 0
    var previous: Int64 = try last?.value(1) ?? 0
    let milliseconds = milliseconds(of: time)
    var row = try RowInsertion(
      "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", in: database)
    for record in records {
      sequence += 1
      let columns = columns(of: record)
      let number = try columns.trial.map(numbers.number)
      previous = columns.checksum(
        sequence: sequence, milliseconds: milliseconds, previous: previous,
        result: record.result.map { ResultRows.checksum(of: $0.bytes) })
      row.add(sequence)
      row.add(milliseconds)
      row.add(columns.kind.rawValue)
      row.add(number)
      row.add(columns.attempt)
      row.add(columns.worker?.rawValue)
      row.add(columns.detail)
      row.add(previous)
      try row.insert()
      try attach(record, ofTrial: number ?? 0, sequence: sequence, in: database)
    }
  }

  /// A time as stored in the journal: milliseconds since 1970.
  static func milliseconds(of time: Date) -> Int64 {
    Int64((time.timeIntervalSince1970 * 1000).rounded())
  }

  /// Stores a record's result or piece, and deletes rows that it makes obsolete.
  private static func attach(
    _ record: JournalRecord, ofTrial number: Int, sequence: Int, in database: Database
  ) throws {
    switch record {
    case .imagesPinned(let dataset, let digest):
      try database.execute(
        sql: "INSERT INTO images VALUES (?, ?)",
        arguments: [dataset.rawValue, Data(digest.bytes)])
    case .resultRecorded(_, _, _, let result, _), .resultReused(_, _, let result):
      try ResultRows.insert(result, ofTrial: number, sequence: sequence, in: database)
      try PieceRows.delete(ofTrial: number, in: database)
    case .trajectoryExtended(_, let attempt, let piece):
      try PieceRows.insert(
        piece, ofTrial: number, attempt: attempt, sequence: sequence, in: database)
    case .resultDiscarded:
      try ResultRows.discard(ofTrial: number, sequence: sequence, in: database)
    case .attemptsVoided: try PieceRows.delete(ofTrial: number, in: database)
    case .workerIntroduced, .trialLeased, .trialDuplicated, .reportRecorded, .checkpointRecorded,
      .checkpointDistrusted, .attemptEnded,
      .checkpointDropped, .trialFailed, .trialStopped, .trialRetried, .hostDrained, .hostUndrained,
      .stagePaused, .stageResumed, .limitsSet:
      break
    }
  }

  /// The times that a journal may have: those of the years 1 to 9999, in milliseconds since 1970.
  static let timeRange: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
  /// The numbers that an attempt may have; 0 is that of a longer run's first checkpoint.
  static let attemptRange = 0...AttemptKey.maximum

  /// Throws if a row's time or attempt is none that a coordinator records.
  ///
  /// - Throws: ``Damage``.
  static func requireBounds(
    _ columns: inout Columns, _ milliseconds: inout Int64, sequence: Int
  ) throws -> Bool {
    guard timeRange.contains(milliseconds) else {
      throw Damage(
        "journal record \(sequence): found the time \(milliseconds), expected "
          + "\(timeRange.lowerBound) to \(timeRange.upperBound)")
    }
    if let attempt = columns.attempt, !attemptRange.contains(attempt) {
      throw Damage("journal record \(sequence) \(badAttempt(attempt))")
    }
    return true
  }

  /// What is wrong with an attempt's number.
  static func badAttempt(_ attempt: Int) -> String {
    "is of attempt \(attempt), expected 0 to \(attemptRange.upperBound)"
  }

  /// Reads the records about planned trials, and those about no trial, in order.
  ///
  /// - Throws: ``Damage`` if a row contradicts its checksum, a number is missing, or a value is
  ///   invalid.
  static func fetch(numbers: TrialNumbers, in database: Database) throws -> [StampedRecord] {
    var results = try ResultReading(numbers: numbers, in: database)
    let records = try fetch(numbers: numbers, in: database) { sequence, number in
      try results.take(sequence: sequence, ofTrial: number)
    }
    guard results.isAtEnd else { throw Damage("there are more results than records of one") }
    return records
  }

  /// Reads the records, with a caller's source of results.
  ///
  /// - Parameters:
  ///   - admits: Called with the columns and the time of each row whose checksum holds; may change
  ///     them. Rows that it does not admit are verified but not decoded.
  ///   - takeResult: Returns the result of a record and its checksum.
  static func fetch(
    numbers: TrialNumbers, in database: Database, admits: Admission = requireBounds,
    takeResult: (_ sequence: Int, _ number: Int) throws -> (Int64, ReceivedResult?)
  ) throws -> [StampedRecord] {
    var place = JournalPlace.beginning
    return try fetch(
      after: &place, atMost: .max, numbers: numbers, in: database, admits: admits,
      takeResult: takeResult)
  }

  /// Judges a row by its columns, time and number, see ``requireBounds(_:_:sequence:)``.
  typealias Admission = (inout Columns, inout Int64, Int) throws -> Bool

  /// Reads the records after a place and advances the place.
  ///
  /// - Parameter count: How many rows to read.
  static func fetch(
    after place: inout JournalPlace, atMost count: Int, numbers: TrialNumbers,
    in database: Database, admits: Admission = requireBounds,
    takeResult: (_ sequence: Int, _ number: Int) throws -> (Int64, ReceivedResult?)
  ) throws -> [StampedRecord] {
    var records: [StampedRecord] = []
    var kinds = KnownTexts<Kind?>()
    var expectedSequence = place.sequence + 1
    var previous = place.checksum
    let rows = try StoredRows(
      database, sql: "SELECT * FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?",
      arguments: [place.sequence, count])
    defer { place = JournalPlace(sequence: expectedSequence - 1, checksum: previous) }
    while try rows.next() {
      let sequence = try rows.int(0)
      guard sequence == expectedSequence else {
        throw Damage("journal record \(expectedSequence) is missing")
      }
      expectedSequence += 1
      guard let kind = try kinds.value(of: rows.utf8(2), decode: Kind.init) else {
        throw Damage("journal record \(sequence): found the kind \"\(try rows.text(2))\"")
      }
      let number = try rows.optionalInt(3)
      var columns = Columns(
        kind: kind, trial: try number.map(numbers.trial), attempt: try rows.optionalInt(4),
        worker: try rows.optionalText(5).map(WorkerID.init), detail: try rows.optionalText(6))
      var milliseconds = Int64(try rows.int(1))
      let checksum = Int64(try rows.int(7))
      let stored = kind.bringsResult ? try takeResult(sequence, number ?? 0) : nil
      guard
        checksum
          == columns.checksum(
            sequence: sequence, milliseconds: milliseconds, previous: previous,
            result: stored?.0)
      else {
        throw Damage("journal record \(sequence) contradicts its checksum")
      }
      previous = checksum
      guard try admits(&columns, &milliseconds, sequence) else { continue }
      if let number, try numbers.place(ofNumber: number) == nil { continue }
      records.append(
        StampedRecord(
          sequence: sequence,
          time: Date(timeIntervalSince1970: Double(milliseconds) / 1000),
          record: try record(of: columns, sequence: sequence, result: stored?.1)))
    }
    return records
  }

  /// Reads the attempts at one trial from its rows alone.
  static func fetchAttempts(of trial: String, in database: Database) throws -> [AttemptRecord] {
    guard let id = TrialID(trial) else { return [] }
    var log = AttemptLog()
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT recorded_at_ms, kind, attempt, worker, detail FROM journal
        WHERE trial = (SELECT number FROM trial WHERE id = ?)
          AND (attempt IS NOT NULL OR kind = 'result-discarded')
        ORDER BY sequence
        """, arguments: [id.digits])
    while let row = try rows.next() {
      let time = Date(timeIntervalSince1970: Double(try row.value(0) as Int64) / 1000)
      let attempt: Int = row[2] ?? 0
      switch Kind(rawValue: try row.value(1)) {
      case .trialLeased, .trialDuplicated:
        log.begin(id, attempt, WorkerID(row[3] as String? ?? ""), at: time)
      case .attemptEnded:
        let detail = Data((row[4] as String? ?? "").utf8)
        let failure = try CanonicalJSON.decode(TrialFailure.self, from: detail)
        log.end(id, attempt, at: time, .failed(failure))
      case .resultRecorded: log.end(id, attempt, at: time, .recorded)
      case .resultDiscarded:
        let detail = Data((row[4] as String? ?? "").utf8)
        log.discard(id, reason: try CanonicalJSON.decode(Reason.self, from: detail).reason)
      default: break
      }
    }
    return log.attempts
  }

  /// The reason for discarding a result, from a record's detail.
  static func reason(in detail: String) throws -> String {
    try CanonicalJSON.decode(Reason.self, from: Data(detail.utf8)).reason
  }

  /// The columns of a record's row.
  static func columns(of record: JournalRecord) -> Columns {
    switch record {
    case .imagesPinned(let dataset, let digest):
      Columns(
        kind: .imagesPinned,
        detail: CanonicalJSON.text(PinnedImages(dataset: dataset, sha256: digest)))
    case .workerIntroduced(let worker, let host):
      Columns(
        kind: .workerIntroduced, worker: worker,
        detail: CanonicalJSON.text(HostChange(host: host)))
    case .trialLeased(let trial, let attempt, let worker):
      Columns(kind: .trialLeased, trial: trial, attempt: attempt, worker: worker)
    case .trialDuplicated(let trial, let attempt, let worker):
      Columns(kind: .trialDuplicated, trial: trial, attempt: attempt, worker: worker)
    case .checkpointRecorded(let trial, let attempt, let checkpoint):
      Columns(
        kind: .checkpointRecorded, trial: trial, attempt: attempt,
        detail: CanonicalJSON.text(checkpoint))
    case .checkpointDistrusted(let trial, let attempt, let worker, let checkpoint, let reason):
      Columns(
        kind: .checkpointDistrusted, trial: trial, attempt: attempt, worker: worker,
        detail: CanonicalJSON.text(DistrustDetail(sha256: checkpoint, reason: reason)))
    case .attemptEnded(let trial, let attempt, let failure):
      Columns(
        kind: .attemptEnded, trial: trial, attempt: attempt, detail: CanonicalJSON.text(failure))
    case .reportRecorded(
      let trial, let attempt, let worker, let instructionSet, let index, let report):
      Columns(
        kind: .reportRecorded, trial: trial, attempt: attempt, worker: worker,
        detail: CanonicalJSON.text(
          ReportDetail(instructionSet: instructionSet, index: index, report: report)))
    case .trajectoryExtended(let trial, let attempt, let piece):
      Columns(
        kind: .trajectoryExtended, trial: trial, attempt: attempt,
        detail: CanonicalJSON.text(PieceDetail(start: piece.start, end: piece.end)))
    case .resultRecorded(let trial, let attempt, let worker, _, let checkpoint):
      Columns(
        kind: .resultRecorded, trial: trial, attempt: attempt, worker: worker,
        detail: checkpoint.map { CanonicalJSON.text($0) })
    case .resultReused(let trial, let origin, _):
      Columns(kind: .resultReused, trial: trial, detail: CanonicalJSON.text(origin))
    case .resultDiscarded(let trial, let reason):
      Columns(
        kind: .resultDiscarded, trial: trial, detail: CanonicalJSON.text(Reason(reason: reason)))
    case .attemptsVoided(let trial, let reason):
      Columns(
        kind: .attemptsVoided, trial: trial, detail: CanonicalJSON.text(Reason(reason: reason)))
    case .checkpointDropped(let trial): Columns(kind: .checkpointDropped, trial: trial)
    case .trialFailed(let trial, let failure):
      Columns(kind: .trialFailed, trial: trial, detail: CanonicalJSON.text(failure))
    case .trialStopped(let trial, let reason):
      Columns(
        kind: .trialStopped, trial: trial, detail: CanonicalJSON.text(Reason(reason: reason)))
    case .trialRetried(let trial):
      Columns(kind: .trialRetried, trial: trial)
    case .hostDrained(let host, let reason):
      Columns(
        kind: .hostDrained, detail: CanonicalJSON.text(HostChange(host: host, reason: reason)))
    case .hostUndrained(let host):
      Columns(kind: .hostUndrained, detail: CanonicalJSON.text(HostChange(host: host)))
    case .stagePaused(let stage, let failure):
      Columns(
        kind: .stagePaused, detail: CanonicalJSON.text(StageChange(stage: stage, failure: failure)))
    case .stageResumed(let stage):
      Columns(kind: .stageResumed, detail: CanonicalJSON.text(StageChange(stage: stage)))
    case .limitsSet(let limits):
      Columns(kind: .limitsSet, detail: CanonicalJSON.text(limits))
    }
  }

  /// Decodes a record from its columns.
  ///
  /// - Throws: ``Damage`` or a `DecodingError` if a part is missing or invalid.
  static func record(
    of columns: Columns, sequence: Int, result: ReceivedResult?
  ) throws -> JournalRecord {
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value? {
      try columns.detail.map { try CanonicalJSON.decode(type, from: Data($0.utf8)) }
    }
    switch (columns.kind, columns.trial, columns.attempt, columns.worker) {
    case (.imagesPinned, nil, nil, nil):
      if let pinned = try decode(PinnedImages.self) {
        return .imagesPinned(dataset: pinned.dataset, digest: pinned.sha256)
      }
    case (.workerIntroduced, nil, nil, let worker?):
      if let host = try decode(HostChange.self)?.host {
        return .workerIntroduced(worker: worker, host: host)
      }
    case (.trialLeased, let trial?, let attempt?, let worker?):
      return .trialLeased(trial: trial, attempt: attempt, worker: worker)
    case (.trialDuplicated, let trial?, let attempt?, let worker?):
      return .trialDuplicated(trial: trial, attempt: attempt, worker: worker)
    case (.checkpointRecorded, let trial?, let attempt?, nil):
      if let checkpoint = try decode(TrialCheckpoint.self) {
        return .checkpointRecorded(trial: trial, attempt: attempt, checkpoint: checkpoint)
      }
    case (.checkpointDistrusted, let trial?, let attempt?, let worker):
      if let detail = try decode(DistrustDetail.self) {
        return .checkpointDistrusted(
          trial: trial, attempt: attempt, worker: worker, checkpoint: detail.sha256,
          reason: detail.reason)
      }
    case (.attemptEnded, let trial?, let attempt?, nil):
      if let failure = try decode(TrialFailure.self) {
        return .attemptEnded(trial: trial, attempt: attempt, failure: failure)
      }
    case (.reportRecorded, let trial?, let attempt?, let worker?):
      if let detail = try decode(ReportDetail.self) {
        return .reportRecorded(
          trial: trial, attempt: attempt, worker: worker, instructionSet: detail.instructionSet,
          index: detail.index, report: detail.report)
      }
    case (.trajectoryExtended, let trial?, let attempt?, nil):
      if let detail = try decode(PieceDetail.self) {
        return .trajectoryExtended(
          trial: trial, attempt: attempt,
          piece: TrajectoryPiece(start: detail.start, end: detail.end))
      }
    case (.resultRecorded, let trial?, let attempt?, let worker?):
      if let result {
        return .resultRecorded(
          trial: trial, attempt: attempt, worker: worker, result: result,
          checkpoint: try decode(TrialCheckpoint.self))
      }
    case (.resultReused, let trial?, nil, nil):
      if let result, let origin = try decode(ReuseOrigin.self) {
        return .resultReused(trial: trial, origin: origin, result: result)
      }
    case (.resultDiscarded, let trial?, nil, nil):
      if let reason = try decode(Reason.self)?.reason {
        return .resultDiscarded(trial: trial, reason: reason)
      }
    case (.attemptsVoided, let trial?, nil, nil):
      if let reason = try decode(Reason.self)?.reason {
        return .attemptsVoided(trial: trial, reason: reason)
      }
    case (.checkpointDropped, let trial?, nil, nil): return .checkpointDropped(trial: trial)
    case (.trialFailed, let trial?, nil, nil):
      if let failure = try decode(TrialFailure.self) {
        return .trialFailed(trial: trial, failure: failure)
      }
    case (.trialStopped, let trial?, nil, nil):
      if let reason = try decode(Reason.self)?.reason {
        return .trialStopped(trial: trial, reason: reason)
      }
    case (.trialRetried, let trial?, nil, nil):
      return .trialRetried(trial: trial)
    case (.hostDrained, nil, nil, nil):
      if let change = try decode(HostChange.self), let reason = change.reason {
        return .hostDrained(host: change.host, reason: reason)
      }
    case (.hostUndrained, nil, nil, nil):
      if let host = try decode(HostChange.self)?.host { return .hostUndrained(host: host) }
    case (.stagePaused, nil, nil, nil):
      if let change = try decode(StageChange.self), let failure = change.failure {
        return .stagePaused(stage: change.stage, failure: failure)
      }
    case (.stageResumed, nil, nil, nil):
      if let stage = try decode(StageChange.self)?.stage { return .stageResumed(stage: stage) }
    case (.limitsSet, nil, nil, nil):
      if let limits = try decode(SweepLimits.self) { return .limitsSet(limits) }
    default: break
    }
    throw Damage("journal record \(sequence) lacks a part of its kind, \(columns.kind.rawValue)")
  }
}

/// A place in the journal, given by the record before it.
struct JournalPlace: Hashable, Sendable {
  /// The record's number; 0 before the first.
  var sequence: Int
  /// The record's checksum, which the next one's builds on.
  var checksum: Int64

  /// Before the first record.
  static let beginning = JournalPlace(sequence: 0, checksum: 0)
}

/// Damage in a store's tables.
struct Damage: Error {
  /// What was found, and where.
  var found: String

  /// Damage of the given description.
  init(_ found: String) { self.found = found }
}
