import Digests
import Trials

/// Longer runs that resume from shorter ones.
extension Coordinator {
  /// Whether a trial waits for a shorter run to resume from; requests the extension when the
  /// shorter run is complete.
  ///
  /// The answer follows from the ledger, so a restarted coordinator decides the same.
  mutating func awaitsShorterRun(_ trial: Int) -> Bool {
    guard ledger.standings[trial].isUntried, !ledger.isExtended(trial),
      extensions[trial] != .impossible, let shorter = shorterRun(of: trial)
    else { return false }
    switch shorter {
    case .pending: return true
    case .complete(let id, let checkpoint):
      if extensions[trial] != .preparing {
        extensions[trial] = .preparing
        effects.append(
          .prepareExtension(trial: graph.trials[trial].id, of: id, checkpoint: checkpoint))
      }
      return true
    }
  }

  /// A shorter run of a trial.
  private enum ShorterRun {
    /// It waits or runs.
    case pending
    /// It is complete, and its last checkpoint is kept.
    case complete(TrialID, TrialCheckpoint)
  }

  /// The longest shorter run that is complete or may still complete.
  private func shorterRun(of trial: Int) -> ShorterRun? {
    if let planned = graph.shorterRun(of: trial) {
      switch ledger.standings[planned].status {
      case .waiting, .running: return settings.keptCheckpointByteCount > 0 ? .pending : nil
      case .complete:
        if let checkpoint = ledger.lastCheckpoint(of: planned) {
          return .complete(graph.trials[planned].id, checkpoint)
        }
      case .failed, .stopped: break
      }
    }
    return orphanedRuns[graph.trials[trial].id].map { .complete($0.trial, $0.checkpoint) }
  }

  /// Records the checkpoint and rows that a longer run resumes from.
  mutating func extend(
    _ id: TrialID, from checkpoint: TrialCheckpoint, trajectory piece: TrajectoryPiece,
    at now: Instant
  ) {
    guard let trial = graph.number(of: id), extensions[trial] == .preparing else { return }
    extensions[trial] = nil
    guard ledger.standings[trial].status == .waiting, ledger.standings[trial].isUntried,
      case .complete(_, let expected)? = shorterRun(of: trial),
      expected.digest == checkpoint.digest
    else { return settle([trial], at: now, delaying: false) }
    record(.trajectoryExtended(trial: id, attempt: 0, piece: piece))
    record(.checkpointRecorded(trial: id, attempt: 0, checkpoint: checkpoint))
    effects.append(.notify(.trialExtended(id, step: checkpoint.step)))
    settle([trial], at: now, delaying: false)
  }

  /// Lets a longer run start from step 0, since the shorter one's files cannot be used.
  mutating func giveUpExtension(of id: TrialID, reason: String, at now: Instant) {
    guard let trial = graph.number(of: id), extensions[trial] == .preparing else { return }
    extensions[trial] = .impossible
    effects.append(.notify(.extensionFailed(id, reason: reason)))
    settle([trial], at: now, delaying: false)
  }

  // MARK: - Checkpoints of complete trials

  /// Whether the last checkpoint of a trial is kept: the one of the step with which it ended.
  func keeps(_ checkpoint: TrialCheckpoint?, of trial: Int, _ result: TrialResult) -> Bool {
    // No other trial extends a traced one.
    guard let checkpoint, graph.trials[trial].configuration.trace == nil else { return false }
    let last = result.milestones.last
    let step = last?.endedByRule == true ? last?.step : graph.steps(of: trial)
    return checkpoint.byteCount <= settings.keptCheckpointByteCount
      && checkpoint.step == step ?? checkpoint.step
  }

  /// Drops last checkpoints of complete trials, the earliest completed first, until the rest fits
  /// the limit.
  ///
  /// Keeps those that a planned longer run waits for.
  mutating func dropOldCheckpoints() {
    var (trials, byteCount) = ledger.keptCheckpoints
    while byteCount > settings.keptCheckpointByteCount, !trials.isEmpty {
      let trial = trials.removeFirst()
      guard let checkpoint = ledger.lastCheckpoint(of: trial), !isNeeded(trial) else { continue }
      byteCount -= checkpoint.byteCount
      record(.checkpointDropped(trial: graph.trials[trial].id))
    }
  }

  private func isNeeded(_ shorter: Int) -> Bool {
    graph.longerRuns(of: shorter).contains {
      let standing = ledger.standings[$0]
      return standing.status == .waiting && standing.isUntried
    }
  }

  /// Deletes a checkpoint unless it is recorded.
  mutating func dismiss(_ checkpoint: TrialCheckpoint?) {
    guard let checkpoint, !ledger.refers(to: checkpoint.digest) else { return }
    effects.append(.discardCheckpoint(checkpoint.digest))
  }
}

/// The state of a longer run's extension.
enum Extension: Hashable, Sendable {
  /// The shell prepares it.
  case preparing
  /// It cannot be prepared.
  case impossible
}

/// A complete trial that is no longer planned, and its last checkpoint.
package struct OrphanedRun: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The checkpoint at its end, with the position in its trajectory.
  package var checkpoint: TrialCheckpoint

  /// A complete trial that is no longer planned.
  package init(trial: TrialID, checkpoint: TrialCheckpoint) {
    self.trial = trial
    self.checkpoint = checkpoint
  }
}
