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

  /// Why something failed, without the path: `No such file or directory`; what Foundation says
  /// where it does not tell the C call's reason.
  package static func reason(_ error: any Error) -> String {
    guard isFoundation(error) else { return "\(error)" }
    guard let code = FileError.knownCode(of: error) else {
      return (error as NSError).localizedDescription
    }
    return String(cString: strerror(code))
  }

  /// Whether an error is one that Foundation made, not one of this product.
  package static func isFoundation(_ error: any Error) -> Bool {
    error is CocoaError || error is POSIXError || error is URLError
      || type(of: error) is NSError.Type
  }
}
