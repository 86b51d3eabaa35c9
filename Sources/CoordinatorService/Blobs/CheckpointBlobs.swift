import Digests
import Foundation
import TensorFiles
import Transfers
import Trials

/// The checkpoints of running trials in the blob store.
///
/// A blob counts as a checkpoint of a trial only when its own metadata say so. Otherwise whoever
/// names another blob as a checkpoint could have it deleted as superseded, a result's artifact say.
/// They name the trial by the configuration that runs, its parents' numbers filled in.
final class CheckpointBlobs {
  private let blobs: BlobStore
  /// What was found to be a checkpoint already; claims repeat it every few seconds.
  private var known: [TrialID: TrialCheckpoint] = [:]

  /// The checkpoints in a store.
  init(_ blobs: BlobStore) { self.blobs = blobs }

  /// The checkpoint if it is stored here and the trial's, else nil.
  ///
  /// - Parameter running: The identity of the configuration with which the trial runs.
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

  /// Forgets a trial that needs no checkpoints any more.
  func forget(_ trial: TrialID) { known[trial] = nil }

  /// The trial that a checkpoint's metadata name; nil when the file is no checkpoint.
  private static func trial(of url: URL) -> TrialID? {
    guard let header = try? Safetensors.Header(contentsOf: url),
      header.metadata["checkpoint_version"] != nil
    else { return nil }
    return header.metadata["trial"].flatMap { TrialID($0) }
  }
}
