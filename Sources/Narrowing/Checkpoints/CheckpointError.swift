/// Why a trial cannot resume from a file.
package struct CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of reason.
  package enum Reason: Hashable, Sendable {
    /// The file cannot be read.
    case unreadable
    /// The file is incomplete or corrupted.
    case damaged
    /// The file is not a checkpoint, or has another version of the format.
    case format
    /// The checkpoint belongs to another configuration.
    case otherTrial
    /// The checkpoint belongs to other images.
    case otherImages
    /// The checkpoint's tensors are not those of this trainer.
    case mismatch
    /// The checkpoint has numbers that training cannot produce.
    case implausible
  }

  /// The kind of reason.
  package let reason: Reason
  /// The file.
  package let path: String
  /// The part of the file that is wrong.
  package let part: String
  /// What was found.
  package let found: String
  /// What was expected.
  package let expected: String

  init(_ reason: Reason, path: String, part: String, found: String, expected: String) {
    self.reason = reason
    self.path = path
    self.part = part
    self.found = found
    self.expected = expected
  }

  /// The error without the file's path, which has no meaning on another host.
  package var finding: String { "\(part): found \(found), expected \(expected)" }

  package var description: String { "\(path): \(part): found \(found), expected \(expected)" }
}
