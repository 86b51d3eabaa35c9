import Digests
import Files
import Foundation
import Messaging
import Wire

extension BlobClient {
  /// Fetches a blob into a file; the file gets its name when it is complete, verified and durable.
  ///
  /// Until then the bytes are in a file with the suffix `.partial` in the same folder. An existing
  /// file is verified, and fetched again if it is not the blob.
  ///
  /// - Parameters:
  ///   - digest: The blob.
  ///   - byteCount: Its size.
  ///   - file: The file to write.
  ///   - progress: Called with the number of bytes received, after every piece.
  /// - Throws: ``TransferError``. The received bytes are kept for the next attempt.
  package func fetch(
    _ digest: Digest, byteCount: Int, to file: URL, cancellation: Cancellation? = nil,
    progress: (Int) -> Void = { _ in }
  ) throws(TransferError) {
    let partial = try ResumableFile(
      path: file.path + ".partial", digest: digest, total: byteCount)
    if OpenFile.byteCount(of: file.path) == byteCount,
      let found = try? Digest.ofFile(at: file), found == digest
    {
      try partial.discard()
      return
    }
    try receive(partial, cancellation: cancellation, progress: progress)
    do {
      try partial.commit(as: file.path)
    } catch .digestMismatch where partial.isResumed {
      // An interrupted attempt left wrong bytes.
      try partial.restart()
      try receive(partial, cancellation: cancellation, progress: progress)
      try commitOrDiscard(partial, as: file.path)
    } catch .digestMismatch(let expected, let found, let path) {
      try partial.discard()
      throw .digestMismatch(expected: expected, found: found, path: path)
    }
  }

  private func commitOrDiscard(
    _ partial: ResumableFile, as path: String
  ) throws(TransferError) {
    do {
      try partial.commit(as: path)
    } catch {
      if case .digestMismatch = error { try partial.discard() }
      throw error
    }
  }

  /// Requests the pieces in order, several at a time, until all have arrived.
  private func receive(
    _ partial: ResumableFile, cancellation: Cancellation?, progress: (Int) -> Void
  ) throws(TransferError) {
    var window = CreditWindow(settings, at: .now)
    var requestedOffset = partial.offset
    while !partial.isComplete {
      var isBlocked = false
      let end = min(
        partial.total, partial.offset + window.pieceCount * WireLimits.chunkByteCount)
      while requestedOffset < end, !isBlocked {
        let count = min(WireLimits.chunkByteCount, partial.total - requestedOffset)
        let request = DataRequest.fetch(
          partial.digest, offset: requestedOffset, byteCountMaximum: count)
        if try send(request) { requestedOffset += count } else { isBlocked = true }
      }
      try wait(window, wantsToSend: isBlocked, cancellation: cancellation)
      while let reply = try reply(about: partial.digest) {
        guard try take(reply, into: partial) else { continue }
        window.noteProgress(at: .now)
        progress(partial.offset)
      }
      if window.isStalled(at: .now) {
        throw .stalled(partial.digest, after: settings.stallTimeout)
      }
      if window.takeRetry(at: .now) { requestedOffset = partial.offset }
    }
  }

  /// Adds a piece if it is the next one; returns whether it was.
  private func take(
    _ reply: DataReply, into partial: ResumableFile
  ) throws(TransferError) -> Bool {
    switch reply {
    case .chunk(_, let offset, let total, let payload):
      guard total == partial.total else {
        throw .sizeMismatch(partial.digest, expected: partial.total, found: total)
      }
      guard offset == partial.offset, !payload.isEmpty else { return false }
      try partial.append(payload)
      return true
    case .missing(let digest): throw .missing(digest)
    case .rejected(let digest, let reason): throw .rejected(digest, reason: reason)
    case .wanted, .stored: return false
    }
  }
}
