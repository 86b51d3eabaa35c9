import Digests
import Files
import Foundation
import Glibc
import Trials

/// A file of a trial that grows aside and appears under its name only when it is complete and
/// durable.
///
/// It grows as `<name>.partial` in the same folder. A writer that goes away unfinished leaves
/// that file: the partial trajectory of a failed trial tells how it went.
struct PartialFile: ~Copyable {
  private let url: URL
  private let file: OpenFile<TrialFailure>
  private var digest = DigestStream()
  private var byteCount = 0

  /// Appended to a file's name while it grows.
  static let suffix = ".partial"

  /// Starts the file that will appear at `url`, emptying what an earlier attempt left.
  ///
  /// - Throws: A failure with cause ``FailureCause/diskFull`` when there is no room, else
  ///   ``FailureCause/exitCode``; so do all operations of the file.
  init(at url: URL) throws(TrialFailure) {
    self.url = url
    file = try OpenFile(url.path + Self.suffix, flags: O_WRONLY | O_CREAT | O_TRUNC)
  }

  /// Appends bytes; they reach the kernel before the call returns.
  mutating func append(_ bytes: Data) throws(TrialFailure) {
    try file.write(bytes, at: byteCount)
    digest.append(bytes)
    byteCount += bytes.count
  }

  /// Makes the content durable, then the name.
  consuming func finish(as kind: ArtifactKind) throws(TrialFailure) -> Artifact {
    let (digest, byteCount) = try finish()
    return Artifact(kind: kind, digest: digest, byteCount: byteCount)
  }

  /// Makes the content durable, then the name.
  ///
  /// - Returns: Digest and count of the content's bytes.
  consuming func finish() throws(TrialFailure) -> (digest: Digest, byteCount: Int) {
    try file.synchronize()
    try OpenFile<TrialFailure>.commit(file.path, as: url.path)
    return (digest.digest, byteCount)
  }
}

extension TrialFailure: FileFailure {
  package init(_ failure: FileError) {
    self.init(cause: failure.isDiskFull ? .diskFull : .exitCode, message: "\(failure)")
  }
}
