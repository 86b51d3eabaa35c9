import Foundation
import Glibc

/// An open file of the system, closed with its last use.
///
/// The funnel for the file system's calls: every failure is a ``TransferError`` that names the
/// call and the path.
struct OpenFile: ~Copyable {
  let path: String
  private let descriptor: Int32

  /// Opens a file; the C function is `open`, with `O_CLOEXEC` added.
  init(_ path: String, flags: Int32) throws(TransferError) {
    self.path = path
    descriptor = try Self.check("open", path) { open(path, flags | O_CLOEXEC, 0o644) }
  }

  deinit { close(descriptor) }

  /// The file's size; the C function is `fstat`.
  func byteCount() throws(TransferError) -> Int {
    var status = stat()
    try Self.check("fstat", path) { fstat(descriptor, &status) }
    return Int(status.st_size)
  }

  /// Bytes from an offset on, fewer than asked only at the file's end; the C function is `pread`.
  func read(at offset: Int, count: Int) throws(TransferError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let step = try Self.check("pread", path) {
        bytes.withUnsafeMutableBytes {
          let rest = UnsafeMutableRawBufferPointer(rebasing: $0[filled...].prefix(1 << 30))
          return Int32(pread(descriptor, rest.baseAddress, rest.count, offset + filled))
        }
      }
      if step == 0 { break }
      filled += Int(step)
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Writes all bytes at an offset; the C function is `pwrite`.
  func write(_ bytes: [UInt8], at offset: Int) throws(TransferError) {
    var written = 0
    while written < bytes.count {
      let step = try Self.check("pwrite", path) {
        bytes.withUnsafeBytes {
          let rest = UnsafeRawBufferPointer(rebasing: $0[written...].prefix(1 << 30))
          return Int32(pwrite(descriptor, rest.baseAddress, rest.count, offset + written))
        }
      }
      written += Int(step)
    }
  }

  /// Cuts the file; the C function is `ftruncate`.
  func truncate(to byteCount: Int) throws(TransferError) {
    try Self.check("ftruncate", path) { ftruncate(descriptor, byteCount) }
  }

  /// Waits until the content is on the disk; the C function is `fsync`.
  func synchronize() throws(TransferError) {
    try Self.check("fsync", path) { fsync(descriptor) }
  }

  /// Takes the file for oneself, without waiting; the C function is `flock`.
  ///
  /// - Throws: ``TransferError/busy(path:)`` while somebody else has it.
  func lock() throws(TransferError) {
    do {
      try Self.check("flock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
    } catch .fileSystem(_, _, EWOULDBLOCK) {
      throw .busy(path: path)
    }
  }

  /// Repeats a call that a signal interrupted, and turns -1 into a ``TransferError``.
  @discardableResult
  static func check(
    _ operation: String, _ path: String, _ body: () -> Int32
  ) throws(TransferError) -> Int32 {
    while true {
      let result = body()
      if result != -1 { return result }
      switch errno {
      case EINTR: continue
      case ENOSPC, EDQUOT: throw .diskFull(path: path)
      case let code: throw .fileSystem(operation: operation, path: path, code: code)
      }
    }
  }
}

extension OpenFile {
  /// Gives a file its final name, durably: the content first, then the name.
  ///
  /// The C functions are `rename` and `fsync` of the folder.
  static func commit(_ path: String, as finalPath: String) throws(TransferError) {
    try check("rename", "\(path) to \(finalPath)") { rename(path, finalPath) }
    try synchronizeFolder(of: finalPath)
  }

  /// Waits until the names in a path's folder are on the disk.
  static func synchronizeFolder(of path: String) throws(TransferError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try OpenFile(folder, flags: O_RDONLY | O_DIRECTORY).synchronize()
  }

  /// Removes a file if it is there; the C function is `unlink`.
  static func remove(_ path: String) throws(TransferError) {
    do {
      try check("unlink", path) { unlink(path) }
    } catch .fileSystem(_, _, ENOENT) {
      return
    }
  }

  /// Makes a folder if it is not there; the C function is `mkdir`.
  static func makeFolder(_ path: String) throws(TransferError) {
    do {
      try check("mkdir", path) { mkdir(path, 0o755) }
    } catch .fileSystem(_, _, EEXIST) {
      return
    }
  }

  /// The size of a regular file, nil when there is none; the C function is `stat`.
  static func byteCount(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}
