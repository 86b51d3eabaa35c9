import Messaging
import Wire

/// What a server has done since it started.
package struct BlobStatistics: Sendable {
  /// Bytes of blobs that were served.
  package var servedByteCount = 0
  /// Blobs that were stored, or were there already.
  package var storedCount = 0
  /// Requests for blobs that are not there.
  package var missingCount = 0
  /// Requests that were rejected.
  package var rejectedCount = 0
  /// Messages that are no requests of this protocol version.
  package var unreadableCount = 0
  /// Messages of peers that are no longer admitted.
  package var refusedCount = 0
  /// Replies that were not sent because the peer was gone or did not read.
  package var unsentCount = 0
  /// What keeps blobs from being stored or read, in words; nil once one was stored again.
  package var trouble: BlobTrouble?
  /// Why the server ended by itself, if it did.
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
