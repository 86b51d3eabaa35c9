import Trials

/// The checkpoints of a work.
struct CheckpointStanding {
  /// The newest in the trial's folder.
  var newest: WrittenCheckpoint?
  /// The newest that the coordinator has.
  var stored: TrialCheckpoint?
  /// The newest that the coordinator has including its trajectory, so that another worker could
  /// resume from it.
  var claimed: TrialCheckpoint?
  /// Whether the trial resumed from a checkpoint that only this host has.
  var beginsAtOwn = false
  /// The assigned checkpoints that could not be used here.
  var refused: [RefusedCheckpoint] = []
  /// When the coordinator's newest was stored.
  var storedAt = Duration.zero

  /// The newest, if the coordinator has only older ones.
  var pending: WrittenCheckpoint? {
    newest.flatMap { $0.checkpoint.step > stored?.step ?? -1 ? $0 : nil }
  }
}
