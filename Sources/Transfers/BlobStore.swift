import Digests
import Files
import Foundation
import Glibc
import Synchronization

/// Blobs by their content: one file each, under its SHA-256, in a folder.
///
/// The blob `abcdef…` is the file `ab/cdef…`. A file with such a name is complete, was verified
/// and is durable; whatever is on its way lies in `incoming/`. Calls may come from any thread
/// and any process.
package final class BlobStore: Sendable {
  /// The folder.
  package let folder: URL
  /// The largest blob that is stored, in bytes.
  package let byteCountMaximum: Int
  private let path: String
  private let root: Mutex<Root>

  private struct Root: ~Copyable {
    /// The folder itself, from which a blob is looked up in two steps, however deep it lies.
    var file: OpenFile
    var restoredCount = 0
  }

  /// Opens a folder of blobs, which is made if it is not there.
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
    // An earlier release let others read what arrives, and so lock it.
    chmod(incomingFolder.path, 0o700)
  }

  private static func open(_ path: String) throws(TransferError) -> OpenFile {
    try OpenFile.makeFolder(path)
    return try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
  }

  /// How often the folder was found removed or moved and was made anew: the blobs that were in it
  /// are gone.
  package var restoredCount: Int { root.withLock { $0.restoredCount } }

  /// Makes sure that the folder is there and can be used; makes it anew if somebody has removed or
  /// moved it.
  ///
  /// - Throws: ``TransferError`` when it cannot be made, or may not be read or written.
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

  /// Bytes that may still be written on the folder's disk; nil where the system does not tell.
  package var freeByteCount: Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
  }

  private var incomingFolder: URL { folder.appendingPathComponent("incoming") }

  /// Where a blob is, or would be.
  package func url(for digest: Digest) -> URL { URL(filePath: path(for: digest)) }

  /// Where a blob is, or would be.
  package func path(for digest: Digest) -> String { Self.path(for: digest, in: path) }

  /// Where a blob is, or would be, in a folder of blobs that need not be opened.
  package static func url(for digest: Digest, in folder: URL) -> URL {
    URL(filePath: path(for: digest, in: folder.path))
  }

  private static func path(for digest: Digest, in folder: String) -> String {
    "\(folder)/\(Self.name(of: digest))"
  }

  /// Where a blob is below the folder: `ab/cdef…`.
  private static func name(of digest: Digest) -> String {
    var name = digest.hexadecimal
    name.insert("/", at: name.utf8.index(name.startIndex, offsetBy: 2))
    return name
  }

  /// Whether a blob is there.
  package func contains(_ digest: Digest) -> Bool { byteCount(of: digest) != nil }

  /// A blob's size in bytes; nil when it is not there.
  package func byteCount(of digest: Digest) -> Int? {
    let name = Self.name(of: digest)
    return root.withLock { $0.file.byteCount(ofFile: name) }
  }

  /// Reads a blob again and compares it with its name.
  ///
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)`` when the disk has changed
  ///   it, ``TransferError/missing(_:)`` when it is not there.
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

  /// Removes a blob if it is there.
  package func remove(_ digest: Digest) throws(TransferError) {
    try OpenFile.remove(url(for: digest).path)
  }

  /// Removes what has arrived of a blob that never came whole.
  package func removeIncoming(_ digest: Digest) throws(TransferError) {
    try OpenFile.remove(incomingFolder.appendingPathComponent(digest.hexadecimal).path)
  }

  /// Removes every blob that is not among the given ones, and what was on its way.
  ///
  /// Whoever needs a removed blob again finds it missing, and stores it again.
  ///
  /// - Parameter limit: What was changed since is left alone: a record may be about to name it.
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
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)`` when the file changes
  ///   between the two times it is read.
  @discardableResult
  package func insert(file: URL) throws(TransferError) -> Digest {
    let digest = try Self.digest(ofFile: file.path)
    try insert(digest, from: file)
    return digest
  }

  /// Stores a copy of a file that is to have a digest.
  ///
  /// - Throws: ``TransferError/digestMismatch(expected:found:path:)`` when it has another; nothing
  ///   is stored then.
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

  /// Begins to receive a blob, or goes on where an earlier attempt ended.
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

  /// Makes a received blob part of the store: verified, durable, under its name.
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
