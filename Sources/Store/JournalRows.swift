import Coordination
import Digests
import Foundation
import GRDB
import Trials

/// The journal as rows: what each kind of record puts into which column.
///
/// `detail` is JSON, and null for the two kinds that every trial has (a lease and a result), so
/// that replay decodes none for them.
enum JournalRows {
  /// The kinds of records, as they are stored.
  enum Kind: String {
    case imagesPinned = "images-pinned"
    case trialLeased = "trial-leased"
    case trialDuplicated = "trial-duplicated"
    case checkpointRecorded = "checkpoint-recorded"
    case attemptEnded = "attempt-ended"
    case resultRecorded = "result-recorded"
    case trialFailed = "trial-failed"
    case trialStopped = "trial-stopped"
    case trialRetried = "trial-retried"
    case hostDrained = "host-drained"
    case hostUndrained = "host-undrained"
    case stagePaused = "stage-paused"
    case stageResumed = "stage-resumed"
    case limitsSet = "limits-set"
  }

  private struct PinnedImages: Codable {
    var dataset: Dataset
    var sha256: Digest
  }

  private struct Reason: Codable {
    var reason: String
  }

  private struct HostChange: Codable {
    var host: String
    var reason: String?
  }

  private struct StageChange: Codable {
    var stage: String
    var failure: TrialFailure?
  }

  /// Everything of a row but its place, its time and its checksum.
  struct Columns {
    var kind: Kind
    var trial: TrialID?
    var attempt: Int?
    var worker: WorkerID?
    var detail: String?

    /// The checksum of the row, chained to the row before it and to the result it records.
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

  /// Appends records, and the results that they bring, to the tables.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` or a constraint's `DatabaseError` for a record that
  ///   the store's rules forbid.
  static func append(
    _ records: [JournalRecord], at time: Date, numbers: TrialNumbers, in database: Database
  ) throws {
    let last = try Row.fetchOne(
      database, sql: "SELECT sequence, checksum FROM journal ORDER BY sequence DESC LIMIT 1")
    var sequence: Int = try last?.value(0) ?? 0
    var previous: Int64 = try last?.value(1) ?? 0
    let milliseconds = Int64((time.timeIntervalSince1970 * 1000).rounded())
    var row = try RowInsertion(
      "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", in: database)
    for record in records {
      sequence += 1
      let columns = columns(of: record)
      var resultChecksum: Int64?
      if case .resultRecorded(let trial, _, _, let result) = record {
        resultChecksum = try ResultRows.insert(
          result, of: trial, numbers: numbers, in: database)
      }
      if case .imagesPinned(let dataset, let digest) = record {
        try database.execute(
          sql: "INSERT INTO images VALUES (?, ?)",
          arguments: [dataset.rawValue, Data(digest.bytes)])
      }
      previous = columns.checksum(
        sequence: sequence, milliseconds: milliseconds, previous: previous,
        result: resultChecksum)
      row.add(sequence)
      row.add(milliseconds)
      row.add(columns.kind.rawValue)
      row.add(try columns.trial.map(numbers.number))
      row.add(columns.attempt)
      row.add(columns.worker?.rawValue)
      row.add(columns.detail)
      row.add(previous)
      try row.insert()
    }
  }

  /// Reads the records about planned trials, and those about no trial, in order.
  ///
  /// - Throws: ``Damage`` when a row contradicts its checksum, a number is missing, or a value is
  ///   none that this release writes.
  static func fetch(numbers: TrialNumbers, in database: Database) throws -> [StampedRecord] {
    let results = try ResultRows.fetchAll(numbers: numbers, in: database)
    var records: [StampedRecord] = []
    var kinds = KnownTexts<Kind?>()
    var resultCount = 0
    var expectedSequence = 1
    var previous: Int64 = 0
    let rows = try StoredRows(database, sql: "SELECT * FROM journal ORDER BY sequence")
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
      let columns = Columns(
        kind: kind, trial: try number.map(numbers.trial), attempt: try rows.optionalInt(4),
        worker: try rows.optionalText(5).map(WorkerID.init), detail: try rows.optionalText(6))
      let milliseconds = Int64(try rows.int(1))
      let checksum = Int64(try rows.int(7))
      let stored = number.flatMap { kind == .resultRecorded ? results[$0] : nil }
      guard
        checksum
          == columns.checksum(
            sequence: sequence, milliseconds: milliseconds, previous: previous,
            result: stored?.checksum)
      else {
        throw Damage("journal record \(sequence) contradicts its checksum")
      }
      previous = checksum
      if kind == .resultRecorded { resultCount += 1 }
      if let number, try numbers.place(ofNumber: number) == nil { continue }
      records.append(
        StampedRecord(
          sequence: sequence,
          time: Date(timeIntervalSince1970: Double(milliseconds) / 1000),
          record: try record(of: columns, sequence: sequence, result: stored?.result)))
    }
    guard resultCount == results.count else {
      throw Damage("\(results.count) results for \(resultCount) records of one")
    }
    return records
  }

  /// Reads the attempts at one trial, by its name, from its rows alone.
  static func fetchAttempts(of trial: String, in database: Database) throws -> [AttemptRecord] {
    guard let id = TrialID(trial) else { return [] }
    var log = AttemptLog()
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT recorded_at_ms, kind, attempt, worker, detail FROM journal
        WHERE trial = (SELECT number FROM trial WHERE id = ?) AND attempt IS NOT NULL
        ORDER BY sequence
        """, arguments: [trial])
    while let row = try rows.next() {
      let time = Date(timeIntervalSince1970: Double(try row.value(0) as Int64) / 1000)
      let attempt: Int = try row.value(2)
      switch Kind(rawValue: try row.value(1)) {
      case .trialLeased, .trialDuplicated:
        log.begin(id, attempt, WorkerID(row[3] as String? ?? ""), at: time)
      case .attemptEnded:
        let detail = Data((row[4] as String? ?? "").utf8)
        let failure = try CanonicalJSON.decode(TrialFailure.self, from: detail)
        log.end(id, attempt, at: time, .failed(failure))
      case .resultRecorded: log.end(id, attempt, at: time, .recorded)
      default: break
      }
    }
    return log.attempts
  }

  private static func columns(of record: JournalRecord) -> Columns {
    switch record {
    case .imagesPinned(let dataset, let digest):
      Columns(
        kind: .imagesPinned,
        detail: CanonicalJSON.text(PinnedImages(dataset: dataset, sha256: digest)))
    case .trialLeased(let trial, let attempt, let worker):
      Columns(kind: .trialLeased, trial: trial, attempt: attempt, worker: worker)
    case .trialDuplicated(let trial, let attempt, let worker):
      Columns(kind: .trialDuplicated, trial: trial, attempt: attempt, worker: worker)
    case .checkpointRecorded(let trial, let attempt, let checkpoint):
      Columns(
        kind: .checkpointRecorded, trial: trial, attempt: attempt,
        detail: CanonicalJSON.text(checkpoint))
    case .attemptEnded(let trial, let attempt, let failure):
      Columns(
        kind: .attemptEnded, trial: trial, attempt: attempt, detail: CanonicalJSON.text(failure))
    case .resultRecorded(let trial, let attempt, let worker, _):
      Columns(kind: .resultRecorded, trial: trial, attempt: attempt, worker: worker)
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

  /// The record that columns tell of.
  ///
  /// - Throws: ``Damage`` or a `DecodingError` when a part of its kind is missing or none.
  static func record(
    of columns: Columns, sequence: Int, result: TrialResult?
  ) throws -> JournalRecord {
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value? {
      try columns.detail.map { try CanonicalJSON.decode(type, from: Data($0.utf8)) }
    }
    switch (columns.kind, columns.trial, columns.attempt, columns.worker) {
    case (.imagesPinned, nil, nil, nil):
      if let pinned = try decode(PinnedImages.self) {
        return .imagesPinned(dataset: pinned.dataset, digest: pinned.sha256)
      }
    case (.trialLeased, let trial?, let attempt?, let worker?):
      return .trialLeased(trial: trial, attempt: attempt, worker: worker)
    case (.trialDuplicated, let trial?, let attempt?, let worker?):
      return .trialDuplicated(trial: trial, attempt: attempt, worker: worker)
    case (.checkpointRecorded, let trial?, let attempt?, nil):
      if let checkpoint = try decode(TrialCheckpoint.self) {
        return .checkpointRecorded(trial: trial, attempt: attempt, checkpoint: checkpoint)
      }
    case (.attemptEnded, let trial?, let attempt?, nil):
      if let failure = try decode(TrialFailure.self) {
        return .attemptEnded(trial: trial, attempt: attempt, failure: failure)
      }
    case (.resultRecorded, let trial?, let attempt?, let worker?):
      if let result {
        return .resultRecorded(trial: trial, attempt: attempt, worker: worker, result: result)
      }
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

/// What is wrong with the content of a store's tables, in words.
struct Damage: Error {
  /// What was found, and where.
  var found: String

  /// Damage of the given description.
  init(_ found: String) { self.found = found }
}
