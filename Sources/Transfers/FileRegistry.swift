import Digests
import Foundation
import Synchronization

/// Files that are served by their digest from where they lie, such as image archives.
///
/// May be used from any thread.
package final class FileRegistry: Sendable {
  private let paths = Mutex<[Digest: String]>([:])

  /// An empty registry.
  package init() {}

  /// Serves a file under the digest of its content.
  ///
  /// The digest is the caller's word; whoever fetches the file verifies it.
  package func register(_ file: URL, as digest: Digest) {
    paths.withLock { $0[digest] = file.path }
  }

  /// The path of a registered file.
  func path(of digest: Digest) -> String? {
    paths.withLock { $0[digest] }
  }
}
