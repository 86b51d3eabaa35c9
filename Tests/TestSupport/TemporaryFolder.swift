import Foundation

/// A folder of one test, removed with everything in it at its last use.
package final class TemporaryFolder: Sendable {
  /// Where it is.
  package let url: URL

  /// Makes the folder.
  ///
  /// - Parameter name: What its name begins with.
  package init(named name: String = "test") throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "\(name)-\(UUID())", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Where a file of that name would be.
  package func file(_ name: String) -> URL { url.appending(path: name) }

  /// Writes a file.
  package func file(_ name: String, holding bytes: [UInt8]) throws -> URL {
    try Data(bytes).write(to: file(name))
    return file(name)
  }

  /// Makes a folder inside.
  package func folder(_ name: String) throws -> URL {
    let folder = url.appending(path: name, directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Names of what is in it, sorted.
  package var fileNames: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}
