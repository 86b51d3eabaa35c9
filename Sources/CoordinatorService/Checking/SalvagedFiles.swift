import Digests
import Foundation
import Glibc
import Transfers
import Trials

/// Copies the sound blobs of a damaged folder to a new one.
final class SalvagedFiles {
  /// The new folder's blobs.
  let blobs: BlobStore
  /// Why a sound blob could not be stored; blobs reported missing after that may exist.
  private(set) var obstacle: TransferError?
  private let origin: URL

  /// The blobs of a sweep's folder; each is copied on request.
  init(from origin: URL, into blobs: BlobStore) {
    self.origin = origin.appending(path: "blobs")
    self.blobs = blobs
  }

  /// Copies a blob; returns what is wrong with it, or nil.
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
