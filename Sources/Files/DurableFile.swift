import Foundation
import Glibc

/// Replaces whole files atomically and durably: readers, also after a crash, see either the old or
/// the new content.
package enum DurableFile {
  /// Replaces a file's content: writes another file, syncs it, renames it, syncs the folder.
  ///
  /// If several writers replace one file at the same time, the last rename wins. Only a regular file
  /// is replaced: a device, a pipe, a folder or a symbolic link such as `/dev/stdout` stays.
  ///
  /// - Parameter permissions: The file's permissions before the process's umask.
  /// - Throws: ``FileError`` with the failed call, or with what is in the file's place; nothing is
  ///   changed then.
  package static func write(
    _ data: Data, to url: URL, permissions: mode_t = 0o644
  ) throws(FileError) {
    try requireReplaceable(url.path)
    let aside = url.deletingLastPathComponent().appending(
      path: ".\(url.lastPathComponent).\(UUID()).new"
    ).path
    do throws(FileError) {
      let file = try OpenFile<FileError>(
        aside, flags: O_WRONLY | O_CREAT | O_EXCL, permissions: permissions)
      try file.write(data, at: 0)
      try file.synchronize()
      try OpenFile<FileError>.rename(aside, to: url.path)
    } catch {
      unlink(aside)
      throw error
    }
    try OpenFile<FileError>.synchronizeFolder(of: url.path)
  }

  /// Throws unless a path is a regular file or nothing; the C function is `lstat`.
  private static func requireReplaceable(_ path: String) throws(FileError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    let isLink = status.st_mode & S_IFMT == S_IFLNK
    guard let found = isLink ? "a symbolic link" : FileError.unusual(status.st_mode) else { return }
    throw FileError("write", path, code: EINVAL, found: found)
  }
}
