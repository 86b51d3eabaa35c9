import Digests
import Files
import Foundation
import Glibc
import Synchronization

/// A folder of blobs, one file each, named by their SHA-256.
///
/// The blob `abcdef…` is the file `ab/cdef…`. A file with such a name is complete, verified and
/// durable. Incomplete uploads are in `incoming/`. May be used from any thread and process.
package final class BlobStore: Sendable {
  /// The folder.
  package let folder: URL
  /// The largest blob that is stored, in bytes.
  package let byteCountMaximum: Int
  private let path: String
  private let root: Mutex<Root>

  private struct Root: ~Copyable {
    /// The open folder; blobs are looked up relative to it, so that long paths work and stay cheap.
    var file: OpenFile
    var restoredCount = 0
  }

  /// Opens a folder of blobs; creates it if it is missing.
  ///
  /// - Parameter byteCountMaximum: The largest blob to store, in bytes.
  package init(
    folder: URL, byteCountMaximum: Int = 16 << 30
  ) throws(TransferError) {
    self.folder = folder
    path = folder.path
    self.byteCountMaximum = byteCountMaximum
    root = Mutex(Root(file: try Self.open(folder.path)))
    try OpenFile.makeFolder(incomingFolder.path)
    // An earlier release let other users read incoming files, and so lock them.
    chmod(incomingFolder.path, 0o700)
  }

  private static func open(_ path: String) throws(TransferError) -> OpenFile {
    try OpenFile.makeFolder(path)
    return try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
  }

  /// How often the folder was found missing and was recreated; its blobs are then gone.
  package var restoredCount: Int { root.withLock { $0.restoredCount } }

  /// Checks that the folder exists and is usable; recreates it if it was removed or moved.
  ///
  /// - Throws: ``TransferError`` if it cannot be created, read or written.
  package func restore() throws(TransferError) {
    try root.withLock { (root) throws(TransferError) in
      if root.file.isAtItsPath { return }
      root.file = try Self.open(path)
      root.restoredCount += 1
    }
    try OpenFile.makeFolder(incomingFolder.path)
    for folder in [path, incomingFolder.path] {
      try OpenFile.check("access", folder) { access(folder, R_OK | W_OK | X_OK) }
    }
  }

  /// Free bytes on the folder's disk; nil if unknown.
  package var freeByteCount: Int? { try? FreeSpace.byteCount(at: path) }

  private var incomingFolder: URL { folder.appendingPathComponent("incoming") }

  /// Where a blob is, or would be.
  package func url(for digest: Digest) -> URL { URL(filePath: path(for: digest)) }

  /// Where a blob is, or would be.
  package func path(for digest: Digest) -> String { Self.path(for: digest, in: path) }

  /// The path of a blob in a folder that need not be opened, whether it exists or not.
  package static func url(for digest: Digest, in folder: URL) -> URL {
    URL(filePath: path(for: digest, in: folder.path))
  }

  private static func path(for digest: Digest, in folder: String) -> String {
    "\(folder)/\(Self.name(of: digest))"
  }

  /// The path of a blob relative to the folder: `ab/cdef…`.
  private static func name(of digest: Digest) -> String {
    var name = digest.hexadecimal
    name.insert("/", at: name.utf8.index(name.startIndex, offsetBy: 2))
    return name
  }

  /// Whether a blob is stored.
  package func contains(_ digest: Digest) -> Bool { byteCount(of: digest) != nil }

  /// A blob's size in bytes; nil if it is not stored.
  package func byteCount(of digest: Digest) -> Int? {
    let name = Self.name(of: digest)
    return root.withLock { $0.file.byteCount(ofFile: name) }
  }

  /// Reads a blob and compares its digest with its name.
  ///
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)`` if its bytes have changed,
  ///   ``TransferError/missing(_:)`` if it is not stored.
  package func verify(_ digest: Digest) throws(TransferError) {
    try Self.verify(digest, in: folder)
  }

  /// Reads a blob of a folder that need not be opened, and compares it with its name.
  ///
  /// - Throws: As ``verify(_:)``.
  package static func verify(_ digest: Digest, in folder: URL) throws(TransferError) {
    let path = path(for: digest, in: folder.path)
    guard OpenFile.byteCount(of: path) != nil else { throw .missing(digest) }
    let found = try Self.digest(ofFile: path)
    guard found == digest else {
      throw .digestMismatch(expected: digest, found: found, path: path)
    }
  }

  /// Removes a blob if it is stored.
  package func remove(_ digest: Digest) throws(TransferError) {
    try OpenFile.remove(url(for: digest).path)
  }

  /// Removes an incomplete upload.
  package func removeIncoming(_ digest: Digest) throws(TransferError) {
    try OpenFile.remove(incomingFolder.appendingPathComponent(digest.hexadecimal).path)
  }

  /// Removes every blob that is not among the given ones, and incomplete uploads.
  ///
  /// A removed blob that is needed again will be uploaded again.
  ///
  /// - Parameter limit: Files changed since then are kept, since a record may still come to name
  ///   them.
  /// - Returns: How many blobs were removed.
  @discardableResult
  package func removeAll(
    except kept: Set<Digest>, unchangedSince limit: Date = .distantFuture
  ) throws(TransferError) -> Int {
    let manager = FileManager.default
    var count = 0
    for prefix in (try? manager.contentsOfDirectory(atPath: folder.path)) ?? [] {
      let names = (try? manager.contentsOfDirectory(atPath: "\(folder.path)/\(prefix)")) ?? []
      for name in names {
        let file = "\(folder.path)/\(prefix)/\(name)"
        if prefix == incomingFolder.lastPathComponent {
          if OpenFile.isUnchanged(file, since: limit) { try OpenFile.remove(file) }
        } else if let digest = Digest(hexadecimal: prefix + name), !kept.contains(digest),
          OpenFile.isUnchanged(file, since: limit)
        {
          try OpenFile.remove(file)
          count += 1
        }
      }
    }
    return count
  }

  /// Stores bytes; returns their digest.
  @discardableResult
  package func insert(_ bytes: [UInt8]) throws(TransferError) -> Digest {
    let digest = Digest.of(bytes)
    if contains(digest) { return digest }
    let incoming = try resumable(digest, byteCount: bytes.count, name: UUID().uuidString)
    do throws(TransferError) {
      try incoming.append(bytes)
      try commit(incoming)
    } catch {
      try? incoming.discard()
      throw error
    }
    return digest
  }

  /// Stores a copy of a file; returns its digest.
  ///
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)`` if the file changes between
  ///   the two reads.
  @discardableResult
  package func insert(file: URL) throws(TransferError) -> Digest {
    let digest = try Self.digest(ofFile: file.path)
    try insert(digest, from: file)
    return digest
  }

  /// Stores a copy of a file with an expected digest.
  ///
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)`` if it has another one.
  ///   Nothing is stored then.
  package func insert(_ digest: Digest, from file: URL) throws(TransferError) {
    if contains(digest) { return }
    let source = try OpenFile(file.path, flags: O_RDONLY)
    let incoming = try resumable(
      digest, byteCount: try source.byteCount(), name: UUID().uuidString)
    do throws(TransferError) {
      while !incoming.isComplete {
        let piece = try source.read(
          at: incoming.offset, count: min(1 << 20, incoming.total - incoming.offset))
        guard !piece.isEmpty else {
          throw TransferError.sizeMismatch(
            digest, expected: incoming.total, found: incoming.offset)
        }
        try incoming.append(piece)
      }
      try commit(incoming)
    } catch {
      try? incoming.discard()
      throw error
    }
  }

  /// Starts to receive a blob, or continues an earlier attempt.
  func resume(_ digest: Digest, byteCount: Int) throws(TransferError) -> ResumableFile {
    try resumable(digest, byteCount: byteCount, name: digest.hexadecimal)
  }

  private func resumable(
    _ digest: Digest, byteCount: Int, name: String
  ) throws(TransferError) -> ResumableFile {
    guard byteCount <= byteCountMaximum else {
      throw .tooLarge(digest, byteCount: byteCount, limit: byteCountMaximum)
    }
    let path = incomingFolder.appendingPathComponent(name).path
    do {
      return try ResumableFile(path: path, digest: digest, total: byteCount)
    } catch .fileSystem(_, _, ENOENT) {
      try restore()
      return try ResumableFile(path: path, digest: digest, total: byteCount)
    }
  }

  /// Verifies a received blob and adds it durably to the store.
  func commit(_ incoming: ResumableFile) throws(TransferError) {
    let final = url(for: incoming.digest)
    let parent = final.deletingLastPathComponent().path
    if access(parent, F_OK) != 0 {
      try OpenFile.makeFolder(parent)
      try OpenFile.synchronizeFolder(of: parent)
    }
    try incoming.commit(as: final.path)
  }

  private static func digest(ofFile path: String) throws(TransferError) -> Digest {
    let file = try OpenFile(path, flags: O_RDONLY)
    var stream = DigestStream()
    var offset = 0
    while true {
      let piece = try file.read(at: offset, count: 1 << 20)
      if piece.isEmpty { return stream.digest }
      stream.append(piece)
      offset += piece.count
    }
  }
}
