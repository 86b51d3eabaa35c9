/// A checkpoint of a running trial, in the trial's folder.
package struct WrittenCheckpoint: Codable, Hashable, Sendable {
  /// Name of the file.
  package var file: String
  /// The checkpoint's description.
  package var checkpoint: TrialCheckpoint

  /// A checkpoint in a file.
  package init(file: String, checkpoint: TrialCheckpoint) {
    self.file = file
    self.checkpoint = checkpoint
  }
}
