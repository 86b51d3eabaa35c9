import Coordination
import Foundation
import Logging
import Store
import Transfers

/// Notices within seconds when a running sweep's folder, or that of its blobs, is gone, full or may
/// not be used.
struct StorageWatch {
  private static let interval = Duration.seconds(1)
  /// A failure that did not come again for so long is over: whoever stored has given up.
  private static let troubleLifetime = Duration.seconds(60)

  private let store: SweepStore
  private let blobs: BlobStore
  private let server: BlobServer
  private let logger: Logger
  private var nextLook = Instant(sinceStart: .zero)
  /// What is wrong with the blobs, for people; nil when nothing is.
  private(set) var obstacle: String?
  /// What has happened to the folder in this run, for people.
  private(set) var losses: [String] = []

  /// A watch over a sweep's record and blobs.
  init(store: SweepStore, blobs: BlobStore, server: BlobServer, logger: Logger) {
    self.store = store
    self.blobs = blobs
    self.server = server
    self.logger = logger
  }

  /// Looks when it is time to, and tells people of changes; to be asked in every round.
  ///
  /// - Throws: `StoreError.displaced` when the record is no longer where it was: the run cannot go
  ///   on.
  mutating func look(at now: Instant) throws(StoreError) {
    guard now >= nextLook else { return }
    nextLook = now + Self.interval
    try store.requireInPlace()
    let found = trouble()
    if let found, found != obstacle {
      logger.warning("\(found)")
    } else if found == nil, obstacle != nil {
      logger.notice("\(blobs.folder.path): files can be stored again")
    }
    obstacle = found
  }

  private mutating func trouble() -> String? {
    do {
      try blobs.restore()
      if blobs.restoredCount > losses.count {
        let loss =
          "\(blobs.folder.path): was removed or moved and is made anew; the files of results that "
          + "were in it are gone: `coordinator check` names them"
        logger.warning("\(loss)")
        losses.append(loss)
      }
    } catch {
      return Self.words(error.description)
    }
    guard let trouble = server.statistics.trouble, trouble.age < Self.troubleLifetime else {
      return nil
    }
    return Self.words(trouble.description)
  }

  private static func words(_ reason: String) -> String {
    "\(reason): no file of a result or checkpoint can be stored until this is mended; workers train "
      + "on and keep what they finish"
  }
}
