import Messaging
import Wire

/// What a server has done since it started.
package struct BlobStatistics: Sendable {
  /// Bytes of blobs that were served.
  package var servedByteCount = 0
  /// Blobs that were stored, including those that existed already.
  package var storedCount = 0
  /// Requests for missing blobs.
  package var missingCount = 0
  /// Requests that were rejected.
  package var rejectedCount = 0
  /// Messages that are not requests of this protocol version.
  package var unreadableCount = 0
  /// Messages of peers that are no longer admitted.
  package var refusedCount = 0
  /// Replies that were not sent because the peer was gone or did not read.
  package var unsentCount = 0
  /// Why blobs cannot be stored or read; nil once one was stored again.
  package var trouble: BlobTrouble?
  /// The error that ended the server, if any.
  package var failure: MessagingError?

  /// Counts a reply.
  mutating func note(_ reply: DataReply, isSent: Bool) {
    if !isSent { unsentCount += 1 }
    switch reply {
    case .chunk(_, _, _, let payload): servedByteCount += payload.count
    case .stored: storedCount += 1
    case .missing: missingCount += 1
    case .rejected: rejectedCount += 1
    case .wanted: break
    }
  }
}

/// A failure of the file system that kept a blob from being stored or read.
package struct BlobTrouble: Sendable, CustomStringConvertible {
  package let description: String
  private let time = ContinuousClock.now

  init(description: String) { self.description = description }

  /// How long ago it was.
  package var age: Duration { ContinuousClock.now - time }
}
