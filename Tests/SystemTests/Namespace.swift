import Foundation

/// The namespaces that a test's processes run in, unshare(1).
enum Namespace {
  /// Whether this user, on this machine, may run a script in new namespaces.
  ///
  /// - Parameters:
  ///   - kinds: Flags of unshare(1).
  ///   - script: Run by a shell, since a namespace may exist but refuse operations.
  static func allows(_ kinds: [String], _ script: String) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["unshare"] + kinds + ["sh", "-c", script]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
