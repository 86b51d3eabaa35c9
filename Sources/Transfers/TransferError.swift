import Digests
import Foundation
import Glibc
import Messaging
import Wire

/// Why a blob could not be stored, read or moved.
package enum TransferError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file system or the user's quota is full.
  case diskFull(path: String)
  /// A call of the file system failed; an error number of the system.
  case fileSystem(operation: String, path: String, code: Int32)
  /// Another process or thread is transferring the same file.
  case busy(path: String)
  /// The bytes are not those that the digest names.
  case digestMismatch(expected: Digest, found: Digest, path: String)
  /// The blob does not have the size that was expected.
  case sizeMismatch(Digest, expected: Int, found: Int)
  /// The blob is larger than may be stored.
  case tooLarge(Digest, byteCount: Int, limit: Int)
  /// There is no such blob.
  case missing(Digest)
  /// The coordinator rejected the request. An immediate retry would fail too.
  case rejected(Digest, reason: String)
  /// No progress for this long, despite retries.
  case stalled(Digest, after: Duration)
  /// The caller asked to stop.
  case cancelled
  /// The coordinator speaks another major version of the protocol.
  case otherMajor(found: ProtocolVersion)
  /// The socket failed.
  case messaging(MessagingError)

  package var description: String {
    switch self {
    case .diskFull(let path): "\(path): no space left on the device"
    case .fileSystem(let operation, let path, let code):
      "\(operation) \(path): \(String(cString: strerror(code)))"
    case .busy(let path): "\(path): another transfer is writing it"
    case .digestMismatch(let expected, let found, let path):
      "\(path): found the SHA-256 \(found), expected \(expected)"
    case .sizeMismatch(let digest, let expected, let found):
      "blob \(digest): found \(found) bytes, expected \(expected)"
    case .tooLarge(let digest, let byteCount, let limit):
      "blob \(digest): found \(byteCount) bytes, expected at most \(limit)"
    case .missing(let digest): "blob \(digest): the coordinator does not have it"
    case .rejected(let digest, let reason): "blob \(digest): rejected: \(reason)"
    case .stalled(let digest, let duration): "blob \(digest): nothing moved for \(duration)"
    case .cancelled: "cancelled"
    case .otherMajor(let found):
      "the coordinator's data connection speaks protocol version \(found), expected "
        + "\(ProtocolVersion.current.major).x"
    case .messaging(let error): "\(error)"
    }
  }
}
