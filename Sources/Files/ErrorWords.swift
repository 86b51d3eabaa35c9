import Foundation

/// Errors of Foundation in words for people.
///
/// Foundation describes its errors as `Error Domain=NSCocoaErrorDomain Code=260 …` or "the file
/// couldn’t be opened". Nearly all of them contain a C call's `errno`, which gives the reason.
package enum ErrorWords {
  /// An error in words: its own description; for Foundation's errors path and reason.
  package static func text(_ error: any Error) -> String {
    guard isFoundation(error) else { return "\(error)" }
    let information = (error as NSError).userInfo
    let path =
      information[NSFilePathErrorKey] as? String ?? (information[NSURLErrorKey] as? URL)?.path
    return (path.map { "\($0): " } ?? "") + reason(error)
  }

  /// Why something failed, without the path: `No such file or directory`.
  package static func reason(_ error: any Error) -> String {
    guard isFoundation(error) else { return "\(error)" }
    return String(cString: strerror(FileError.code(of: error)))
  }

  /// Whether an error is Foundation's, not this product's.
  package static func isFoundation(_ error: any Error) -> Bool {
    error is CocoaError || error is POSIXError || error is URLError
      || type(of: error) is NSError.Type
  }
}

extension FileError {
  /// Calls a function of Foundation and converts its error to ``FileError``.
  ///
  /// - Parameters:
  ///   - operation: The operation: "make the folder".
  ///   - url: The file or folder.
  package static func wording<Value>(
    _ operation: String, _ url: URL, _ body: () throws -> Value
  ) throws(FileError) -> Value {
    do {
      return try body()
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(operation, url.path, reportedAs: error)
    }
  }

  /// Creates a folder and its parents, if missing.
  package static func makeFolder(_ url: URL) throws(FileError) {
    try wording("make the folder", url) {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
  }
}
