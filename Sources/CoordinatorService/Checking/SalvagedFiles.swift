import Digests
import Foundation
import Glibc
import Transfers
import Trials

/// The blobs of a damaged folder that are sound, in a new one.
final class SalvagedFiles {
  /// The new folder's.
  let blobs: BlobStore
  /// Why a sound blob could not be stored; whatever was found missing since then may be there.
  private(set) var obstacle: TransferError?
  private let origin: URL

  /// The blobs of a sweep's folder, each copied when it is asked for.
  init(from origin: URL, into blobs: BlobStore) {
    self.origin = origin.appending(path: "blobs")
    self.blobs = blobs
  }

  /// Copies a blob; what is wrong with it when it cannot be had.
  func problem(of digest: Digest) -> String? {
    let source = BlobStore.url(for: digest, in: origin)
    do throws(TransferError) {
      try blobs.insert(digest, from: source)
      return nil
    } catch {
      switch error {
      case .digestMismatch: return "its content is damaged"
      case .fileSystem(_, source.path, ENOENT): return "it is missing"
      case .fileSystem(_, source.path, _): break
      default: obstacle = obstacle ?? error
      }
      return "\(error)"
    }
  }
}
