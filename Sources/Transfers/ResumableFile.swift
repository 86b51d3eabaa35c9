import Digests
import Files
import Foundation
import Glibc

/// A blob that is received in order, piece by piece; a later attempt can continue the file.
///
/// Used by one thread. The file is locked against other processes and threads.
final class ResumableFile {
  /// The expected digest of the blob.
  let digest: Digest
  /// The expected size of the blob, in bytes.
  let total: Int
  /// How many bytes have been received: the offset of the next piece.
  private(set) var offset = 0
  /// Whether the first bytes are from an earlier attempt and therefore unverified.
  private(set) var isResumed = false
  private let path: String
  private let file: OpenFile
  private var stream = DigestStream()

  /// Opens or creates the file, and reads the bytes of an earlier attempt.
  init(path: String, digest: Digest, total: Int) throws(TransferError) {
    self.path = path
    self.digest = digest
    self.total = total
    let file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
    try file.lock()
    var stream = DigestStream()
    let present = try file.byteCount()
    var offset = 0
    if present <= total {
      while offset < present {
        let piece = try file.read(at: offset, count: min(1 << 20, present - offset))
        if piece.isEmpty { break }
        stream.append(piece)
        offset += piece.count
      }
    }
    try file.truncate(to: offset)
    self.file = file
    self.stream = stream
    self.offset = offset
    isResumed = offset > 0
  }

  /// Whether all bytes have been received.
  var isComplete: Bool { offset == total }

  /// Adds the next piece.
  func append(_ piece: [UInt8]) throws(TransferError) {
    precondition(piece.count <= total - offset, "a piece reaches beyond the blob's end")
    try file.write(piece, at: offset)
    stream.append(piece)
    offset += piece.count
  }

  /// Discards all bytes, to start again.
  func restart() throws(TransferError) {
    try file.truncate(to: 0)
    stream = DigestStream()
    offset = 0
    isResumed = false
  }

  /// Verifies the digest, and durably renames the file.
  ///
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)``; the file stays as it is.
  func commit(as finalPath: String) throws(TransferError) {
    precondition(isComplete, "a blob is committed when all its bytes are there")
    guard stream.digest == digest else {
      throw .digestMismatch(expected: digest, found: stream.digest, path: path)
    }
    try file.synchronize()
    try OpenFile.commit(path, as: finalPath)
  }

  /// Removes the file.
  func discard() throws(TransferError) {
    try OpenFile.remove(path)
  }
}
