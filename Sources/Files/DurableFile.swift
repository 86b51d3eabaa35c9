import Foundation
import Glibc

/// Writes whole files so that a reader, or the next start after a crash, sees either the old
/// content or the new one, never a part.
package enum DurableFile {
  /// Replaces a file's content: writes aside, syncs, renames, syncs the folder.
  ///
  /// Of several that replace one file at the same time, one is the last.
  ///
  /// - Parameter permissions: Who may read and write the file, before the process's mask.
  /// - Throws: ``FileError`` with the failing call; the old content is then still there.
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
