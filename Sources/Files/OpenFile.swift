import CLinux
import Foundation
import Glibc

/// An open file, closed when the value is released.
///
/// All file system calls go through it: errors name the call and the path.
package struct OpenFile<Failure: FileFailure>: ~Copyable, Sendable {
  /// Its path.
  package let path: String
  private let descriptor: Int32

  /// Opens a file or, with `O_DIRECTORY`, a folder; the C functions are `open`, with `O_CLOEXEC`
  /// and `O_NONBLOCK` added, and `fstat`.
  ///
  /// Named pipes, on which `open` would wait for a writer, and devices, which may have no end, are
  /// refused.
  ///
  /// - Parameter permissions: The permissions of a new file, before the process's umask.
  package init(_ path: String, flags: Int32, permissions: mode_t = 0o644) throws(Failure) {
    self.path = path
    descriptor = try Self.descriptor(path, flags, permissions)
  }

  private static func descriptor(
    _ path: String, _ flags: Int32, _ permissions: mode_t
  ) throws(Failure) -> Int32 {
    // O_NONBLOCK has no effect on files and folders. With it, a pipe without a reader, and a socket,
    // cannot be opened for writing (ENXIO).
    var descriptor: Int32 = -1
    repeat {
      descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, permissions)
    } while descriptor == -1 && errno == EINTR
    let code = errno
    guard descriptor != -1 else {
      throw Failure(
        FileError(
          "open", path, code: code, found: code == ENXIO ? FileError.unusual(at: path) : nil))
    }
    var status = stat()
    guard flags & O_DIRECTORY == 0, fstat(descriptor, &status) == 0,
      let kind = FileError.unusual(status.st_mode)
    else { return descriptor }
    close(descriptor)
    throw Failure(FileError("open", path, code: EINVAL, found: kind))
  }

  deinit { close(descriptor) }

  /// The file's size; the C function is `fstat`.
  package func byteCount() throws(Failure) -> Int {
    var status = stat()
    try Self.check("fstat", path) { fstat(descriptor, &status) }
    return Int(status.st_size)
  }

  /// The size of a regular file in this folder, nil if there is none; the C function is `fstatat`.
  package func byteCount(ofFile name: String) -> Int? {
    var status = stat()
    guard fstatat(descriptor, name, &status, 0) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return Int(status.st_size)
  }

  /// Restricts the file to its owner, if that is this user; the C function is `fchmod`.
  ///
  /// Anybody who can read a file can also lock it, and so block its owner.
  package func makePrivate() { _ = fchmod(descriptor, 0o600) }

  /// Whether it is still at its path, neither renamed nor removed.
  package var isAtItsPath: Bool {
    var opened = stat()
    var named = stat()
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  /// Bytes from an offset, fewer than `count` only at the file's end; the C function is `pread`.
  package func read(at offset: Int, count: Int) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let step = try Self.check("pread", path) {
        bytes.withUnsafeMutableBytes {
          let rest = UnsafeMutableRawBufferPointer(rebasing: $0[filled...])
          return pread(descriptor, rest.baseAddress, rest.count, offset + filled)
        }
      }
      if step == 0 { break }
      filled += step
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Writes all bytes at an offset; the C function is `pwrite`.
  package func write(
    _ bytes: some ContiguousBytes & RandomAccessCollection<UInt8>, at offset: Int
  ) throws(Failure) {
    var written = 0
    while written < bytes.count {
      written += try Self.check("pwrite", path) {
        bytes.withUnsafeBytes {
          let rest = UnsafeRawBufferPointer(rebasing: $0[written...])
          return pwrite(descriptor, rest.baseAddress, rest.count, offset + written)
        }
      }
    }
  }

  /// Truncates the file; the C function is `ftruncate`.
  package func truncate(to byteCount: Int) throws(Failure) {
    try Self.check("ftruncate", path) { ftruncate(descriptor, byteCount) }
  }

  /// Waits until the content is on the disk; the C function is `fsync`.
  package func synchronize() throws(Failure) {
    try Self.check("fsync", path) { fsync(descriptor) }
  }

  /// Waits until the content is on the disk, but not metadata such as times; the C function is
  /// `fdatasync`.
  package func synchronizeData() throws(Failure) {
    try Self.check("fdatasync", path) { fdatasync(descriptor) }
  }

  /// Sets the times of the last access and change to now; the C function is `futimens`.
  package func touch() throws(Failure) {
    try Self.check("futimens", path) { futimens(descriptor, nil) }
  }

  /// Maps the file's beginning into memory, private and for reading; the C function is `mmap`.
  func mapped(byteCount: Int) throws(Failure) -> UnsafeMutableRawPointer {
    guard let start = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0),
      start != MAP_FAILED
    else { throw Failure(FileError("mmap", path)) }
    return start
  }

  /// A handle of Foundation on the open file, at its beginning, that closes its own descriptor; the
  /// C function is `fcntl` with `F_DUPFD_CLOEXEC`.
  package func handle() throws(Failure) -> FileHandle {
    let copy = try Self.check("fcntl", path) { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
    return FileHandle(fileDescriptor: copy, closeOnDealloc: true)
  }

  /// Locks the file until it is closed; the C function is `flock`.
  ///
  /// - Parameter operation: `LOCK_EX` or `LOCK_SH`, with `LOCK_NB` not to wait.
  /// - Returns: False if `LOCK_NB` is given and another holder has the lock.
  package func lock(_ operation: Int32) throws(Failure) -> Bool {
    var wouldWait = false
    try Self.check("flock", path) {
      let result = flock(descriptor, operation)
      wouldWait = result == -1 && errno == EWOULDBLOCK
      return wouldWait ? 0 : result
    }
    return !wouldWait
  }

  /// Releases the lock, also for copies of the descriptor; the C function is `flock`.
  package func unlock() { _ = flock(descriptor, LOCK_UN) }
}

extension OpenFile {
  /// Renames a file to its final name, durably; its content must be on the disk already.
  ///
  /// The C functions are `rename` and `fsync` of the folder.
  package static func commit(_ path: String, as finalPath: String) throws(Failure) {
    try rename(path, to: finalPath)
    try synchronizeFolder(of: finalPath)
  }

  /// Renames a file, replacing an existing one; the C function is `rename`.
  package static func rename(_ path: String, to newPath: String) throws(Failure) {
    try check("rename", "\(path) to \(newPath)") { Glibc.rename(path, newPath) }
  }

  /// Waits until the entries of a path's folder are on the disk.
  package static func synchronizeFolder(of path: String) throws(Failure) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try Self(folder, flags: O_RDONLY | O_DIRECTORY).synchronize()
  }

  /// Waits until everything written to the file system of a folder is on the disk; the C function
  /// is `syncfs`.
  package static func synchronizeFileSystem(of folder: String) throws(Failure) {
    let file = try Self(folder, flags: O_RDONLY | O_DIRECTORY)
    try check("syncfs", folder) { syncfs(file.descriptor) }
  }

  /// Repeats a call that a signal interrupts, and converts -1 to an error.
  @discardableResult
  package static func check<Result: SignedInteger>(
    _ operation: String, _ path: String, _ body: () -> Result
  ) throws(Failure) -> Result {
    while true {
      let (result, code) = (body(), errno)
      if result != -1 { return result }
      if code != EINTR { throw Failure(FileError(operation, path, code: code)) }
    }
  }
}
