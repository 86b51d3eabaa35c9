import Digests
import Files
import Foundation
import Glibc
import Wire

/// Answers requests of the data connection from a store and registered files.
///
/// Used by one thread. Fetching needs no state. At most 32 uploads are open; a further one closes
/// the longest idle one, which can be resumed.
struct BlobDesk {
  private let store: BlobStore
  private let files: FileRegistry
  /// Nil if everybody may store.
  private let ledger: BlobLedger?
  private var uploads: [Digest: Upload] = [:]
  private var clock = 0
  private let uploadCountMaximum = 32

  private struct Upload {
    var file: ResumableFile
    var lastUse: Int
  }

  init(store: BlobStore, files: FileRegistry, ledger: BlobLedger? = nil) {
    self.store = store
    self.files = files
    self.ledger = ledger
  }

  /// Why blobs cannot be stored or read; nil once one was stored again.
  private(set) var trouble: BlobTrouble?

  /// How many uploads have open files.
  var openUploadCount: Int { uploads.count }

  /// The answer to a request; errors become replies.
  ///
  /// - Parameter sender: The sender; nil if everybody may store.
  mutating func reply(to request: DataRequest, from sender: BlobSender? = nil) -> DataReply {
    do {
      switch request {
      case .fetch(let digest, let offset, let byteCountMaximum):
        return try fetch(digest, offset: offset, byteCountMaximum: byteCountMaximum)
      case .offer(let digest, let byteCount):
        return try receive(digest, total: byteCount, piece: nil, from: sender)
      case .store(let digest, let offset, let total, let payload):
        return try receive(digest, total: total, piece: (offset, payload), from: sender)
      }
    } catch {
      uploads[request.digest] = nil
      switch error {
      case .diskFull, .fileSystem: trouble = BlobTrouble(description: "\(error)")
      default: break
      }
      return .rejected(request.digest, reason: "\(error)")
    }
  }

  private func fetch(
    _ digest: Digest, offset: Int, byteCountMaximum: Int
  ) throws(TransferError) -> DataReply {
    let path = files.path(of: digest) ?? store.url(for: digest).path
    let file: OpenFile
    do {
      file = try OpenFile(path, flags: O_RDONLY)
    } catch .fileSystem(_, _, ENOENT) {
      return .missing(digest)
    }
    let total = try file.byteCount()
    guard offset <= total else {
      return .rejected(digest, reason: "offset: found \(offset), expected at most \(total)")
    }
    let payload = try file.read(
      at: offset, count: min(byteCountMaximum, WireLimits.chunkByteCount, total - offset))
    return .chunk(digest, offset: offset, total: total, payload: payload)
  }

  private mutating func receive(
    _ digest: Digest, total: Int, piece: (offset: Int, payload: [UInt8])?, from sender: BlobSender?
  ) throws(TransferError) -> DataReply {
    if store.contains(digest) {
      uploads[digest] = nil
      ledger?.touch(digest, at: .now)
      return .stored(digest)
    }
    if let ledger, let sender,
      try ledger.reserve(digest, byteCount: total, for: sender, at: .now)
    {
      // Of an earlier account, which was closed and its file removed.
      uploads[digest] = nil
    }
    let file = try upload(digest, total: total)
    if let piece, piece.offset == file.offset { try file.append(piece.payload) }
    guard file.isComplete else { return .wanted(digest, offset: file.offset) }
    do {
      try store.commit(file)
      uploads[digest] = nil
      trouble = nil
      return .stored(digest)
    } catch .digestMismatch where file.isResumed {
      // An interrupted attempt left other bytes than it had reported; the sender is not to blame.
      try file.restart()
      return .wanted(digest, offset: 0)
    } catch .digestMismatch(_, let found, _) {
      uploads[digest] = nil
      try file.discard()
      ledger?.cancel(digest)
      return .rejected(digest, reason: "the \(total) bytes received have the SHA-256 \(found)")
    }
  }

  private mutating func upload(
    _ digest: Digest, total: Int
  ) throws(TransferError) -> ResumableFile {
    clock += 1
    if let upload = uploads[digest], upload.file.total == total {
      uploads[digest]?.lastUse = clock
      return upload.file
    }
    uploads[digest] = nil
    if uploads.count >= uploadCountMaximum,
      let oldest = uploads.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      uploads[oldest.key] = nil
    }
    let file = try store.resume(digest, byteCount: total)
    if let free = store.freeByteCount, free < total - file.offset {
      if file.offset == 0 { try file.discard() }
      throw .diskFull(path: store.folder.path)
    }
    uploads[digest] = Upload(file: file, lastUse: clock)
    return file
  }
}
