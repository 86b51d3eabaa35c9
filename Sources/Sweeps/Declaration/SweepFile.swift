import Files
import Foundation
import Glibc
import Trials

/// Reads sweep files.
///
/// A sweep file is YAML; ``SettingsReference/text`` lists every key. An unknown key, a wrong type,
/// unit or range, or an invalid reference is an error with file, line and column, what was found,
/// what was expected and the nearest name. All errors are reported at once, unless one hides
/// another.
package enum SweepFile {
  /// The largest sweep file accepted.
  package static let maximumByteCount = 16 << 20

  /// Reads a file and expands it.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - overrides: The texts `PATH=VALUE` of `--set`, in order.
  ///   - budgetScale: The factor of `--scale-budget`.
  ///   - ownImages: The users' own sets that the file can name.
  package static func load(
    at url: URL, overrides: [String] = [], budgetScale: Double = 1, ownImages: [Dataset] = []
  ) throws(SweepFileError) -> SweepPlan {
    let name = url.relativePath
    let data: Data
    do throws(FileError) {
      data = try WholeFile.read(url.path, limit: maximumByteCount)
    } catch {
      throw refusal(
        error.found ?? "an unreadable file (\(reason(error)))", at: .file(name))
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      guard !data.starts(with: [0xff, 0xfe]), !data.starts(with: [0xfe, 0xff]) else {
        throw refusal("text in UTF-16", at: .file(name), expected: "text in UTF-8")
      }
      throw refusal(
        "bytes that are not UTF-8", at: firstInvalidLine(of: data, in: name), expected: "text")
    }
    return try parse(
      text, named: name, overrides: overrides, budgetScale: budgetScale, ownImages: ownImages)
  }

  /// Expands the text of a sweep file.
  ///
  /// - Parameter name: The file's name in messages.
  package static func parse(
    _ text: String, named name: String, overrides: [String] = [], budgetScale: Double = 1,
    ownImages: [Dataset] = []
  ) throws(SweepFileError) -> SweepPlan {
    var log = DiagnosticLog()
    let scale = BudgetScale(factor: budgetScale)
    scale.validate(log: &log)
    try log.check()
    // Some editors write a byte order mark before UTF-8.
    let text =
      text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    let root = SyntaxTree.parse(text, wholePlace: .file(name), log: &log) { line, column in
      .position(file: name, line: line, column: column)
    }
    try log.check()
    guard var root else { preconditionFailure("a text without a tree has a diagnostic") }
    Overrides.apply(overrides, to: &root, log: &log)
    var reader = DeclarationReader(log: log, budgetScale: scale, ownImages: ownImages)
    let declaration = reader.declaration(root, of: name)
    return try Expansion.plan(declaration, log: reader.log)
  }

  private static func refusal(
    _ found: String, at place: SourcePlace, expected: String = "a sweep file"
  ) -> SweepFileError {
    SweepFileError(
      diagnostics: [
        Diagnostic(place: place, found: found, expected: expected, suggestion: nil)
      ], omittedCount: 0)
  }

  private static func reason(_ error: FileError) -> String {
    switch error.code {
    case ENOENT: "no such file"
    case EACCES: "no permission"
    default: String(cString: strerror(error.code))
    }
  }

  private static func firstInvalidLine(of data: Data, in name: String) -> SourcePlace {
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    return .position(file: name, line: index + 1, column: 1)
  }
}
