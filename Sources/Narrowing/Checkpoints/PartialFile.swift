import Digests
import Files
import Foundation
import Glibc
import Trials

/// A file of a trial that gets its name only when it is complete and durable.
///
/// Until then it is `<name>.partial` in the same folder. That file stays if the trial fails: a
/// partial trajectory shows how the trial went.
struct PartialFile: ~Copyable {
  private let url: URL
  private let file: OpenFile<TrialFailure>
  private var digest = DigestStream()
  private var byteCount = 0

  /// The suffix of the name while the file is incomplete.
  static let suffix = ".partial"

  /// Creates the partial file of `url`, and truncates one that an earlier attempt left.
  ///
  /// - Throws: A failure with cause ``FailureCause/diskFull`` if the disk is full, else
  ///   ``FailureCause/exitCode``. All operations of the file throw these.
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

  /// Syncs the content, then renames the file durably.
  consuming func finish(as kind: ArtifactKind) throws(TrialFailure) -> Artifact {
    let (digest, byteCount) = try finish()
    return Artifact(kind: kind, digest: digest, byteCount: byteCount)
  }

  /// Syncs the content, then renames the file durably.
  ///
  /// - Returns: The content's digest and length.
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
