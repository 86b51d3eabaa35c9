import Foundation
import Glibc

/// A file operation that failed, with the C call's reason.
package struct FileError: FileFailure, Hashable, Sendable, CustomStringConvertible {
  /// `errno` of the failed call.
  package let code: Int32
  /// The operation: "write", "rename".
  package let operation: String
  /// The file or folder.
  package let path: String
  /// What the path is instead of a file: "a folder", "a pipe"; else nil.
  package let found: String?

  /// The error of the calling thread's latest C call.
  package init(
    _ operation: String, _ path: String, code: Int32 = errno, found: String? = nil
  ) {
    self.code = code
    self.operation = operation
    self.path = path
    self.found = found
  }

  /// The error itself.
  package init(_ failure: FileError) { self = failure }

  /// An error of Foundation, reduced to the `errno` that it contains.
  package init(_ operation: String, _ path: String, reportedAs error: any Error) {
    self.init(operation, path, code: Self.knownCode(of: error) ?? EIO)
  }

  /// The `errno` in an error of Foundation; nil if it has none.
  static func knownCode(of error: any Error) -> Int32? {
    let beneath = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    for error in [error, beneath].compactMap(\.self) {
      // A cast to NSError would lose a POSIXError in the error's information.
      if let error = error as? POSIXError { return error.code.rawValue }
      let error = error as NSError
      if error.domain == NSPOSIXErrorDomain { return Int32(clamping: error.code) }
    }
    return switch error {
    case CocoaError.fileWriteFileExists: EEXIST
    case CocoaError.fileNoSuchFile, CocoaError.fileReadNoSuchFile: ENOENT
    case CocoaError.fileWriteNoPermission, CocoaError.fileReadNoPermission: EACCES
    case CocoaError.fileWriteVolumeReadOnly: EROFS
    case CocoaError.fileWriteOutOfSpace: ENOSPC
    default: nil
    }
  }

  /// Whether the disk is full or the user's quota is used up.
  package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

  /// What a path is, if not a regular file; see `inode(7)`.
  static func unusual(_ mode: mode_t) -> String? {
    switch mode & S_IFMT {
    case S_IFREG: nil
    case S_IFDIR: "a folder"
    case S_IFIFO: "a pipe"
    case S_IFCHR, S_IFBLK: "a device"
    case S_IFSOCK: "a socket"
    default: "no file"
    }
  }

  /// The C call's reason; for a file that is too large also the limit, if one is set.
  package var reason: String {
    let words = String(cString: strerror(code))
    guard code == EFBIG, let remedy = FileSizeLimit.remedy else { return words }
    return "\(words); \(remedy)"
  }

  /// What is at a path, if not a regular file; nil if nothing is there.
  ///
  /// Links are followed.
  package static func unusual(at path: String) -> String? {
    var status = stat()
    return stat(path, &status) == 0 ? unusual(status.st_mode) : nil
  }

  package var description: String {
    if code == EFBIG, let found { return "\(path): found \(found), expected fewer" }
    if let found { return "\(path): found \(found), expected a file" }
    return "\(path): \(operation) failed: \(reason)"
      + (remedy.map { "; \($0)" } ?? "")
  }

  /// What to do about it; nil if that depends on what is done.
  private var remedy: String? {
    switch code {
    case ENOENT: "see that the name is right and its folder exists"
    case ENOTDIR: "expected a folder; see that the name is right"
    case EACCES, EPERM: "see who may use it and the folder that it is in"
    case EEXIST: "a file has this name; give another one"
    case EROFS: "give a place that can be written to"
    case ESPIPE: "expected a file on a disk; give another one"
    default: nil
    }
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
