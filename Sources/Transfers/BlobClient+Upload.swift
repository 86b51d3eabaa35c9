import Digests
import Files
import Foundation
import Glibc
import Messaging
import Wire

extension BlobClient {
  /// Uploads a file to the coordinator; returns when it is durable there.
  ///
  /// Bytes that the coordinator already has are not sent again.
  ///
  /// - Parameters:
  ///   - file: The file, which must not change during the upload.
  ///   - digest: The digest of its content.
  ///   - progress: Called with the number of bytes that the coordinator has, after every answer.
  /// - Throws: ``TransferError``; ``TransferError/rejected(_:reason:)`` when the file does not
  ///   have the digest, is too large, or the coordinator's disk is full.
  package func upload(
    _ file: URL, digest: Digest, cancellation: Cancellation? = nil,
    progress: (Int) -> Void = { _ in }
  ) throws(TransferError) {
    let source = try OpenFile(file.path, flags: O_RDONLY)
    var upload = Upload(digest: digest, total: try source.byteCount())
    var window = CreditWindow(settings, at: .now)
    while true {
      let isBlocked = try !send(&upload, of: source, window: window)
      try wait(window, wantsToSend: isBlocked, cancellation: cancellation)
      while let reply = try reply(about: digest) {
        guard try upload.take(reply) else { continue }
        window.noteProgress(at: .now)
        progress(upload.bestOffset)
        if upload.isStored { return }
      }
      if window.isStalled(at: .now) { throw .stalled(digest, after: settings.stallTimeout) }
      if window.takeRetry(at: .now) { upload.offerAgain() }
    }
  }

  /// Sends the offer or the next pieces; returns false if the connection accepts no more now.
  private func send(
    _ upload: inout Upload, of source: borrowing OpenFile, window: CreditWindow
  ) throws(TransferError) -> Bool {
    if upload.isOfferDue {
      guard try send(.offer(upload.digest, byteCount: upload.total)) else { return false }
      upload.isOfferDue = false
    }
    guard let storedOffset = upload.storedOffset else { return true }
    let end = min(upload.total, storedOffset + window.pieceCount * WireLimits.chunkByteCount)
    while upload.sentOffset < end {
      let piece = try source.read(
        at: upload.sentOffset,
        count: min(WireLimits.chunkByteCount, upload.total - upload.sentOffset))
      guard !piece.isEmpty else {
        throw .sizeMismatch(upload.digest, expected: upload.total, found: upload.sentOffset)
      }
      let request = DataRequest.store(
        upload.digest, offset: upload.sentOffset, total: upload.total, payload: piece)
      guard try send(request) else { return false }
      upload.sentOffset += piece.count
    }
    return true
  }
}

/// The progress of an upload.
private struct Upload {
  let digest: Digest
  let total: Int
  var isOfferDue = true
  /// How many bytes the coordinator has; nil until it answers the offer.
  private(set) var storedOffset: Int?
  /// How many bytes were sent.
  var sentOffset = 0
  /// The most bytes that the coordinator has confirmed.
  private(set) var bestOffset = 0
  private(set) var isStored = false
  private var restartCount = 0

  init(digest: Digest, total: Int) {
    self.digest = digest
    self.total = total
  }

  /// Asks the coordinator again what it has, after messages were lost.
  mutating func offerAgain() {
    isOfferDue = true
    storedOffset = nil
  }

  /// Handles an answer; returns whether the coordinator has more than ever before.
  ///
  /// It has less than before if it found its bytes to be damaged, which is accepted twice.
  mutating func take(_ reply: DataReply) throws(TransferError) -> Bool {
    switch reply {
    case .stored:
      isStored = true
      bestOffset = total
      return true
    case .wanted(_, let offset):
      guard offset <= total else {
        throw .rejected(digest, reason: "asked for byte \(offset) of \(total)")
      }
      let isFirst = storedOffset == nil
      if isFirst || offset < storedOffset ?? 0 { sentOffset = offset }
      if offset < bestOffset {
        restartCount += 1
        guard restartCount <= 2 else {
          throw .rejected(digest, reason: "asked for the beginning \(restartCount) times")
        }
        bestOffset = offset
        storedOffset = offset
        return true
      }
      sentOffset = max(sentOffset, offset)
      let isProgress = offset > bestOffset
      storedOffset = offset
      bestOffset = offset
      return isProgress
    case .missing: throw .missing(digest)
    case .rejected(_, let reason): throw .rejected(digest, reason: reason)
    case .chunk: return false
    }
  }
}
