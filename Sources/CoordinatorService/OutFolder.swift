import Files
import Foundation
import Glibc
import Store

/// The folder of a sweep's record and outputs, looked at before anything is written into it.
enum OutFolder {
  /// Files that make a folder a sweep's, and that a start which was cut short leaves.
  private static let marks = ["sweep.sqlite", "results.log", "sweep.lock", "sweep.sqlite.new"]
  /// Folders in a sweep's folder into which files are put.
  private static let folders = [
    "blobs", "blobs/incoming", "logs", "models", "trajectories", "figure2",
  ]
  /// Of a stranger's files at most so many are named.
  private static let nameCountMaximum = 3

  /// Makes sure that a run may write into a folder: it is empty, not there yet, or a sweep's.
  ///
  /// - Parameter sweepFile: May lie in it; hidden files may, too.
  /// - Throws: ``OutFolderError``; nothing was written.
  static func require(_ folder: URL, sweepFile: URL) throws {
    // Otherwise the folder that the command was given in would be filled.
    var status = stat()
    guard stat(folder.path, &status) == 0 else {
      guard errno == ENOENT else { throw FileError("stat", folder.path) }
      guard lstat(folder.path, &status) != 0 else {
        throw OutFolderError(
          path: folder.path, found: "a symbolic link that leads nowhere",
          remedy: "make the folder that it names, or choose another --out")
      }
      return
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw OutFolderError(
        path: folder.path, found: "a file that is no folder", remedy: "choose another --out")
    }
    let names = try contents(of: folder)
    let isSweep = names.contains { marks.contains($0) }
    let strangers = names.filter {
      !$0.hasPrefix(".") && $0 != "lost+found"
        && !isSame(folder.appending(path: $0), sweepFile)
    }
    guard isSweep || strangers.isEmpty else {
      throw OutFolderError(
        path: folder.path,
        found: "files that are not a sweep's: \(list(strangers))",
        remedy: "choose a new or an empty folder with --out, or move the files away")
    }
    try requireNoLinks(folder)
  }

  /// Makes sure that nothing in a sweep's folder is a symbolic link, through which files elsewhere
  /// would be written.
  ///
  /// - Throws: ``OutFolderError``.
  static func requireNoLinks(_ folder: URL) throws {
    for name in try contents(of: folder) { try requireNoLink(folder.appending(path: name)) }
    for name in folders {
      let url = folder.appending(path: name)
      try requireNoLink(url)
    }
  }

  private static func requireNoLink(_ url: URL) throws(OutFolderError) {
    var status = stat()
    guard lstat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return }
    throw OutFolderError(
      path: url.path,
      found: "a symbolic link, through which a file or folder elsewhere would be written",
      remedy: "remove the link; to keep a sweep elsewhere, name that folder with --out")
  }

  private static func contents(of folder: URL) throws(FileError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw FileError("read the folder", folder.path, reportedAs: error)
    }
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

/// A folder that a sweep may not be written into.
struct OutFolderError: Error, CustomStringConvertible {
  let path: String
  let found: String
  let remedy: String

  var description: String {
    "\(path): found \(found), expected a sweep's own folder; \(remedy)"
  }
}
