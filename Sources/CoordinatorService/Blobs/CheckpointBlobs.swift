import Digests
import Foundation
import TensorFiles
import Transfers
import Trials

/// The checkpoints of running trials in the blob store.
///
/// A blob counts as a trial's checkpoint only if its metadata name that trial. Otherwise a worker
/// could name any blob, such as a result's artifact, as a checkpoint and have it deleted as
/// superseded. The metadata identify the trial by its resolved configuration.
final class CheckpointBlobs {
  private let blobs: BlobStore
  /// Verified checkpoints; claims repeat them every few seconds.
  private var known: [TrialID: TrialCheckpoint] = [:]

  /// The checkpoints in a store.
  init(_ blobs: BlobStore) { self.blobs = blobs }

  /// Returns the checkpoint if it is stored and belongs to the trial, else nil.
  ///
  /// - Parameter running: The identity of the trial's resolved configuration.
  func accepted(
    _ checkpoint: TrialCheckpoint?, of trial: TrialID, running: @autoclosure () -> TrialID?
  ) -> TrialCheckpoint? {
    guard let checkpoint else { return nil }
    if known[trial] == checkpoint { return checkpoint }
    guard blobs.byteCount(of: checkpoint.digest) == checkpoint.byteCount,
      let named = Self.trial(of: blobs.url(for: checkpoint.digest)),
      named == running()
    else { return nil }
    known[trial] = checkpoint
    return checkpoint
  }

  /// Forgets a trial that no longer needs checkpoints.
  func forget(_ trial: TrialID) { known[trial] = nil }

  /// The trial named by a checkpoint's metadata; nil if the file is not a checkpoint.
  private static func trial(of url: URL) -> TrialID? {
    guard let header = try? Safetensors.Header(contentsOf: url),
      header.metadata["checkpoint_version"] != nil
    else { return nil }
    return header.metadata["trial"].flatMap { TrialID($0) }
  }
}
