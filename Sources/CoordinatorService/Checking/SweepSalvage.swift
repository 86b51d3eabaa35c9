import Coordination
import Digests
import Files
import Foundation
import Store
import Transfers
import Trials

/// A new sweep folder with all that can be verified of a damaged one.
///
/// The damaged folder is only read. The new one is built under a temporary name and renamed when
/// complete.
package struct SweepSalvage: Codable, Hashable, Sendable {
  /// A result that the record mentions but that cannot be recovered.
  package struct LostResult: Codable, Hashable, Sendable {
    package var trial: String
    package var stage: String
    package var reason: String
  }

  /// A file of a kept result that is missing or damaged.
  package struct LostFile: Codable, Hashable, Sendable {
    package var trial: String
    package var file: String
    package var found: String
  }

  /// The sweep's name.
  package let sweep: String
  /// The damaged folder and the new one, as commands name them.
  package let origin: String
  package let target: String
  /// Whether the plan was taken from the sweep file, since the record's is lost or may be outdated.
  package let isPlannedFromFile: Bool
  /// How many trials are planned.
  package let trialCount: Int
  /// How many results were verified and kept.
  package let keptCount: Int
  /// The lost results, in the plan's order.
  package let lost: [LostResult]
  /// Trials whose result is not mentioned anywhere, in the plan's order.
  package let untraced: [String]
  /// Damaged parts of the result log, which may have held results.
  package let damage: [String]
  /// Whether the database is intact; then a trial without a result certainly had none.
  package let isDatabaseSound: Bool
  /// How many results of trials that are no longer planned were not copied.
  package let unplannedCount: Int
  /// How many blobs were verified and kept.
  package private(set) var blobCount = 0
  /// Files of kept results that are lost.
  package private(set) var lostFiles: [LostFile] = []
  /// Further remarks.
  package private(set) var notes: [String] = []

  /// Whether nothing is lost or possibly lost.
  package var isWhole: Bool { lost.isEmpty && lostFiles.isEmpty && damage.isEmpty }

  /// Salvages a damaged folder into a new one.
  ///
  /// - Parameters:
  ///   - origin: The damaged folder.
  ///   - target: The new one, which must not exist.
  ///   - request: The sweep file, used if the plan in the record is lost.
  /// - Throws: ``SalvageError``, `StoreError`, or the error of a folder that cannot be written. The
  ///   new folder then does not exist.
  package static func perform(
    from origin: URL, into target: URL, sweep request: SweepRequest?
  ) throws -> SweepSalvage {
    let manager = FileManager.default
    guard !manager.fileExists(atPath: target.path) else {
      throw SalvageError.targetExists(target.relativePath)
    }
    guard try !ControlSocket.isServed(in: origin) else {
      throw SalvageError.running(origin.relativePath)
    }
    let source = try SalvageSource(directory: origin)
    let (plan, sweepText, isFromFile) = try self.plan(of: source, request: request)
    let aside = target.deletingLastPathComponent()
      .appending(path: ".\(target.lastPathComponent).\(getpid()).new", directoryHint: .isDirectory)
    try manager.createDirectory(at: aside, withIntermediateDirectories: true)
    do {
      let salvage = try make(
        of: source, plan, sweepText, isFromFile, from: origin, into: aside, named: target)
      try OpenFile<FileError>.commit(aside.path, as: target.path)
      return salvage
    } catch {
      try? manager.removeItem(at: aside)
      throw error
    }
  }

  /// The plan in the record; if that is lost or may be outdated, the sweep file's.
  private static func plan(
    of source: SalvageSource, request: SweepRequest?
  ) throws -> (SweepPlan, sweepText: String, isFromFile: Bool) {
    if let (plan, sweepText) = source.plan, !source.isPlanUnsure || request == nil {
      return (plan, sweepText, false)
    }
    guard let request else { throw SalvageError.planLost }
    let plan = try request.plan()
    let (known, count) = source.overlap(with: plan)
    guard known > 0 || count == 0 else {
      throw SalvageError.otherSweep(request.file.relativePath, trialCount: count)
    }
    return (plan, try request.text(), true)
  }

  private static func make(
    of source: SalvageSource, _ plan: SweepPlan, _ sweepText: String, _ isFromFile: Bool,
    from origin: URL, into folder: URL, named target: URL
  ) throws -> SweepSalvage {
    let files = SalvagedFiles(
      from: origin, into: try BlobStore(folder: folder.appending(path: "blobs")))
    let found = source.salvage(of: plan)
    var salvage = SweepSalvage(
      found, source, origin: origin.relativePath, target: target.relativePath,
      isPlannedFromFile: isFromFile)
    if source.isPlanUnsure, !isFromFile {
      salvage.notes.append(
        "a later plan may be lost; --sweep FILE, with the --set and --scale-budget of the last run, "
          + "says what was planned")
    }
    var stored: Set<Digest> = []
    for trial in plan.trials {
      for artifact in found.results[trial.id]?.artifacts ?? [] {
        guard let problem = files.problem(of: artifact.digest) else {
          stored.insert(artifact.digest)
          continue
        }
        salvage.lostFiles.append(
          LostFile(trial: "\(trial.id)", file: artifact.kind.rawValue, found: problem))
      }
    }
    if let obstacle = files.obstacle { throw obstacle }
    salvage.blobCount = stored.count
    try SweepStore.create(
      in: folder, from: found, sweepText: sweepText,
      note: SalvageNote(origin: origin.path, time: Date(), outcome: salvage.words))
    try BlobHousekeeping.tidy(files.blobs, plan, found.records.map(\.record))
    salvage.copyLogs(from: origin, into: folder)
    _ = try SweepReport.rebuild(folder)
    return salvage
  }

  private init(
    _ found: StoreSalvage, _ source: SalvageSource, origin: String, target: String,
    isPlannedFromFile: Bool
  ) {
    let trials = TrialIndex(found.plan.trials)
    sweep = found.plan.name
    self.origin = origin
    self.target = target
    self.isPlannedFromFile = isPlannedFromFile
    trialCount = found.plan.trials.count
    keptCount = found.results.count
    lost = found.lost.map {
      LostResult(
        trial: "\($0.trial)", stage: trials[$0.trial]?.stage ?? "", reason: $0.reason)
    }
    let traced = Set(found.lost.map(\.trial)).union(found.results.keys)
    untraced = found.plan.trials.filter { !traced.contains($0.id) }.map { "\($0.id)" }
    damage = source.damage
    isDatabaseSound = source.isDatabaseSound
    unplannedCount = found.unplannedCount
  }

  /// Copies the logs unchecked, since only people read them.
  private mutating func copyLogs(from origin: URL, into folder: URL) {
    let manager = FileManager.default
    let logs = origin.appending(path: "logs")
    guard manager.fileExists(atPath: logs.path) else { return }
    do {
      try manager.copyItem(at: logs, to: folder.appending(path: "logs"))
    } catch {
      notes.append("logs were not copied: \(error)")
    }
  }
}

/// Why nothing was salvaged.
package enum SalvageError: Error, CustomStringConvertible {
  /// The new folder exists already.
  case targetExists(String)
  /// A coordinator runs the sweep.
  case running(String)
  /// The plan in the record is lost, and no sweep file was given.
  case planLost
  /// The sweep file has none of the trials that the record names.
  case otherSweep(String, trialCount: Int)

  package var description: String {
    switch self {
    case .targetExists(let path):
      "\(path): exists; expected the name of a folder that is to be made"
    case .running(let path): "\(path): a coordinator runs this sweep; stop it first"
    case .planLost:
      "neither results.log nor sweep.sqlite proves a plan; --sweep FILE, with the --set and --scale-budget of the "
        + "run, says what was planned"
    case .otherSweep(let path, let count):
      "\(path): found a sweep with none of the \(count) trials that the record names; expected the "
        + "sweep that was run, with its --set and --scale-budget"
    }
  }
}
