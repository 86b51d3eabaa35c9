import Files
import Foundation
import Glibc

/// The folder that an export is written into: new, empty, or that of the same export before.
struct ExportFolder {
  /// Where it is.
  let url: URL

  /// Opens a folder that contains only files of this export; creates it if it is missing.
  ///
  /// - Throws: ``ExportError/foreignFiles(_:found:)`` and nothing is written, `FileError`.
  init(_ url: URL, names isOurs: (String) -> Bool) throws {
    var status = stat()
    if lstat(url.path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw ExportError.foreignFiles(url, found: "no folder")
      }
      let names = try FileError.wording("read the folder", url) {
        try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
      }
      if let stranger = names.first(where: { !isOurs($0) }) {
        throw ExportError.foreignFiles(url, found: "\"\(stranger)\"")
      }
      for name in names {
        let path = url.appending(path: name).path
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { continue }
        throw ExportError.foreignFiles(url, found: "the symbolic link \"\(name)\"")
      }
    } else {
      try FileError.makeFolder(url)
    }
    self.url = url
  }
}
