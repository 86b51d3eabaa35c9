import Digests
import Trials

/// A message of a worker on the control connection.
package enum WorkerMessage: Hashable, Sendable {
  /// Who the worker is: the first message on every connection.
  case announcement(Announcement)
  /// The worker is alive and claims these attempts.
  case heartbeat(Heartbeat)
  /// A trial has reached a milestone.
  case reportReached(ReportReached)
  /// A trial's trajectory has grown.
  case trajectoryGrown(TrajectoryGrown)
  /// A trial has its result, and its artifacts are stored.
  case finished(Finished)
  /// An attempt ended without a result.
  case attemptFailed(AttemptFailed)
  /// The worker leaves and holds no more work.
  case goodbye(reason: String)
  /// Log lines of the worker.
  case logLines(LogLines)
}

extension WorkerMessage {
  /// A worker's identity, hardware and claims.
  package struct Announcement: Hashable, Sendable {
    /// Minor version of the protocol that the worker speaks.
    package var protocolMinor = ProtocolVersion.current.minor
    /// Version of the worker's program.
    package var productVersion: String
    /// Identifier of the worker process, 1 to 128 letters, digits and `._:@+-`.
    package var worker: String
    /// Name of the host.
    package var host: String
    /// Distinguishes hosts of one name, 8 hexadecimal digits; empty if unknown.
    package var hostID = ""
    /// Model name of the processor.
    package var processor: String
    /// Widest vector instructions in use.
    package var instructionSet: String
    /// Logical processors of the host.
    package var coreCount: Int
    /// Main memory of the host.
    package var memoryByteCount: Int
    /// Trials that it runs at once, 1 to 4,096.
    package var slotCount: Int
    /// Cores that the coordinator may divide among its trials; 0 if it may not.
    package var divisibleCoreCount = 0
    /// The sweep that the claims belong to; nil before the first welcome.
    package var sweepID: String?
    /// What it works on or holds finished.
    package var claims: [Claim]
    /// What keeps it from taking further trials, for people; nil when nothing does.
    package var obstacle: String?

    /// An announcement of the given parts, in this code's protocol version.
    package init(
      productVersion: String, worker: String, host: String, hostID: String = "", processor: String,
      instructionSet: String, coreCount: Int, memoryByteCount: Int, slotCount: Int,
      divisibleCoreCount: Int = 0, sweepID: String? = nil, claims: [Claim], obstacle: String? = nil
    ) {
      self.productVersion = productVersion
      self.worker = worker
      self.host = host
      self.hostID = hostID
      self.processor = processor
      self.instructionSet = instructionSet
      self.coreCount = coreCount
      self.memoryByteCount = memoryByteCount
      self.slotCount = slotCount
      self.divisibleCoreCount = divisibleCoreCount
      self.sweepID = sweepID
      self.claims = claims
      self.obstacle = obstacle
    }
  }

  /// A sign of life.
  package struct Heartbeat: Hashable, Sendable {
    /// Counts the heartbeats of a worker process, from 1.
    package var sequence: UInt64
    /// All that it works on or holds finished.
    package var claims: [Claim]
    /// What keeps it from taking further trials, for people; nil when nothing does.
    package var obstacle: String?

    /// A heartbeat of the given parts.
    package init(sequence: UInt64, claims: [Claim], obstacle: String? = nil) {
      self.sequence = sequence
      self.claims = claims
      self.obstacle = obstacle
    }
  }

  /// A worker's statement that it works on an attempt or holds its result.
  package struct Claim: Hashable, Sendable {
    /// The attempt.
    package var attempt: AttemptKey
    /// How far it is; nil before the first step.
    package var progress: TrialProgress?
    /// The newest checkpoint that the worker has stored.
    package var checkpoint: TrialCheckpoint?
    /// The checkpoints of the assignment that could not be used; at most 2.
    package var refusedCheckpoints: [RefusedCheckpoint]
    /// Threads of its process; nil if the worker does not say.
    package var threads: Int?

    /// A claim of an attempt.
    package init(
      attempt: AttemptKey, progress: TrialProgress? = nil, checkpoint: TrialCheckpoint? = nil,
      refusedCheckpoints: [RefusedCheckpoint] = [], threads: Int? = nil
    ) {
      self.attempt = attempt
      self.progress = progress
      self.checkpoint = checkpoint
      self.refusedCheckpoints = refusedCheckpoints
      self.threads = threads
    }
  }

  /// A milestone that a trial has reached.
  package struct ReportReached: Hashable, Sendable {
    /// The attempt.
    package var attempt: AttemptKey
    /// The milestone's index among the configuration's, from 0.
    package var index: Int
    /// The report.
    package var report: MilestoneReport

    /// A milestone of an attempt.
    package init(attempt: AttemptKey, index: Int, report: MilestoneReport) {
      self.attempt = attempt
      self.index = index
      self.report = report
    }
  }

  /// The next bytes of a trial's trajectory.
  package struct TrajectoryGrown: Hashable, Sendable {
    /// The attempt.
    package var attempt: AttemptKey
    /// The preceding prefix.
    package var start: TrajectoryPrefix
    /// The bytes that follow, 1 to 65,536.
    package var payload: [UInt8]
    /// SHA-256 of the trajectory up to the piece's end.
    package var endDigest: Digest

    /// A piece of an attempt's trajectory.
    package init(
      attempt: AttemptKey, start: TrajectoryPrefix, payload: [UInt8], endDigest: Digest
    ) {
      self.attempt = attempt
      self.start = start
      self.payload = payload
      self.endDigest = endDigest
    }
  }

  /// A finished trial.
  package struct Finished: Hashable, Sendable {
    /// The attempt.
    package var attempt: AttemptKey
    /// The result, a serialised `Result` of at most 192 KiB; ``Trials/ReceivedResult`` reads it.
    package var result: [UInt8]
    /// The trainer's state at the trial's end, if it is stored.
    package var lastCheckpoint: TrialCheckpoint?

    /// A finished trial of the given parts.
    package init(
      attempt: AttemptKey, result: [UInt8], lastCheckpoint: TrialCheckpoint? = nil
    ) {
      self.attempt = attempt
      self.result = result
      self.lastCheckpoint = lastCheckpoint
    }
  }

  /// An attempt without a result.
  package struct AttemptFailed: Hashable, Sendable {
    /// The attempt.
    package var attempt: AttemptKey
    /// The cause, one of the protocol's words.
    package var cause: String
    /// The cause for people; cut to 64 KiB, keeping its end, when sent.
    package var message: String
    /// The newest checkpoint that the worker has stored.
    package var checkpoint: TrialCheckpoint?
    /// The trial's log, if it could be stored.
    package var log: StoredBlob?
    /// Where the trial diverged, if it did and that is known.
    package var divergence: Divergence?

    /// A failed attempt of the given parts.
    package init(
      attempt: AttemptKey, cause: String, message: String, checkpoint: TrialCheckpoint? = nil,
      log: StoredBlob? = nil, divergence: Divergence? = nil
    ) {
      self.attempt = attempt
      self.cause = cause
      self.message = message
      self.checkpoint = checkpoint
      self.log = log
      self.divergence = divergence
    }
  }
}
