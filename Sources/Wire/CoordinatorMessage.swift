import Digests
import Trials

/// What a coordinator says on the control connection.
package enum CoordinatorMessage: Hashable, Sendable {
  /// The announcement was heard.
  case welcome(Welcome)
  /// Run this attempt.
  case assignment(Assignment)
  /// The trial has a durable result, or is not wanted: forget every attempt at it up to this.
  case acknowledgement(AttemptKey)
  /// A report of an attempt is durable.
  case reportTaken(AttemptKey, index: Int)
  /// An attempt's trajectory is durable up to so many bytes.
  case pieceTaken(AttemptKey, byteCount: Int)
  /// A piece of an attempt begins where nothing is known to end: send all pieces again.
  case trajectoryUnknown(AttemptKey, byteCount: Int)
  /// Stop this attempt and earlier ones and forget them; a finished result stays.
  case abandon(AttemptKey, reason: String)
  /// The sender is unknown here: announce again.
  case announceAgain
  /// There is no more work here and will be none.
  case shutDown(reason: String)
  /// This worker is not wanted; the text says why and what a person should do.
  case refusal(reason: String, remedy: String)
  /// These artifacts of a finished attempt are missing.
  case artifactsWanted(AttemptKey, digests: [Digest])
  /// The coordinator lives.
  case heartbeat
  /// Hand the trials back, with their checkpoints, and leave.
  case drain(reason: String)
}

extension CoordinatorMessage {
  /// The answer to an announcement.
  package struct Welcome: Hashable, Sendable {
    /// How often the worker shall beat; whole milliseconds, 100 ms to 1 h.
    package var heartbeatInterval: Duration
    /// Which silence makes a worker lost; whole milliseconds.
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
    /// Where the trial can go on from, newest first, at most 2.
    package var checkpoints: [ResumePoint]
    /// Ends a trial that takes no step for so long; whole milliseconds, nil leaves it to the worker.
    package var stallTimeout: Duration?
    /// The latest attempt that is void: what is left of it, or of an earlier one, is not used.
    package var voidThrough: Int
    /// Checkpoints of attempts up to this one, which the worker's host may have, are not used.
    package var distrustedThrough: Int
    /// Whether the trainer's state at the trial's end is wanted.
    package var wantsLastCheckpoint: Bool

    /// An assignment of the given parts.
    package init(
      attempt: AttemptKey, configurationJSON: [UInt8], images: Digest, imagesByteCount: Int,
      checkpoints: [ResumePoint] = [], stallTimeout: Duration? = nil, voidThrough: Int = 0,
      distrustedThrough: Int = 0, wantsLastCheckpoint: Bool = false
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
    }
  }
}
