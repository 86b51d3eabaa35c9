import Foundation
import Glibc

/// Opens files that are read piece by piece.
///
/// A named pipe in a file's place would stop its reader for ever, and a device may have no end.
/// Both are refused at once, wherever a file is read: here, in ``WholeFile`` and in ``OpenFile``.
package enum RegularFile {
  /// Opens a file for reading from its beginning.
  ///
  /// - Throws: ``FileError`` if there is no such file, or something else is in its place.
  package static func reading(_ url: URL) throws(FileError) -> FileHandle {
    try OpenFile<FileError>(url.path, flags: O_RDONLY).handle()
  }
}
