import Foundation
import TestSupport
import Testing

@testable import Files

@Suite("Errors in words")
struct ErrorWordsTests {
  /// Foundation's error for a failing operation.
  private func error(_ body: () throws -> Void) throws -> any Error {
    do {
      try body()
    } catch {
      return error
    }
    throw Expected()
  }

  private struct Expected: Error {}

  @Test("Foundation's errors give the path and the C call's reason, never a domain and a code")
  func foundation() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "file")
    try Data("x".utf8).write(to: file)
    let missing = folder.url.appending(path: "missing")
    let below = file.appending(path: "below")
    let manager = FileManager.default
    let errors = [
      (try error { _ = try Data(contentsOf: missing) }, ENOENT),
      (try error { _ = try FileHandle(forReadingFrom: missing) }, ENOENT),
      (try error { try manager.removeItem(at: missing) }, ENOENT),
      (
        try error { try manager.moveItem(at: missing, to: folder.url.appending(path: "other")) },
        ENOENT
      ),
      (try error { try manager.copyItem(at: missing, to: below) }, ENOENT),
      (try error { _ = try manager.contentsOfDirectory(atPath: missing.path) }, ENOENT),
      (
        try error { try manager.createDirectory(at: file, withIntermediateDirectories: false) },
        EEXIST
      ),
      (try error { try Data().write(to: file, options: .withoutOverwriting) }, EEXIST),
      (try error { try Data().write(to: below) }, ENOTDIR),
      (
        try error {
          let process = Process()
          process.executableURL = missing
          try process.run()
        }, ENOENT
      ),
    ]
    for (error, code) in errors {
      #expect(ErrorWords.isFoundation(error), "\(error)")
      #expect(ErrorWords.reason(error) == String(cString: strerror(code)), "\(error)")
      #expect(ErrorWords.text(error).hasSuffix(String(cString: strerror(code))), "\(error)")
    }
  }

  @Test("an error of Foundation without a C call's reason says what Foundation says")
  func withoutCode() {
    let error = NSError(
      domain: NSCocoaErrorDomain, code: 3840, userInfo: [NSLocalizedDescriptionKey: "No value."])
    #expect(ErrorWords.reason(error) == "No value.")
    #expect(ErrorWords.text(error) == "No value.")
    let url = URL(filePath: "/somewhere")
    #expect(throws: FileError("read", url.path, code: EIO)) {
      try FileError.wording("read", url) { throw error }
    }
  }

  @Test("an error of decoding gives place, what was found and what was expected")
  func decoding() throws {
    struct Entry: Codable { var count: Int }
    let wrong = try error {
      _ = try JSONDecoder().decode([String: Entry].self, from: Data(#"{"a": {"count": "x"}}"#.utf8))
    }
    #expect(ErrorWords.text(wrong) == "a.count: found a text, expected a whole number")
    let junk = try error {
      _ = try JSONDecoder().decode([String: Entry].self, from: Data("junk".utf8))
    }
    #expect(!ErrorWords.text(junk).contains("DecodingError"), "\(ErrorWords.text(junk))")
  }

  @Test("this product's errors keep their own description")
  func ours() {
    let error = FileError("open", "/x", code: EACCES)
    #expect(!ErrorWords.isFoundation(error))
    #expect(
      ErrorWords.text(error)
        == "/x: open failed: Permission denied; see who may use it and the folder that it is in")
    #expect(
      ErrorWords.reason(error)
        == "/x: open failed: Permission denied; see who may use it and the folder that it is in")
  }

  @Test("an error thrown by Foundation becomes a file error")
  func wording() throws {
    let url = URL(filePath: "/nowhere/file")
    let failure = #expect(throws: FileError.self) {
      try FileError.wording("read", url) { try Data(contentsOf: url) }
    }
    #expect(
      failure?.description == "/nowhere/file: read failed: No such file or directory; "
        + "see that the name is right and its folder exists")
    #expect(throws: FileError("open", "/x", code: EACCES)) {
      try FileError.wording("read", url) { throw FileError("open", "/x", code: EACCES) }
    }
  }
}
