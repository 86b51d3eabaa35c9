import Digests
import Trials

/// A message of the coordinator on the control connection.
package enum CoordinatorMessage: Hashable, Sendable {
  /// The announcement was accepted.
  case welcome(Welcome)
  /// Run this attempt.
  case assignment(Assignment)
  /// The trial has a durable result or is not wanted: delete every attempt at it up to this one.
  case acknowledgement(AttemptKey)
  /// A report of an attempt is durable.
  case reportTaken(AttemptKey, index: Int)
  /// An attempt's trajectory is durable up to so many bytes.
  case pieceTaken(AttemptKey, byteCount: Int)
  /// The coordinator does not know the prefix that a piece follows. Send all pieces again.
  case trajectoryUnknown(AttemptKey, byteCount: Int)
  /// Stop and forget this attempt and earlier ones. Keep a finished result.
  case abandon(AttemptKey, reason: String)
  /// The coordinator does not know the sender: announce again.
  case announceAgain
  /// An attempt may have so many threads from now on.
  case threadsAssigned(AttemptKey, threads: Int)
  /// The sweep has ended; exit.
  case shutDown(reason: String)
  /// The worker is refused, with the reason and what a person should do.
  case refusal(reason: String, remedy: String)
  /// These artifacts of a finished attempt are missing.
  case artifactsWanted(AttemptKey, digests: [Digest])
  /// The coordinator is alive.
  case heartbeat
  /// Hand back the trials with their checkpoints, then leave.
  case drain(reason: String)
}

extension CoordinatorMessage {
  /// The answer to an announcement.
  package struct Welcome: Hashable, Sendable {
    /// Interval of the worker's heartbeats; whole milliseconds, 100 ms to 1 h.
    package var heartbeatInterval: Duration
    /// Silence after which a worker is lost; whole milliseconds.
    package var lostAfter: Duration
    /// Where the data connection goes.
    package var dataLocation: DataLocation
    /// The sweep's name.
    package var sweep: String
    /// Identifier of the sweep's record.
    package var sweepID: String

    /// A welcome of the given parts.
    package init(
      heartbeatInterval: Duration, lostAfter: Duration, dataLocation: DataLocation, sweep: String,
      sweepID: String
    ) {
      self.heartbeatInterval = heartbeatInterval
      self.lostAfter = lostAfter
      self.dataLocation = dataLocation
      self.sweep = sweep
      self.sweepID = sweepID
    }
  }

  /// Where the data connection goes.
  package enum DataLocation: Hashable, Sendable {
    /// A TCP port on the host of the control connection.
    case port(UInt16)
    /// A whole endpoint.
    case endpoint(String)
  }

  /// An attempt to run.
  package struct Assignment: Hashable, Sendable {
    /// The attempt.
    package var attempt: AttemptKey
    /// The resolved configuration as canonical JSON, at most 64 KiB.
    package var configurationJSON: [UInt8]
    /// The image archive to train on.
    package var images: Digest
    /// Size of that archive.
    package var imagesByteCount: Int
    /// Checkpoints to resume from, newest first, at most 2.
    package var checkpoints: [ResumePoint]
    /// How long the trial may take no step; whole milliseconds, nil for the worker's default.
    package var stallTimeout: Duration?
    /// The latest void attempt; files of it, or of an earlier one, are not used.
    package var voidThrough: Int
    /// Checkpoints of attempts up to this one, which the worker's host may have, are not used.
    package var distrustedThrough: Int
    /// Whether the worker uploads the trainer's state at the trial's end.
    package var wantsLastCheckpoint: Bool
    /// Threads that the trial may have; nil leaves them to the worker.
    package var threads: Int?

    /// An assignment of the given parts.
    package init(
      attempt: AttemptKey, configurationJSON: [UInt8], images: Digest, imagesByteCount: Int,
      checkpoints: [ResumePoint] = [], stallTimeout: Duration? = nil, voidThrough: Int = 0,
      distrustedThrough: Int = 0, wantsLastCheckpoint: Bool = false, threads: Int? = nil
    ) {
      self.attempt = attempt
      self.configurationJSON = configurationJSON
      self.images = images
      self.imagesByteCount = imagesByteCount
      self.checkpoints = checkpoints
      self.stallTimeout = stallTimeout
      self.voidThrough = voidThrough
      self.distrustedThrough = distrustedThrough
      self.wantsLastCheckpoint = wantsLastCheckpoint
      self.threads = threads
    }
  }
}
