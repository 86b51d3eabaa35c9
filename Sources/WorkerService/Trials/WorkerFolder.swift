import Digests
import Files
import Foundation
import Narrowing
import Supervision
import Trials

/// A worker process's folder in the cache: one folder per running trial, unacknowledged results,
/// and checkpoints that dead processes left.
///
/// The process holds `CACHE/workers/<worker>/lock`. A folder whose lock is free belonged to a dead
/// process; the next worker that starts adopts its files.
package final class WorkerFolder {
  /// The result file, written last: a trial's folder with it is complete.
  package static let resultFileName = "result.pb"
  /// Left checkpoints are deleted after this time.
  private static let leftCheckpointLifetime: TimeInterval = 7 * 24 * 3600

  private let root: URL
  private var lock: FileLock
  private var folders: [WorkID: URL] = [:]
  private var leftByTrial: [TrialID: [LeftCheckpoint]] = [:]
  private var launches = 0
  /// Results that dead processes left and that cannot be read, moved to `CACHE/unreadable`, each
  /// with the reason in words.
  package private(set) var unreadable: [(file: URL, reason: String)] = []

  /// Opens the folder of a worker process and adopts the files of dead processes.
  ///
  /// - Parameters:
  ///   - cache: The cache that all workers of the host share.
  ///   - worker: The process's unique name.
  /// - Throws: `FileError` if the folder cannot be created.
  package init(cache: URL, worker: String) throws {
    let workers = cache.appending(path: "workers")
    root = workers.appending(path: worker)
    lock = try Self.make(root)
    try adoptOrphans(of: workers)
  }

  /// Creates the folder if it is missing, and locks it for this process.
  ///
  /// Another starting worker may mistake a folder without a lock for a dead process's and delete
  /// it. So this retries until the lock is held and the folder still exists.
  private static func make(_ root: URL) throws(FileError) -> FileLock {
    var failure = FileError("lock", root.path, code: EWOULDBLOCK)
    for _ in 0..<200 {
      do throws(FileError) {
        try FileError.makeFolder(root)
        let lock = try FileLock.tryLock(root.appending(path: "lock"))
        if let lock, lock.isAtItsPath { return lock }
        failure = FileError("lock", root.path, code: EWOULDBLOCK)
      } catch {
        guard error.code == ENOENT || error.code == EEXIST else { throw error }
        failure = error
      }
      usleep(10_000)
    }
    throw failure
  }

  /// What other programs did to the folder.
  package struct Finding: Equatable, Sendable {
    /// The works whose folders are gone, in order; they are no longer known.
    package var lost: [WorkID] = []
    /// Whether the folder or its lock file was missing and has been recreated.
    package var isMadeAnew = false
    /// Why the folder cannot be used; nil if it can.
    package var trouble: String?
  }

  /// Checks whether the folder exists, since caches may be cleaned, and recreates it if not.
  package func inspect() -> Finding {
    var finding = Finding()
    finding.lost = folders.filter { access($0.value.path, F_OK) != 0 }.map(\.key).sorted()
    for id in finding.lost { folders[id] = nil }
    leftByTrial = leftByTrial.compactMapValues { found in
      let kept = found.filter { access($0.url.path, F_OK) == 0 }
      return kept.isEmpty ? nil : kept
    }
    do throws(FileError) {
      if !lock.isAtItsPath {
        lock = try Self.make(root)
        finding.isMadeAnew = true
      }
      guard access(root.path, R_OK | W_OK | X_OK) == 0 else {
        throw FileError("access", root.path)
      }
    } catch {
      finding.trouble = "\(error)"
    }
    return finding
  }

  /// The folder's path.
  package var path: String { root.path }

  /// The results of dead processes, moved to this folder.
  package private(set) var held: [HeldResult] = []

  /// An unverified checkpoint of a trial whose worker died.
  package struct LeftCheckpoint: Hashable, Sendable {
    /// Steps taken, from the file's name.
    package var step: Int
    /// The file.
    package var url: URL
    /// The attempt that wrote it.
    package var attempt: Int
    /// The prefix of the trajectory that is not in the rows file, and the rows file.
    package var trajectory: TrajectoryStart
    package var rows: URL
  }

  /// The checkpoints of a trial left by dead processes, newest first.
  package func leftCheckpoints(of trial: TrialID) -> [LeftCheckpoint] { leftByTrial[trial] ?? [] }

  /// Creates the folder of a work with its configuration, if it is missing.
  ///
  /// - Returns: The folder. It belongs to the work until ``discard(_:)``.
  package func prepare(_ id: WorkID, _ assignment: Assignment) throws -> URL {
    if let folder = folders[id] { return folder }
    let folder = root.appending(path: "\(id.trial)-\(id.launch)")
    try FileError.makeFolder(folder)
    try DurableFile.write(
      CanonicalJSON.data(assignment.configuration), to: folder.appending(path: "configuration.json")
    )
    try DurableFile.write(
      CanonicalJSON.data(
        SpooledAttempt(
          sweep: assignment.sweep, trial: assignment.trial, attempt: assignment.attempt)),
      to: folder.appending(path: "attempt.json"))
    folders[id] = folder
    return folder
  }

  /// Prepares a work's folder for another process, which goes on from a checkpoint in it.
  ///
  /// Copies the trajectory to the rows that the checkpoint names, since the process writes the
  /// trajectory's file anew, and deletes rows and checkpoints that are not needed any more.
  ///
  /// - Throws: `FileError` if the folder is gone, `CocoaError` if the rows cannot be copied.
  package func prepareRestart(_ id: WorkID, from checkpoint: FetchedCheckpoint?) throws {
    guard let folder = folders[id] else {
      throw FileError("open the trial's folder", root.path, code: ENOENT)
    }
    guard let checkpoint else { return }
    let manager = FileManager.default
    if let rows = checkpoint.rows, access(folder.appending(path: rows).path, F_OK) != 0 {
      let partial = ArtifactKind.trajectory.rawValue + TrajectoryWriter.partialSuffix
      try manager.copyItem(
        at: folder.appending(path: partial), to: folder.appending(path: rows))
    }
    for name in (try? manager.contentsOfDirectory(atPath: folder.path)) ?? []
    where name != checkpoint.file && name != checkpoint.rows
      && (CheckpointFile.step(ofName: name) != nil || name.hasPrefix(FetchedCheckpoint.rowsPrefix))
    {
      try? manager.removeItem(at: folder.appending(path: name))
    }
  }

  /// The folder of a work, if it has one.
  package func url(of id: WorkID) -> URL? { folders[id] }

  /// Deletes a work's folder and the left checkpoints of its trial.
  package func discard(_ id: WorkID) {
    guard let folder = folders.removeValue(forKey: id) else { return }
    try? FileManager.default.removeItem(at: folder)
    for old in leftByTrial.removeValue(forKey: id.trial) ?? [] {
      try? FileManager.default.removeItem(at: old.url.deletingLastPathComponent())
    }
  }

  /// Deletes the worker's folder if it contains nothing of use.
  ///
  /// - Parameter keepsCheckpoints: Whether to keep left checkpoints for other workers of this host.
  package func removeIfEmpty(keepsCheckpoints: Bool) {
    guard folders.isEmpty, leftByTrial.isEmpty || !keepsCheckpoints else { return }
    try? FileManager.default.removeItem(at: root)
  }

  private func adoptOrphans(of workers: URL) throws {
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: workers.path).sorted()
    where name != root.lastPathComponent {
      let orphan = workers.appending(path: name)
      guard let orphanLock = try? FileLock.tryLock(orphan.appending(path: "lock")),
        orphanLock.isAtItsPath
      else { continue }
      var isSaved = true
      for entry in try manager.contentsOfDirectory(atPath: orphan.path).sorted() {
        let folder = orphan.appending(path: entry)
        guard let spooled: SpooledAttempt = Self.decode(folder.appending(path: "attempt.json"))
        else { continue }
        do {
          let result = try SpooledResult(in: folder, log: TrialLog(folder: folder).close())
          isSaved = adopt(folder, spooled, result) && isSaved
        } catch {
          if putAside(folder.appending(path: Self.resultFileName), "\(error)", workers) {
            adoptCheckpoints(in: folder, of: spooled)
          } else {
            isSaved = false
          }
        }
      }
      // A result that could not be moved stays for the next worker.
      if isSaved { try? manager.removeItem(at: orphan) }
      withExtendedLifetime(orphanLock) {}
    }
  }

  /// Moves an unreadable result to a folder in which nothing is deleted, under the name of its worker
  /// and its folder.
  ///
  /// - Returns: Whether there is no such file at its place any more.
  private func putAside(_ file: URL, _ reason: String, _ workers: URL) -> Bool {
    guard FileManager.default.fileExists(atPath: file.path) else { return true }
    let folder = workers.deletingLastPathComponent().appending(path: "unreadable")
    let names = file.deletingLastPathComponent().pathComponents.suffix(2)
    let target = folder.appending(path: names.joined(separator: "-") + ".pb")
    do throws(FileError) {
      try FileError.makeFolder(folder)
      try OpenFile<FileError>.rename(file.path, to: target.path)
    } catch {
      unreadable.append((file, "\(reason); it could not be moved: \(error)"))
      return false
    }
    unreadable.append((target, reason))
    return true
  }

  /// Takes over a dead process's result.
  ///
  /// - Returns: Whether the result is held now.
  private func adopt(_ folder: URL, _ spooled: SpooledAttempt, _ result: SpooledResult) -> Bool {
    // Keep one result per sweep and trial; they are equal.
    let isKnown = held.contains {
      $0.work.sweep == spooled.sweep && $0.work.trial == spooled.trial
    }
    guard !isKnown else { return true }
    launches += 1
    let id = WorkID(sweep: spooled.sweep, trial: spooled.trial, launch: launches)
    let adopted = root.appending(path: "\(spooled.trial)-held-\(launches)")
    guard (try? FileManager.default.moveItem(at: folder, to: adopted)) != nil else { return false }
    folders[id] = adopted
    held.append(
      HeldResult(
        work: id, attempt: spooled.attempt, result: result,
        trajectory: SuppliedTrajectory.read(in: adopted)?.start ?? .beginning))
    return true
  }

  /// Adopts the checkpoints of a folder together with the file that names their attempt, so that
  /// they are found again if this process dies too.
  private func adoptCheckpoints(in folder: URL, of spooled: SpooledAttempt) {
    let trial = spooled.trial
    let manager = FileManager.default
    let oldest = Date().addingTimeInterval(-Self.leftCheckpointLifetime)
    let names = ((try? manager.contentsOfDirectory(atPath: folder.path)) ?? []).filter {
      guard CheckpointFile.step(ofName: $0) != nil else { return false }
      let attributes = try? manager.attributesOfItem(atPath: folder.appending(path: $0).path)
      return (attributes?[.modificationDate] as? Date ?? .distantPast) > oldest
    }
    guard !names.isEmpty else { return }
    launches += 1
    let adopted = root.appending(path: "\(trial)-left-\(launches)")
    guard (try? manager.moveItem(at: folder, to: adopted)) != nil else { return }
    let found = names.compactMap { name in
      CheckpointFile.step(ofName: name).map {
        LeftCheckpoint(
          step: $0, url: adopted.appending(path: name), attempt: spooled.attempt,
          trajectory: SuppliedTrajectory.read(in: adopted)?.start ?? .beginning,
          rows: adopted.appending(
            path: ArtifactKind.trajectory.rawValue + TrajectoryWriter.partialSuffix))
      }
    }
    leftByTrial[trial] = (leftCheckpoints(of: trial) + found).sorted { $0.step > $1.step }
  }

  private static func decode<Value: Decodable>(_ url: URL) -> Value? {
    guard let data = try? WholeFile.read(url) else { return nil }
    return try? CanonicalJSON.decode(Value.self, from: data)
  }
}

/// Which attempt a spooled result belongs to.
private struct SpooledAttempt: Codable {
  var sweep: String
  var trial: TrialID
  var attempt: Int
}
