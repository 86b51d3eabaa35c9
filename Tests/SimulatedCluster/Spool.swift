import Trials

/// What a worker's process leaves on its disk for the next one.
struct Spool {
  /// The host whose disk it is; nil for a new one.
  var host: String?
  /// Finished results that nobody has acknowledged.
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
    /// Where its trajectory's file begins.
    let base: TrajectoryStart
    /// The file.
    let rows: [UInt8]

    /// What was computed.
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
  /// Where the trajectory's file begins.
  var base: TrajectoryStart
  /// The file's bytes up to the checkpoint.
  var rows: [UInt8]
  var flaw: CheckpointFlaw?
}
