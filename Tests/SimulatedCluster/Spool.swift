import Trials

/// The files that a worker's process leaves for the next one.
struct Spool {
  /// The host whose disk it is; nil for a new one.
  var host: String?
  /// Unacknowledged results.
  var results: [Entry] = []
  /// The checkpoints of unfinished trials, newest first.
  var checkpoints: [TrialID: [LocalCheckpoint]] = [:]

  /// A finished result.
  struct Entry {
    let trial: TrialID
    let attempt: Int
    /// The attempt under which its computation began.
    let begunUnder: Int
    let configuration: TrialConfiguration
    /// The prefix before its trajectory's file.
    let base: TrajectoryStart
    /// The file's rows.
    let rows: [UInt8]

    /// The computed result.
    var result: ReceivedResult {
      SimulatedSweep.result(of: configuration, begunUnder: begunUnder)
    }
  }
}

/// A checkpoint in a trial's folder, with the rows before it.
struct LocalCheckpoint {
  /// The attempt whose folder it is in.
  var attempt: Int
  var step: Int
  /// The prefix before the trajectory's file.
  var base: TrajectoryStart
  /// The file's bytes up to the checkpoint.
  var rows: [UInt8]
  var flaw: CheckpointFlaw?
}
