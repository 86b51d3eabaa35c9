import Foundation
import Glibc

/// Replaces whole files atomically and durably: readers, also after a crash, see either the old or
/// the new content.
package enum DurableFile {
  /// Replaces a file's content: writes another file, syncs it, renames it, syncs the folder.
  ///
  /// If several writers replace one file at the same time, the last rename wins.
  ///
  /// - Parameter permissions: The file's permissions before the process's umask.
  /// - Throws: ``FileError`` with the failed call; the old content is then unchanged.
  package static func write(
    _ data: Data, to url: URL, permissions: mode_t = 0o644
  ) throws(FileError) {
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
}
