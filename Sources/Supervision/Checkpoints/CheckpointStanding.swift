import Trials

/// The checkpoints of a work.
struct CheckpointStanding {
  /// The newest in the trial's folder.
  var newest: WrittenCheckpoint?
  /// The newest that the coordinator has.
  var stored: TrialCheckpoint?
  /// The newest that the coordinator has with the trajectory up to it, which another worker could go
  /// on from.
  var claimed: TrialCheckpoint?
  /// Whether the trial goes on from a checkpoint that only this host has.
  var beginsAtOwn = false
  /// What the coordinator gave out to go on from and was refused here.
  var refused: [RefusedCheckpoint] = []
  /// When the newest of the coordinator was stored.
  var storedAt = Duration.zero

  /// The newest, if the coordinator has only older ones.
  var pending: WrittenCheckpoint? {
    newest.flatMap { $0.checkpoint.step > stored?.step ?? -1 ? $0 : nil }
  }
}
