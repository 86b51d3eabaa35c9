import Files
import Foundation
import Glibc
import Messaging

/// The folder of a user's keys and lists of trusted peers.
///
/// Only this user may read it. A folder or file that others can read is refused, not repaired,
/// since they may have read it already.
package struct KeyFolder: Sendable {
  /// Where it is.
  package let url: URL
  /// Size limit of a file in bytes: a list of 100,000 workers.
  private static let byteCountMaximum = 16 << 20

  /// The chosen folder, else `$BOTTLENECKSWEEP_KEYS`, else ``UserFolders/configuration``.
  package init(
    _ chosen: URL?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    if let chosen {
      url = chosen
    } else if let folder = environment["BOTTLENECKSWEEP_KEYS"], !folder.isEmpty {
      url = URL(filePath: folder, directoryHint: .isDirectory)
    } else {
      url = UserFolders(environment).configuration
    }
  }

  /// Creates the folder if it is missing.
  ///
  /// - Throws: ``AccessError`` if it cannot be created or others can read it.
  package func prepare() throws(AccessError) {
    if status(of: url) == nil {
      do {
        try FileManager.default.createDirectory(
          at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw AccessError(
          "\(url.path): \(ErrorWords.reason(error))", remedy: "give another folder with --keys")
      }
    }
    try check()
  }

  /// Checks that only this user can read the folder, if it exists.
  package func check() throws(AccessError) {
    guard let found = status(of: url) else { return }
    try check(found, url, expected: 0o700)
  }

  /// The permission bits of a file or folder; nil if it does not exist.
  package func mode(of name: String) -> mode_t? {
    status(of: url.appending(path: name)).map { $0.st_mode & 0o777 }
  }

  /// Reads a secret file of the folder; nil if there is none.
  ///
  /// - Throws: ``AccessError`` when others can read it.
  func read(_ name: String) throws(AccessError) -> Data? {
    try check()
    let file = url.appending(path: name)
    guard let found = status(of: file) else { return nil }
    try check(found, file, expected: 0o600)
    do throws(FileError) {
      return try WholeFile.read(file.path, limit: Self.byteCountMaximum)
    } catch {
      throw AccessError("\(error)", remedy: "see to the file")
    }
  }

  /// Replaces a file of the folder, readable by this user only.
  func write(_ data: Data, _ name: String) throws(AccessError) {
    try prepare()
    do throws(FileError) {
      try DurableFile.write(data, to: url.appending(path: name), permissions: 0o600)
    } catch {
      throw AccessError("\(error)", remedy: "see to the folder, or give another with --keys")
    }
  }

  /// Runs a change of the folder's files under a lock against other processes.
  func locked<Value>(_ change: () throws(AccessError) -> Value) throws(AccessError) -> Value {
    try prepare()
    let lock: FileLock
    do throws(FileError) {
      lock = try FileLock.waitForLock(url.appending(path: "lock"))
    } catch {
      throw AccessError("\(error)", remedy: "see to the folder, or give another with --keys")
    }
    defer { withExtendedLifetime(lock) {} }
    return try change()
  }

  private func check(_ found: stat, _ file: URL, expected: mode_t) throws(AccessError) {
    guard found.st_uid == geteuid() else {
      throw AccessError(
        "\(file.path): belongs to user \(found.st_uid), expected \(geteuid())",
        remedy: "use a folder of your own with --keys")
    }
    let mode = found.st_mode & 0o777
    guard mode & 0o077 == 0 else {
      throw AccessError(
        "\(file.path): found mode \(String(mode, radix: 8)), expected "
          + "\(String(expected, radix: 8)): others can read the keys",
        remedy: "chmod \(String(expected, radix: 8)) '\(file.path)', and make new keys if others "
          + "may have read them")
    }
  }

  private func status(of file: URL) -> stat? {
    var found = stat()
    return stat(file.path, &found) == 0 ? found : nil
  }
}
