import Digests
import Foundation
import Synchronization

/// Files outside the store that are served by their digest, such as image archives.
///
/// May be used from any thread.
package final class FileRegistry: Sendable {
  private let paths = Mutex<[Digest: String]>([:])

  /// An empty registry.
  package init() {}

  /// Serves a file under the digest of its content.
  ///
  /// The digest is not checked here; clients verify it.
  package func register(_ file: URL, as digest: Digest) {
    paths.withLock { $0[digest] = file.path }
  }

  /// The path of a registered file.
  func path(of digest: Digest) -> String? {
    paths.withLock { $0[digest] }
  }
}
