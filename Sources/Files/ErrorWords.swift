import Foundation

/// Errors of Foundation in words for people.
///
/// Foundation describes its errors as `Error Domain=NSCocoaErrorDomain Code=260 …`, or says that "the
/// file couldn’t be opened". Beneath nearly all of them is a C call's reason, which says why.
package enum ErrorWords {
  /// An error in words: what it says itself, of Foundation's the path and the C call's reason.
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

  /// Whether an error is one that Foundation made, not one of this product.
  package static func isFoundation(_ error: any Error) -> Bool {
    error is CocoaError || error is POSIXError || error is URLError
      || type(of: error) is NSError.Type
  }
}

extension FileError {
  /// What a call of Foundation gives, its failure as one of the file system.
  ///
  /// - Parameters:
  ///   - operation: What was attempted: "make the folder".
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

  /// Makes a folder, with those above it, if it is not there.
  package static func makeFolder(_ url: URL) throws(FileError) {
    try wording("make the folder", url) {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
  }
}
