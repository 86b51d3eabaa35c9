import Files
import Foundation
import Glibc

/// Files that are written in pieces under temporary names and renamed when complete.
final class GrowingFiles {
  private final class Growing {
    let file: OpenFile<FileError>
    var byteCount = 0

    init(_ path: String) throws(FileError) {
      unlink(path)
      file = try OpenFile<FileError>(path, flags: O_WRONLY | O_CREAT | O_EXCL, permissions: 0o644)
    }
  }

  private let folder: URL
  private var files: [String: Growing] = [:]

  /// An empty set of files in a folder.
  init(in folder: URL) { self.folder = folder }

  deinit { for name in files.keys { unlink(aside(name)) } }

  private func aside(_ name: String) -> String {
    folder.appending(path: ".\(name).new").path
  }

  /// Appends to a file, creating it if needed.
  func append(_ name: String, _ text: String) throws(FileError) {
    let growing: Growing
    if let known = files[name] {
      growing = known
    } else {
      growing = try Growing(aside(name))
      files[name] = growing
    }
    let data = Data(text.utf8)
    try growing.file.write(data, at: growing.byteCount)
    growing.byteCount += data.count
  }

  /// Renames all files and returns their names.
  func finish() throws(FileError) -> [String] {
    let names = files.keys.sorted()
    for name in names {
      try files[name]?.file.synchronize()
      try OpenFile<FileError>.rename(aside(name), to: folder.appending(path: name).path)
      files[name] = nil
    }
    return names
  }
}
