import Foundation
import Glibc

/// Writes whole files so that a reader, or the next start after a crash, sees either the old
/// content or the new one, never a part.
package enum DurableFile {
  /// Replaces a file's content: writes aside, syncs, renames, syncs the folder.
  ///
  /// C functions: `write`, `fsync`, `rename`.
  ///
  /// - Parameter permissions: Who may read and write the file, before the process's mask.
  /// - Throws: ``FileError`` with the failing call; the old content is then still there.
  package static func write(
    _ data: Data, to url: URL, permissions: mode_t = 0o644
  ) throws(FileError) {
    let aside = url.deletingLastPathComponent().appending(
      path: ".\(url.lastPathComponent).\(getpid()).new")
    do throws(FileError) {
      try writeAside(data, to: aside.path, permissions)
      guard rename(aside.path, url.path) == 0 else { throw FileError("rename", url.path) }
    } catch {
      unlink(aside.path)
      throw error
    }
    try syncFolder(url.deletingLastPathComponent())
  }

  /// Makes the renames and removals in a folder durable.
  ///
  /// C function: `fsync` on the folder.
  package static func syncFolder(_ url: URL) throws(FileError) {
    let descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("open", url.path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError("fsync", url.path) }
  }

  private static func writeAside(
    _ data: Data, to path: String, _ permissions: mode_t
  ) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions)
    guard descriptor >= 0 else { throw FileError("open", path) }
    defer { close(descriptor) }
    var failure: FileError?
    data.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = Glibc.write(
          descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count < 0 {
          if errno == EINTR { continue }
          failure = FileError("write", path)
          return
        }
        written += count
      }
      if fsync(descriptor) != 0 { failure = FileError("fsync", path) }
    }
    if let failure { throw failure }
  }
}
