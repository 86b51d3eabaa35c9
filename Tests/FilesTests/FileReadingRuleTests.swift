import Foundation
import Testing

/// Calls that the product's sources may not contain.
///
/// Every reading of a file goes through `OpenFile`, `WholeFile` or `RegularFile`, which refuse pipes
/// and devices; Foundation's own functions would wait for a pipe for ever. Free space is asked for
/// in one place, whose numbers do not overflow.
@Suite("Rules of the source text")
struct FileReadingRuleTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
  /// Tools that measure, on files that they made themselves.
  private static let tools = ["Benches/", "benchmarks/"]

  /// The lines of the product's sources, each with its place.
  private func lines() throws -> [(place: String, text: Substring)] {
    let paths = FileManager.default.enumerator(atPath: Self.sources.path)?.allObjects ?? []
    let files = paths.compactMap { $0 as? String }.filter { path in
      path.hasSuffix(".swift") && !Self.tools.contains { path.hasPrefix($0) }
    }
    try #require(files.count > 300)
    return try files.flatMap { path in
      let text = try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8)
      return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
        ("\(path):\($0 + 1)", $1)
      }
    }
  }

  @Test(
    "nothing reads a file by a function that waits for a pipe",
    arguments: [
      "Data(contentsOf", "String(contentsOf:", "FileHandle(forReadingFrom",
      "FileHandle(forReadingAtPath", "FileHandle(forWritingTo", "FileHandle(forUpdating",
      ".contents(atPath", "InputStream(", "fopen(", "NSData(",
    ])
  func readings(call: String) throws {
    for (place, text) in try lines() where text.contains(call) {
      Issue.record("\(place): found \(call), expected WholeFile or RegularFile")
    }
  }

  @Test("paths given to String(contentsOfFile:) are the kernel's or the system's")
  func systemFiles() throws {
    let allowed = [
      "Store/Sweep/FileSystemKind.swift", "Doctor/UsableCores.swift", "Narrowing/Run/Host.swift",
      "WorkerService/Trials/TrialProcess.swift", "WorkerService/Host/HostID.swift",
    ]
    for (place, text) in try lines() where text.contains("contentsOfFile") {
      #expect(allowed.contains { place.hasPrefix("\($0):") }, "\(place): expected WholeFile")
    }
  }

  @Test("free space is asked for in one place")
  func freeSpace() throws {
    for (place, text) in try lines() where text.contains("f_bavail") || text.contains("f_frsize") {
      #expect(place.hasPrefix("Files/FreeSpace.swift:"), "\(place): expected FreeSpace.byteCount")
    }
  }
}
