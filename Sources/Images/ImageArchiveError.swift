import Digests
import Files
import Glibc

/// Why an image archive could not be read, written or trusted.
package enum ImageArchiveError: Error, Equatable {
  /// A system call failed with this `errno`.
  case system(path: String, operation: String, code: Int32)
  /// The file is not an image archive, or a damaged one; `offset` counts bytes from its start.
  case malformed(path: String, offset: Int, field: String, found: String, expected: String)
  /// The content of `part` is not the one that its digest names.
  case digestMismatch(path: String, part: String, found: Digest, expected: Digest)
  /// Another process is writing the same archive.
  case beingWritten(path: String)

  /// Describes the failure that `errno` holds; to be called before anything else can change it.
  static func lastSystemError(_ operation: String, _ path: String) -> ImageArchiveError {
    .system(path: path, operation: operation, code: errno)
  }
}

extension ImageArchiveError: FileFailure {
  package init(_ failure: FileError) {
    self = .system(path: failure.path, operation: failure.operation, code: failure.code)
  }
}

extension ImageArchiveError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let path, let operation, let code):
      "\(path): \(operation) failed: \(String(cString: strerror(code))) (errno \(code))"
    case .malformed(let path, let offset, let field, let found, let expected):
      "\(path): \(field) at byte \(offset): found \(found), expected \(expected)"
    case .digestMismatch(let path, let part, let found, let expected):
      "\(path): the \(part) is damaged: found SHA-256 \(found), expected \(expected)"
    case .beingWritten(let path):
      "\(path): another process is writing this image archive; try again when it has finished"
    }
  }
}
