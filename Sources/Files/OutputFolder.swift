import Foundation
import Glibc

/// An output folder of a command, checked before anything is written.
package struct OutputFolder {
  /// The folder.
  package let url: URL
  /// The owner's kind: "a sweep's".
  let owner: String
  /// File names that identify a folder as the owner's; any of them is enough.
  let marks: [String]

  /// The most foreign files named in the error.
  private static let nameCountMaximum = 3

  /// A folder that must be new, empty, or the owner's.
  ///
  /// - Parameters:
  ///   - owner: In the genitive, as in "a sweep's own folder".
  ///   - marks: Names of files that the owner's folder always has.
  package init(_ url: URL, owner: String, marks: [String]) {
    self.url = url
    self.owner = owner
    self.marks = marks
  }

  /// Checks that the folder is missing, empty, or the owner's.
  ///
  /// - Parameter inputs: Files that may be in it, as hidden files may.
  /// - Returns: Whether it exists.
  /// - Throws: ``OutputFolderError``.
  package func require(inputs: [URL]) throws -> Bool {
    var status = stat()
    guard stat(url.path, &status) == 0 else {
      guard errno == ENOENT else { throw FileError("stat", url.path) }
      guard lstat(url.path, &status) != 0 else {
        throw error(
          "a symbolic link that leads nowhere",
          "make the folder that it names, or choose another --out")
      }
      return false
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw error("a file, not a folder", "choose another --out")
    }
    let names = try names()
    guard !names.contains(where: marks.contains) else { return true }
    let strangers = names.filter { name in
      !name.hasPrefix(".") && name != "lost+found"
        && !inputs.contains { Self.isSame(url.appending(path: name), $0) }
    }
    guard strangers.isEmpty else {
      throw error(
        "files that are not \(owner): \(Self.list(strangers))",
        "choose a new or an empty folder with --out, or move the files away")
    }
    return true
  }

  /// Checks that the folder contains no symbolic link, through which files elsewhere would be
  /// written.
  ///
  /// - Parameter folders: Folders in it, existing or not; their contents are not checked.
  /// - Throws: ``OutputFolderError``.
  package func requireNoLinks(folders: [String] = []) throws {
    for name in try names() + folders {
      var status = stat()
      let place = url.appending(path: name)
      guard lstat(place.path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { continue }
      throw OutputFolderError(
        path: place.path,
        found: "a symbolic link, through which a file or folder elsewhere would be written",
        expected: "\(owner) own folder",
        remedy: "remove the link; to write elsewhere, name that folder with --out")
    }
  }

  private func names() throws(FileError) -> [String] {
    try FileError.wording("read the folder", url) {
      try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
    }
  }

  private func error(_ found: String, _ remedy: String) -> OutputFolderError {
    OutputFolderError(
      path: url.path, found: found, expected: "\(owner) own folder", remedy: remedy)
  }

  private static func isSame(_ first: URL, _ second: URL) -> Bool {
    var (one, other) = (stat(), stat())
    return stat(first.path, &one) == 0 && stat(second.path, &other) == 0
      && one.st_dev == other.st_dev && one.st_ino == other.st_ino
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(nameCountMaximum).map { "\"\($0)\"" }.joined(separator: ", ")
      + (names.count > nameCountMaximum ? " and \(names.count - nameCountMaximum) more" : "")
  }
}

/// A folder that must not be written to.
package struct OutputFolderError: Error, CustomStringConvertible {
  let path: String
  let found: String
  let expected: String
  let remedy: String

  package var description: String {
    "\(path): found \(found), expected \(expected); \(remedy)"
  }
}
