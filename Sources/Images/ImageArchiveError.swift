import Digests
import Files

/// Why an image archive could not be read, written or verified.
package enum ImageArchiveError: Error, Equatable {
  /// A system call failed.
  case system(FileError)
  /// The file is not an image archive, or a damaged one; `offset` counts bytes from its start.
  case malformed(path: String, offset: Int, field: String, found: String, expected: String)
  /// The content of `part` does not match its digest.
  case digestMismatch(path: String, part: String, found: Digest, expected: Digest)
  /// The file has the images of another data set, or of another shape.
  case otherImages(path: String, found: String, expected: String)
  /// Another process is writing the same archive.
  case beingWritten(path: String)
}

extension ImageArchiveError: FileFailure {
  package init(_ failure: FileError) { self = .system(failure) }
}

extension ImageArchiveError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let failure):
      failure.description
    case .malformed(let path, let offset, let field, let found, let expected):
      "\(path): \(field) at byte \(offset): found \(found), expected \(expected)"
    case .digestMismatch(let path, let part, let found, let expected):
      "\(path): the \(part) is damaged: found SHA-256 \(found), expected \(expected)"
    case .otherImages(let path, let found, let expected):
      "\(path): found images of \(found), expected \(expected)"
    case .beingWritten(let path):
      "\(path): another process is writing this image archive; try again when it has finished"
    }
  }
}
