/// Why a trial cannot go on from a file.
package struct CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of reason.
  package enum Reason: Hashable, Sendable {
    /// The file cannot be read.
    case unreadable
    /// The file is not whole, or not what was written.
    case damaged
    /// The file is no checkpoint, or one of another version of the format.
    case format
    /// The checkpoint belongs to another configuration.
    case otherTrial
    /// The checkpoint belongs to other images.
    case otherImages
    /// The checkpoint holds something else than this trainer's state.
    case mismatch
    /// The checkpoint holds numbers that training does not reach.
    case implausible
  }

  /// What kind of reason it is.
  package let reason: Reason
  /// The file.
  package let path: String
  /// What in the file is not as it should be.
  package let part: String
  /// What is there.
  package let found: String
  /// What should be there.
  package let expected: String

  init(_ reason: Reason, path: String, part: String, found: String, expected: String) {
    self.reason = reason
    self.path = path
    self.part = part
    self.found = found
    self.expected = expected
  }

  /// The error without the file, which means nothing on another host.
  package var finding: String { "\(part): found \(found), expected \(expected)" }

  package var description: String { "\(path): \(part): found \(found), expected \(expected)" }
}
