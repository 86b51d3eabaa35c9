import Coordination
import Files
import Foundation
import GRDB
import Trials

/// Reads the verifiable plan and results of a possibly damaged sweep folder.
///
/// The result log is always read. If the database's checksums for plan and journal hold and it is
/// of the same record, it decides which results count up to its committed offset; the log adds only
/// later ones. Nothing in the folder is changed.
package struct SalvageSource: Sendable {
  /// A valid result.
  struct Found: Sendable {
    /// Where a result comes from.
    enum Origin: Sendable {
      /// A worker's attempt.
      case attempt(Int, WorkerID)
      /// Another sweep's record.
      case sweep(ReuseOrigin)
    }

    var trial: TrialID
    var origin: Origin
    var milliseconds: Int64
    var content: [UInt8]

    /// The journal's record of it.
    func record(_ received: ReceivedResult) -> JournalRecord {
      switch origin {
      case .attempt(let attempt, let worker):
        .resultRecorded(trial: trial, attempt: attempt, worker: worker, result: received)
      case .sweep(let origin): .resultReused(trial: trial, origin: origin, result: received)
      }
    }
  }

  /// The verified plan and the text of its sweep file; nil if there is none.
  package private(set) var plan: (plan: SweepPlan, sweepText: String)?
  /// Whether a later plan may have been lost.
  package private(set) var isPlanUnsure = false
  /// Damage of the log that no sound database makes up for, each a clause.
  package private(set) var damage: [String] = []
  /// Whether the database is intact, so that no valid result is lost.
  package private(set) var isDatabaseSound = false

  private var isPlanFromDatabase = false
  /// How many results of trials that are not planned the database has.
  private var unplannedCount = 0
  /// The valid results, in the order in which they were recorded.
  private var found: [Found?] = []
  private var places: [TrialID: Int] = [:]
  /// Trials named in damaged bytes, with what is known of them.
  private var suspected: [TrialID: String] = [:]
  private let logPath: String
  private let databasePath: String

  /// Reads a folder.
  ///
  /// - Throws: ``StoreError`` if there is neither a log nor a sound database.
  package init(directory: URL) throws(StoreError) {
    databasePath = StoreFile(directory: directory).path
    logPath = StoreLog.path(besideDatabase: databasePath)
    let database = Result { () throws(StoreError) in try SoundDatabase(copyOf: databasePath) }
    let log: ResultLogReader
    do throws(StoreError) {
      log = try ResultLogReader(path: logPath)
    } catch {
      guard case .missing = error else { throw error }
      take(try database.get())
      return
    }
    var offset = 0
    if let database = try? database.get(), (log.identity ?? database.identity) == database.identity
    {
      take(database)
      offset = database.committedOffset
    }
    take(log, after: offset)
    if found.allSatisfy({ $0 == nil }), plan == nil {
      throw .foreign(path: logPath, found: "no entry of a sweep's log of results")
    }
  }

  /// How many of the results are of trials of a plan.
  package func overlap(with plan: SweepPlan) -> (known: Int, of: Int) {
    let planned = TrialIndex(plan.trials)
    return (places.keys.count { planned[$0] != nil }, places.count)
  }

  /// Combines the verified results with a plan.
  package func salvage(of plan: SweepPlan) -> StoreSalvage {
    StoreSalvage(
      of: plan, found.compactMap { $0 }, suspected: suspected, unplannedCount: unplannedCount)
  }

  private mutating func take(_ database: SoundDatabase) {
    isDatabaseSound = database.journal != nil
    plan = database.plan
    isPlanFromDatabase = true
    if isDatabaseSound { unplannedCount = database.unplannedCount }
    for stamped in database.journal ?? [] {
      let milliseconds = JournalRows.milliseconds(of: stamped.time)
      switch stamped.record {
      case .resultRecorded(let trial, let attempt, let worker, let result, _):
        put(
          Found(
            trial: trial, origin: .attempt(attempt, worker), milliseconds: milliseconds,
            content: result.bytes))
      case .resultReused(let trial, let origin, let result):
        put(
          Found(
            trial: trial, origin: .sweep(origin), milliseconds: milliseconds,
            content: result.bytes))
      case .resultDiscarded(let trial, _): remove(trial)
      default: break
      }
    }
  }

  /// Applies the entries of a log after an offset; they override earlier ones.
  private mutating func take(_ log: consuming ResultLogReader, after offset: Int) {
    var log = log
    var plans = LoggedPlanReading()
    while let finding = log.next() {
      switch finding {
      case .damage(let found):
        plans.interrupt()
        guard !isDatabaseSound || found.range.upperBound > offset else { continue }
        damage.append("\(logPath): \(found)")
        if let trial = found.trial { suspected[trial] = "\(found)" }
      case .entry(.plan(let bytes), let place):
        plans.take(bytes)
        if let whole = plans.whole, !plans.isOpen, plan == nil || place >= offset {
          plan = whole
        }
      case .entry(let entry, let place) where !isDatabaseSound || place >= offset: take(entry)
      case .entry: break
      }
    }
    isPlanUnsure = !isPlanFromDatabase && plans.isOpen
  }

  private mutating func take(_ entry: ResultLogEntry) {
    switch entry {
    case .result(let trial, let attempt, let worker, let milliseconds, let content):
      put(
        Found(
          trial: trial, origin: .attempt(attempt, worker), milliseconds: milliseconds,
          content: content))
    case .reuse(let trial, let milliseconds, let origin, let content):
      let sweep = try? CanonicalJSON.decode(ReuseOrigin.self, from: Data(origin.utf8))
      put(
        Found(
          trial: trial, origin: .sweep(sweep ?? ReuseOrigin(folder: origin, sweepID: "")),
          milliseconds: milliseconds, content: content))
    case .discard(let trial, _, _): remove(trial)
    case .plan, .padding: break
    }
  }

  /// Adds a valid result, replacing an earlier one whose discard was lost.
  private mutating func put(_ result: Found) {
    remove(result.trial)
    places[result.trial] = found.count
    found.append(result)
  }

  private mutating func remove(_ trial: TrialID) {
    if let place = places.removeValue(forKey: trial) { found[place] = nil }
  }
}

/// The verified content of a database; it is read from a copy, since opening may migrate the
/// original.
private struct SoundDatabase {
  var identity: String
  var committedOffset: Int
  var plan: (plan: SweepPlan, sweepText: String)
  /// The journal; nil if it is damaged.
  var journal: [StampedRecord]?
  /// How many valid results are of trials that are not planned, which the journal omits.
  var unplannedCount: Int

  init(copyOf path: String) throws(StoreError) {
    let manager = FileManager.default
    let copy = manager.temporaryDirectory.appending(path: "salvage-\(UUID())")
    defer { try? manager.removeItem(at: copy) }
    guard manager.fileExists(atPath: path) else { throw .missing(path: path) }
    for name in [path, path + "-wal"] {
      guard let found = FileError.unusual(at: name) else { continue }
      throw .foreign(path: name, found: found)
    }
    let target = StoreFile(directory: copy).path
    do {
      try manager.createDirectory(at: copy, withIntermediateDirectories: true)
      for ending in ["", "-wal"] where manager.fileExists(atPath: path + ending) {
        try manager.copyItem(atPath: path + ending, toPath: target + ending)
      }
    } catch {
      throw .inputOutput(path: path, reason: "cannot be copied: \(ErrorWords.text(error))")
    }
    do throws(StoreError) {
      let reader = try SweepReader.open(directory: copy)
      identity = try reader.read { try PlanRows.identity(in: $0) }
      plan = (try reader.plan(), try reader.sweepText())
      journal = try? reader.history()
      unplannedCount = try reader.read { database in
        try Int.fetchOne(
          database,
          sql: """
            SELECT count(*) FROM result JOIN trial ON trial.number = result.trial
            WHERE position IS NULL AND discarded IS NULL
            """) ?? 0
      }
      // Migrating a database of an earlier format created a log beside the copy.
      let isMigrated = manager.fileExists(atPath: StoreLog.path(besideDatabase: target))
      committedOffset =
        isMigrated ? 0 : try reader.read { try LogRows.committedOffset(in: $0) }
    } catch {
      // Errors name the original, not the copy.
      switch error {
      case .foreign(_, let found): throw .foreign(path: path, found: found)
      case .corrupted(_, let found): throw .corrupted(path: path, found: found)
      default: throw error
      }
    }
  }
}
