import Digests
import Files
import Foundation
import Trials

/// A worker process's own folder in the cache: one folder per running trial, and the spooled
/// results that wait to be acknowledged.
///
/// `CACHE/workers/<worker>/lock` is held while the process lives; a folder whose lock is free
/// belonged to a process that died, and the next worker to start takes over its results.
package final class WorkerFolder {
  /// The name of the file that makes a trial's folder a finished one; it is written last.
  package static let resultFileName = "result.json"

  private let root: URL
  private let lock: FileLock
  private var folders: [TrialID: URL] = [:]
  private var launches = 0

  /// Opens the folder of a worker process and takes over what dead processes left.
  ///
  /// - Parameters:
  ///   - cache: The cache that all workers of the host share.
  ///   - worker: The process's unique name.
  /// - Throws: `FileError` or the file manager's error when the folder cannot be made.
  package init(cache: URL, worker: String) throws {
    let workers = cache.appending(path: "workers")
    root = workers.appending(path: worker)
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    guard let lock = try FileLock.tryLock(root.appending(path: "lock")) else {
      throw FileError("lock", root.path, code: EWOULDBLOCK)
    }
    self.lock = lock
    try adoptOrphans(of: workers)
  }

  /// The results that dead processes left, now in this folder.
  package private(set) var held: [HeldResult] = []

  /// Makes an empty folder for a trial, with its configuration in it.
  ///
  /// - Returns: The folder, which is the trial's until ``discard(_:)``.
  package func prepare(_ order: WorkOrder) throws -> URL {
    launches += 1
    let folder = root.appending(path: "\(order.trial)-\(launches)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try DurableFile.write(
      CanonicalJSON.data(order.configuration), to: folder.appending(path: "configuration.json"))
    try DurableFile.write(
      CanonicalJSON.data(
        SpooledAttempt(
          sweep: order.sweep, trial: order.trial, attempt: order.attempt)),
      to: folder.appending(path: "attempt.json"))
    folders[order.trial] = folder
    return folder
  }

  /// A file of a trial's folder.
  package func url(of artifact: Artifact, trial: TrialID) -> URL? {
    folders[trial]?.appending(path: artifact.kind.rawValue)
  }

  /// Forgets a trial and deletes its folder.
  package func discard(_ trial: TrialID) {
    guard let folder = folders.removeValue(forKey: trial) else { return }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Deletes the worker's folder if no result is left in it.
  package func removeIfEmpty() {
    guard folders.isEmpty else { return }
    try? FileManager.default.removeItem(at: root)
  }

  private func adoptOrphans(of workers: URL) throws {
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: workers.path).sorted()
    where name != root.lastPathComponent {
      let orphan = workers.appending(path: name)
      guard let orphanLock = try? FileLock.tryLock(orphan.appending(path: "lock")) else { continue }
      for entry in try manager.contentsOfDirectory(atPath: orphan.path).sorted() {
        adopt(orphan.appending(path: entry))
      }
      try? manager.removeItem(at: orphan)
      withExtendedLifetime(orphanLock) {}
    }
  }

  private func adopt(_ folder: URL) {
    guard
      let result: TrialResult = Self.decode(folder.appending(path: Self.resultFileName)),
      let spooled: SpooledAttempt = Self.decode(folder.appending(path: "attempt.json")),
      folders[spooled.trial] == nil
    else { return }
    launches += 1
    let adopted = root.appending(path: "\(spooled.trial)-held-\(launches)")
    guard (try? FileManager.default.moveItem(at: folder, to: adopted)) != nil else { return }
    folders[spooled.trial] = adopted
    held.append(
      HeldResult(
        sweep: spooled.sweep, trial: spooled.trial, attempt: spooled.attempt, result: result))
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
