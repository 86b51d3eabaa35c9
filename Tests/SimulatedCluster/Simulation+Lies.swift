import Coordination
import Digests
import Randomness
import Trials

/// Messages of lying workers, all well formed and within their ranges.
extension Simulation {
  /// Falsifies a lying worker's event: false numbers, some of them contradictory.
  mutating func twisted(_ event: Event) -> Event {
    switch event {
    case .reportReached(let trial, let attempt, let index, let report, let connection):
      return .reportReached(
        trial: trial, attempt: attempt, index: index, report: falsified(report), on: connection)
    case .trialFinished(let trial, let attempt, let result, let checkpoint, let connection):
      return .trialFinished(
        trial: trial, attempt: attempt, result: falsified(result), checkpoint: checkpoint,
        on: connection)
    default: return event
    }
  }

  private mutating func falsified(_ report: MilestoneReport) -> MilestoneReport {
    var report = report
    report.mse += random.happens(0.1) ? Double(random.draw(1...9)) : 0.5
    return report
  }

  private mutating func falsified(_ received: ReceivedResult) -> ReceivedResult {
    var result = received.result
    for index in result.milestones.indices {
      result.milestones[index] = falsified(result.milestones[index])
    }
    return ReceivedResult(
      result: result, bytes: [],
      contentDigest: Digest.of("\(result.milestones.map(\.mse)) \(received.contentDigest)"))
  }

  /// Sends a message about an attempt that may be another worker's.
  mutating func lie(_ worker: Int) {
    guard let connection = stations[worker]?.connection,
      let trial = sweep.plan.randomElement(using: &random)?.id,
      let configuration = checker.configuration(of: trial)
    else { return }
    let attempt = random.draw(1...4)
    let event: Event
    switch random.draw(0...5) {
    case 0:
      event = .reportReached(
        trial: trial, attempt: attempt, index: 0,
        report: SimulatedSweep.report(at: 0, of: configuration), on: connection)
    case 1:
      let piece = TrajectoryPiece(after: .beginning, payload: Array("a lie\n".utf8))
      event = .trajectoryGrown(
        trial: trial, attempt: attempt, start: piece.start, payload: piece.payload,
        end: piece.end.prefix.digest, on: connection)
    case 2:
      artifacts.insert(trial)
      var result = SimulatedSweep.result(of: configuration, begunUnder: attempt)
      let nothing = TrajectoryPrefix.empty
      result.result.artifacts = [
        Artifact(kind: .trajectory, digest: nothing.digest, byteCount: nothing.byteCount)
      ]
      event = .trialFinished(trial: trial, attempt: attempt, result: result, on: connection)
    case 3:
      let cause = FailureCause.allCases.randomElement(using: &random) ?? .exitCode
      event = .attemptFailed(
        trial: trial, attempt: attempt, failure: Self.failure(cause), checkpoint: nil,
        on: connection)
    case 4:
      // The shell's event for impossible numbers.
      event = .resultRejected(
        trial: trial, attempt: attempt, reason: "mse: found nan", on: connection)
    default: event = falseClaims(trial, attempt: attempt, on: connection)
    }
    say(event, by: worker)
  }

  /// Claims an attempt with a wrong checkpoint, and refuses others.
  private mutating func falseClaims(
    _ trial: TrialID, attempt: Int, on connection: ConnectionID
  ) -> Event {
    let digests = blobs.keys.sorted { $0.hexadecimal < $1.hexadecimal }
    let progress = TrialProgress(
      step: random.draw(1...SimulatedSweep.steps), totalSteps: SimulatedSweep.steps, mse: 1,
      gatesOpen: 1, multiplier: 1, stepsPerSecond: 1e6)
    let checkpoint = digests.randomElement(using: &random).map { digest in
      TrialCheckpoint(
        step: progress.step, digest: digest, byteCount: 1, instructionSet: "avx2",
        stateDigest: Digest.of("a lie"), trajectory: .empty)
    }
    let refused = digests.randomElement(using: &random).map {
      [RefusedCheckpoint(digest: $0, reason: "a lie")]
    }
    let claim = AttemptClaim(
      trial: trial, attempt: attempt, progress: progress, checkpoint: checkpoint,
      refusedCheckpoints: refused ?? [])
    return .heartbeatReceived(claims: [claim], on: connection)
  }
}
