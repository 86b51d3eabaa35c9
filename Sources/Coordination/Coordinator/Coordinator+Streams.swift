import Digests
import Trials

/// Reports and trajectory pieces of running trials.
extension Coordinator {
  /// Records a milestone's report; a repeated one is only acknowledged.
  mutating func take(
    _ report: MilestoneReport, index: Int, of id: TrialID, attempt: Int, from worker: Int,
    at now: Instant
  ) {
    guard let trial = wanted(id, attempt: attempt, worker, at: now) else { return }
    if let defect = defect(of: report, index: index, for: trial) {
      return refuse(
        id, attempt: attempt, from: worker, reason: defect, blamesCheckpoint: true, at: now)
    }
    let handedIn = ledger.handedIn(by: trial)
    let (sender, instructionSet) = (roster[worker].id, roster[worker].instructionSet)
    let reported = handedIn.reports(by: sender, attempt: attempt)
    if let other = reported.first(where: {
      $0.key != index && ($0.key < index) != ($0.value.step < report.step)
    }) {
      let reason =
        "\(name(of: worker)) contradicts itself: it reports step \(report.step) at \(report.budget), "
        + "and step \(other.value.step) at \(other.value.budget)"
      return refuse(id, attempt: attempt, from: worker, reason: reason, at: now)
    }
    if let own = reported[index] {
      guard own == report else {
        let reason = contradiction(at: index, own, report, by: worker)
        return refuse(id, attempt: attempt, from: worker, reason: reason, at: now)
      }
    } else {
      let other = handedIn.reports[index]?.last {
        $0.worker != sender && $0.instructionSet == instructionSet && $0.report != report
      }
      if let other {
        effects.append(.notify(.reportDiffers(id, index: index, sender, other: other.worker)))
      }
      record(
        .reportRecorded(
          trial: id, attempt: attempt, worker: sender, instructionSet: instructionSet, index: index,
          report: report))
    }
    noteSignOfLife(of: trial)
    send(.reportTaken(trial: id, attempt: attempt, index: index), to: worker)
  }

  /// Records the next bytes of a trajectory; repeated ones are only acknowledged.
  mutating func take(
    _ payload: [UInt8], after start: TrajectoryPrefix, end: Digest, of id: TrialID, attempt: Int,
    from worker: Int, at now: Instant
  ) {
    guard let trial = wanted(id, attempt: attempt, worker, at: now) else { return }
    let handedIn = ledger.handedIn(by: trial)
    let byteCount = start.byteCount + payload.count
    if handedIn.ends[end]?.prefix.byteCount == byteCount {
      return send(.pieceTaken(trial: id, attempt: attempt, byteCount: byteCount), to: worker)
    }
    guard let known = handedIn.start(at: start) else {
      return send(
        .trajectoryUnknown(trial: id, attempt: attempt, byteCount: start.byteCount), to: worker)
    }
    let piece = TrajectoryPiece(after: known, payload: payload)
    guard piece.end.prefix.digest == end else {
      let reason =
        "found a trajectory with digest \(piece.end.prefix.digest) up to byte \(byteCount), "
        + "expected \(end), as \(name(of: worker)) says"
      return refuse(id, attempt: attempt, from: worker, reason: reason, at: now)
    }
    record(.trajectoryExtended(trial: id, attempt: attempt, piece: piece))
    send(.pieceTaken(trial: id, attempt: attempt, byteCount: byteCount), to: worker)
  }

  /// The number of a trial if reports of this attempt are still wanted.
  ///
  /// The lease need not be open: a worker that was given up must deliver its rows before its
  /// result.
  ///
  /// Nil for any other trial, which the worker is told to forget, and for a worker that did not
  /// lease the attempt.
  private mutating func wanted(
    _ id: TrialID, attempt: Int, _ worker: Int, at now: Instant
  ) -> Int? {
    if let trial = graph.number(of: id) {
      let standing = ledger.standings[trial]
      if attempt > standing.voidThrough, standing.status != .complete {
        // Ignore an attempt that was never leased.
        guard attempt <= standing.attempts, standing.unfinishedParents == 0 else { return nil }
        guard speaks(worker, for: attempt, of: trial) else {
          turnAway(id, attempt: attempt, from: worker, at: now)
          return nil
        }
        return trial
      }
    }
    guard mayAnswer(worker, at: now) else { return nil }
    send(.acknowledge(trial: id, attempt: attempt), to: worker)
    return nil
  }

  /// Ends an attempt that reported something impossible.
  ///
  /// If the trial is complete or the attempt has ended, the worker is told to forget it without a
  /// notice. Otherwise one worker could fill the log.
  mutating func refuse(
    _ id: TrialID, attempt: Int, from worker: Int, reason: String, blamesCheckpoint: Bool = false,
    at now: Instant
  ) {
    let lease = graph.number(of: id).flatMap { roster[worker].leaseIndex(of: $0) }
    guard let lease, roster[worker].leases[lease].attempt == attempt else {
      guard mayAnswer(worker, at: now) else { return }
      return send(.acknowledge(trial: id, attempt: attempt), to: worker)
    }
    effects.append(
      .notify(.resultRefused(id, attempt: attempt, roster[worker].id, reason: reason)))
    noteFailure(
      TrialFailure(cause: .resultRefused, message: reason), of: id, attempt: attempt,
      from: worker, blamesCheckpoint: blamesCheckpoint, at: now)
    send(.acknowledge(trial: id, attempt: attempt), to: worker)
  }

  private func defect(of report: MilestoneReport, index: Int, for trial: Int) -> String? {
    guard let expected = try? ledger.configuration(of: trial).expectedReports() else {
      return "the trial's parents have no results"
    }
    guard expected.indices.contains(index) else {
      return "found a report with index \(index), expected 0 to \(expected.count - 1)"
    }
    return expected[index].defect(of: report)
  }

  /// How a result contradicts its worker's earlier reports; nil if it does not.
  func contradiction(
    of result: TrialResult, for trial: Int, attempt: Int, by worker: Int
  ) -> String? {
    let own = ledger.handedIn(by: trial).reports(by: roster[worker].id, attempt: attempt)
    for (index, known) in own.sorted(by: { $0.key < $1.key }) {
      guard result.milestones.indices.contains(index) else {
        return
          "\(name(of: worker)) contradicts itself: it reported \(known.budget), and its "
          + "result ends before that milestone"
      }
      let report = result.milestones[index]
      if report != known { return contradiction(at: index, known, report, by: worker) }
    }
    return nil
  }

  private func contradiction(
    at index: Int, _ earlier: MilestoneReport, _ later: MilestoneReport, by worker: Int
  ) -> String {
    "\(name(of: worker)) contradicts itself at \(earlier.budget): it first reported "
      + "\(earlier.numbers) and now reports \(later.numbers)"
  }

  private func name(of worker: Int) -> String {
    "worker \(roster[worker].id) on host \(shownName(of: roster[worker].host))"
  }
}

extension MilestoneReport {
  /// The numbers in which two reports may differ, for display.
  fileprivate var numbers: String {
    "\(gatesOpen) open, mse \(mse), evaluation mse \(evaluationMSE), state "
      + "\(stateDigest.map { $0.hexadecimal.prefix(12) } ?? "unknown")"
  }
}
