import Foundation

/// Errors of Foundation, and of decoding JSON, in words for people.
///
/// Foundation describes its errors as `Error Domain=NSCocoaErrorDomain Code=260 …` or "the file
/// couldn’t be opened". Nearly all of them contain a C call's `errno`, which gives the reason.
package enum ErrorWords {
  /// An error in words: its own description; for Foundation's errors path and reason, for those of
  /// decoding the place, what was found and what was expected.
  package static func text(_ error: any Error) -> String {
    if let error = error as? DecodingError { return DecodingWords.text(error) }
    guard isFoundation(error) else { return "\(error)" }
    let information = (error as NSError).userInfo
    let path =
      information[NSFilePathErrorKey] as? String ?? (information[NSURLErrorKey] as? URL)?.path
    return (path.map { "\($0): " } ?? "") + reason(error)
  }

  /// Why something failed, without the path: `No such file or directory`; what Foundation says
  /// where it does not tell the C call's reason.
  package static func reason(_ error: any Error) -> String {
    if let error = error as? DecodingError { return DecodingWords.text(error) }
    guard isFoundation(error) else { return "\(error)" }
    guard let code = FileError.knownCode(of: error) else {
      return (error as NSError).localizedDescription
    }
    return String(cString: strerror(code))
  }

  /// Whether an error is Foundation's, not this product's.
  package static func isFoundation(_ error: any Error) -> Bool {
    error is CocoaError || error is POSIXError || error is URLError
      || type(of: error) is NSError.Type
  }
}
