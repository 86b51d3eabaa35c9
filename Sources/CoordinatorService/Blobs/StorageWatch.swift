import Coordination
import Foundation
import Logging
import Store
import Transfers

/// Detects within seconds when a running sweep's folder, or its blob folder, is missing, full or
/// inaccessible.
struct StorageWatch {
  private static let interval = Duration.seconds(1)
  /// A failure counts as over if it has not recurred for this long; the client has then given up.
  private static let troubleLifetime = Duration.seconds(60)

  private let store: SweepStore
  private let blobs: BlobStore
  private let server: BlobServer
  private let logger: Logger
  private var nextLook = Instant(sinceStart: .zero)
  /// The problem with the blobs, for display; nil if there is none.
  private(set) var obstacle: String?
  /// What was lost from the folder during this run, for display.
  private(set) var losses: [String] = []

  /// Creates a watch over a sweep's record and blobs.
  init(store: SweepStore, blobs: BlobStore, server: BlobServer, logger: Logger) {
    self.store = store
    self.blobs = blobs
    self.server = server
    self.logger = logger
  }

  /// Checks if that is due, and logs changes; call it in every round.
  ///
  /// - Throws: `StoreError.displaced` if the record has been moved or deleted. The run cannot
  ///   continue.
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
          "\(blobs.folder.path): was removed or moved and has been recreated; the files of results that "
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
    "\(reason): until this is repaired, no file of a result or checkpoint can be stored; workers "
      + "continue and keep their results"
  }
}
