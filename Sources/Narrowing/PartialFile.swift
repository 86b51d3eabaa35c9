import Digests
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
  private let descriptor: Int32
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
    let path = url.path + Self.suffix
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.lastSystemFailure("open", path) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends bytes; they reach the kernel before the call returns.
  mutating func append(_ bytes: Data) throws(TrialFailure) {
    digest.append(bytes)
    byteCount += bytes.count
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.lastSystemFailure("write", url.path + Self.suffix)
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Makes the content durable, then the name: `fsync`, `rename`, `fsync` of the folder.
  consuming func finish(as kind: ArtifactKind) throws(TrialFailure) -> Artifact {
    let (digest, byteCount) = try finish()
    return Artifact(kind: kind, digest: digest, byteCount: byteCount)
  }

  /// Makes the content durable, then the name.
  ///
  /// - Returns: Digest and count of the content's bytes.
  consuming func finish() throws(TrialFailure) -> (digest: Digest, byteCount: Int) {
    let partial = url.path + Self.suffix
    guard fsync(descriptor) == 0 else { throw Self.lastSystemFailure("fsync", partial) }
    guard rename(partial, url.path) == 0 else { throw Self.lastSystemFailure("rename", partial) }
    let folder = url.deletingLastPathComponent().path
    let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folderDescriptor >= 0 else { throw Self.lastSystemFailure("open", folder) }
    defer { close(folderDescriptor) }
    guard fsync(folderDescriptor) == 0 else { throw Self.lastSystemFailure("fsync", folder) }
    return (digest.digest, byteCount)
  }

  /// The failure that `errno` holds; to be called before anything else can change it.
  private static func lastSystemFailure(_ operation: String, _ path: String) -> TrialFailure {
    let code = errno
    return TrialFailure(
      cause: code == ENOSPC || code == EDQUOT ? .diskFull : .exitCode,
      message: "\(path): \(operation) failed: \(String(cString: strerror(code))) (errno \(code))")
  }
}
