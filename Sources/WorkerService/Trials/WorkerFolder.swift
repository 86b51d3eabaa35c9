import Digests
import Files
import Foundation
import Narrowing
import Supervision
import Trials

/// A worker process's own folder in the cache: one folder per running trial, the spooled results
/// that wait to be acknowledged, and the checkpoints that dead processes left.
///
/// `CACHE/workers/<worker>/lock` is held while the process lives; a folder whose lock is free
/// belonged to a process that died, and the next worker to start takes over what it left.
package final class WorkerFolder {
  /// The name of the file that makes a trial's folder a finished one; it is written last.
  package static let resultFileName = "result.pb"
  /// Checkpoints that nobody wanted for so long are deleted.
  private static let salvageLifetime: TimeInterval = 7 * 24 * 3600

  private let root: URL
  private var lock: FileLock
  private var folders: [WorkID: URL] = [:]
  private var salvaged: [TrialID: [SalvagedCheckpoint]] = [:]
  private var launches = 0
  /// Results that dead processes left and that cannot be read, moved to `CACHE/unreadable`, each
  /// with the reason in words.
  package private(set) var unreadable: [(file: URL, reason: String)] = []

  /// Opens the folder of a worker process and takes over what dead processes left.
  ///
  /// - Parameters:
  ///   - cache: The cache that all workers of the host share.
  ///   - worker: The process's unique name.
  /// - Throws: `FileError` when the folder cannot be made.
  package init(cache: URL, worker: String) throws {
    let workers = cache.appending(path: "workers")
    root = workers.appending(path: worker)
    lock = try Self.make(root)
    try adoptOrphans(of: workers)
  }

  /// Makes the folder, if it is not there, and takes it for this process.
  ///
  /// Another worker that starts just now may take a folder without a lock for a dead process's,
  /// and delete it. So the folder is made again until its lock is ours and still in its place.
  private static func make(_ root: URL) throws(FileError) -> FileLock {
    var failure = FileError("lock", root.path, code: EWOULDBLOCK)
    for _ in 0..<200 {
      do throws(FileError) {
        try FileError.makeFolder(root)
        let lock = try FileLock.tryLock(root.appending(path: "lock"))
        if let lock, lock.isAtItsPath { return lock }
      } catch {
        guard error.code == ENOENT else { throw error }
        failure = error
      }
      usleep(10_000)
    }
    throw failure
  }

  /// What somebody else did to the folder.
  package struct Finding: Equatable, Sendable {
    /// The works whose folders are gone, in order; the folder forgets them.
    package var lost: [WorkID] = []
    /// Whether the folder itself, or what says whose it is, was gone and is made anew.
    package var isMadeAnew = false
    /// Why the folder cannot be used, in words; nil when it can.
    package var trouble: String?
  }

  /// Looks whether the folder is still there, for anybody may clean a cache, and makes it anew.
  package func inspect() -> Finding {
    var finding = Finding()
    finding.lost = folders.filter { access($0.value.path, F_OK) != 0 }.map(\.key).sorted()
    for id in finding.lost { folders[id] = nil }
    salvaged = salvaged.compactMapValues { found in
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

  /// Where the folder is.
  package var path: String { root.path }

  /// The results that dead processes left, now in this folder.
  package private(set) var held: [HeldResult] = []

  /// A checkpoint of a trial whose worker died, to be verified before it is used.
  package struct SalvagedCheckpoint: Hashable, Sendable {
    /// Steps taken, as the file's name says.
    package var step: Int
    /// The file.
    package var url: URL
    /// The attempt that wrote it.
    package var attempt: Int
    /// The trajectory that is elsewhere, and the file with the rows after it.
    package var trajectory: TrajectoryStart
    package var rows: URL
  }

  /// The checkpoints of a trial that dead processes left, newest first.
  package func salvage(_ trial: TrialID) -> [SalvagedCheckpoint] { salvaged[trial] ?? [] }

  /// Makes the folder of a work, if it is not there yet, with its configuration in it.
  ///
  /// - Returns: The folder, which is the work's until ``discard(_:)``.
  package func prepare(_ id: WorkID, _ order: WorkOrder) throws -> URL {
    if let folder = folders[id] { return folder }
    let folder = root.appending(path: "\(id.trial)-\(id.launch)")
    try FileError.makeFolder(folder)
    try DurableFile.write(
      CanonicalJSON.data(order.configuration), to: folder.appending(path: "configuration.json"))
    try DurableFile.write(
      CanonicalJSON.data(
        SpooledAttempt(
          sweep: order.sweep, trial: order.trial, attempt: order.attempt)),
      to: folder.appending(path: "attempt.json"))
    folders[id] = folder
    return folder
  }

  /// The folder of a work, if it has one.
  package func url(of id: WorkID) -> URL? { folders[id] }

  /// Forgets a work and deletes its folder, and what others left of its trial.
  package func discard(_ id: WorkID) {
    guard let folder = folders.removeValue(forKey: id) else { return }
    try? FileManager.default.removeItem(at: folder)
    for old in salvaged.removeValue(forKey: id.trial) ?? [] {
      try? FileManager.default.removeItem(at: old.url.deletingLastPathComponent())
    }
  }

  /// Deletes the worker's folder if nothing is left in it that anybody may want.
  ///
  /// - Parameter keepsCheckpoints: Whether trials that were begun here may go on elsewhere on
  ///   this host.
  package func removeIfEmpty(keepsCheckpoints: Bool) {
    guard folders.isEmpty, salvaged.isEmpty || !keepsCheckpoints else { return }
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
      for entry in try manager.contentsOfDirectory(atPath: orphan.path).sorted() {
        let folder = orphan.appending(path: entry)
        guard let spooled: SpooledAttempt = Self.decode(folder.appending(path: "attempt.json"))
        else { continue }
        do {
          let result = try SpooledResult(in: folder, log: TrialLog(folder: folder).close())
          adopt(folder, spooled, result)
        } catch {
          putAside(folder.appending(path: Self.resultFileName), of: spooled, "\(error)", workers)
          adoptCheckpoints(in: folder, of: spooled)
        }
      }
      try? manager.removeItem(at: orphan)
      withExtendedLifetime(orphanLock) {}
    }
  }

  /// Moves a result that cannot be read to where nobody deletes it; one of an attempt replaces an
  /// earlier one of the same.
  private func putAside(_ file: URL, of spooled: SpooledAttempt, _ reason: String, _ workers: URL) {
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    let folder = workers.deletingLastPathComponent().appending(path: "unreadable")
    let target = folder.appending(path: "\(spooled.trial)-\(spooled.attempt).pb")
    try? FileError.makeFolder(folder)
    try? OpenFile<FileError>.rename(file.path, to: target.path)
    unreadable.append((target, reason))
  }

  private func adopt(_ folder: URL, _ spooled: SpooledAttempt, _ result: SpooledResult) {
    // Two results of one trial are the same.
    let isKnown = held.contains {
      $0.work.sweep == spooled.sweep && $0.work.trial == spooled.trial
    }
    guard !isKnown else { return }
    launches += 1
    let id = WorkID(sweep: spooled.sweep, trial: spooled.trial, launch: launches)
    let adopted = root.appending(path: "\(spooled.trial)-held-\(launches)")
    guard (try? FileManager.default.moveItem(at: folder, to: adopted)) != nil else { return }
    folders[id] = adopted
    held.append(
      HeldResult(
        work: id, attempt: spooled.attempt, result: result,
        trajectory: SuppliedTrajectory.read(in: adopted)?.start ?? .beginning))
  }

  /// Takes over the checkpoints in a folder, with what says whose they are, so that they are found
  /// again should this process die too.
  private func adoptCheckpoints(in folder: URL, of spooled: SpooledAttempt) {
    let trial = spooled.trial
    let manager = FileManager.default
    let oldest = Date().addingTimeInterval(-Self.salvageLifetime)
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
        SalvagedCheckpoint(
          step: $0, url: adopted.appending(path: name), attempt: spooled.attempt,
          trajectory: SuppliedTrajectory.read(in: adopted)?.start ?? .beginning,
          rows: adopted.appending(
            path: ArtifactKind.trajectory.rawValue + TrajectoryWriter.partialSuffix))
      }
    }
    salvaged[trial] = (salvage(trial) + found).sorted { $0.step > $1.step }
  }

  private static func decode<Value: Decodable>(_ url: URL) -> Value? {
    guard let data = try? Data(contentsOf: url) else { return nil }
    return try? CanonicalJSON.decode(Value.self, from: data)
  }
}

/// Which attempt a spooled result belongs to.
private struct SpooledAttempt: Codable {
  var sweep: String
  var trial: TrialID
  var attempt: Int
}
