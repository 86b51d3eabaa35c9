import Coordination
import Trials
import Wire

/// What running trials hand in, checked against what their trials can have.
extension SweepFacts {
  /// The event of a report: that it was reached, or rejected because it does not fit its trial.
  ///
  /// The coordinator itself checks reports of milestones that the trial does not have.
  ///
  /// - Parameter running: The trial's resolved configuration.
  func event(
    of reached: WorkerMessage.ReportReached, running: TrialConfiguration?,
    on connection: ConnectionID
  ) -> Event {
    let (trial, attempt) = (reached.attempt.trial, reached.attempt.attempt)
    if let running, running.milestones.contains(reached.report.budget),
      let defect = bounds(of: running)?.defect(of: reached.report)
    {
      return .resultRejected(
        trial: trial, attempt: attempt, reason: "\(defect)", on: connection)
    }
    return .reportReached(
      trial: trial, attempt: attempt, index: reached.index, report: reached.report,
      on: connection)
  }

  /// The event of a piece of a trajectory: that it grew, or the piece's rejection because the trial
  /// cannot have so long a trajectory.
  ///
  /// - Parameters:
  ///   - running: The trial's resolved configuration.
  ///   - handedIn: What the attempt has handed in before.
  func event(
    of grown: WorkerMessage.TrajectoryGrown, running: TrialConfiguration?,
    handedIn: TrajectoryVolume, on connection: ConnectionID
  ) -> Event {
    let (trial, attempt) = (grown.attempt.trial, grown.attempt.attempt)
    if let defect = bounds(of: running)?.defect(
      ofTrajectoryUpTo: grown.start.byteCount + grown.payload.count,
      volume: handedIn.adding(byteCount: grown.payload.count))
    {
      return .resultRejected(
        trial: trial, attempt: attempt, reason: "\(defect)", on: connection)
    }
    return .trajectoryGrown(
      trial: trial, attempt: attempt, start: grown.start, payload: grown.payload,
      end: grown.endDigest, on: connection)
  }
}
