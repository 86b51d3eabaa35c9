import Digests
import TestSupport
import Testing
import Trials

@testable import Supervision

/// When the worker's clock must tick.
@Suite("The worker's deadlines")
struct DeadlineTests {
  private let work = WorkID(sweep: "s", trial: TrialID(rawValue: 7), launch: 1)

  private func core(patience: Duration = .seconds(3600)) -> WorkerCore {
    WorkerCore(slots: 2, exitsWhenIdle: false, patience: patience, held: [], at: .zero)
  }

  private func joined(at now: Duration = .zero) -> WorkerCore {
    var core = core()
    _ = core.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(20), lostAfter: .seconds(60)), at: now)
    return core
  }

  private func training(stallTimeout: Duration) -> WorkerCore {
    var core = joined()
    let assignment = Assignment(
      sweep: "s", trial: work.trial, attempt: 1, configuration: Samples.configuration,
      images: Digest.of("images"), imagesByteCount: 6, stallTimeout: stallTimeout)
    for event in [
      WorkerEvent.assigned(assignment), .imagesReady(work),
      .checkpointReady(work, nil, refusals: []),
      .clockTicked,
    ] {
      _ = core.handle(event, at: .zero)
    }
    return core
  }

  @Test("a worker without a coordinator announces itself, and leaves when its patience ends")
  func searching() {
    var core = core(patience: .seconds(3))
    #expect(core.nextDeadline == .zero)
    #expect(core.handle(.clockTicked, at: .zero) == [.announce([])])
    #expect(core.nextDeadline == .seconds(2))
    _ = core.handle(.clockTicked, at: .seconds(2))
    #expect(core.nextDeadline == .seconds(3))
    #expect(core.handle(.clockTicked, at: .seconds(3)).last == .exit(.abandoned))
  }

  @Test("an idle worker waits for its next heartbeat, or for the coordinator's timeout")
  func idle() {
    var core = joined(at: .seconds(1))
    #expect(core.nextDeadline == .seconds(21))
    #expect(core.handle(.clockTicked, at: .seconds(21)) == [.beat([])])
    _ = core.handle(.clockTicked, at: .seconds(41))
    #expect(core.nextDeadline == .seconds(61))
    #expect(core.handle(.clockTicked, at: .seconds(60)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(61)).last == .announce([]))
  }

  @Test("a trial that trains makes the clock tick, and is ended the moment it has stalled")
  func stall() {
    var core = training(stallTimeout: .seconds(12))
    for second in [5, 10] {
      #expect(core.nextDeadline == .seconds(second))
      #expect(!core.handle(.clockTicked, at: .seconds(second)).contains(.killTrial(work)))
    }
    #expect(core.nextDeadline == .seconds(12))
    #expect(core.handle(.clockTicked, at: .seconds(12)) == [.killTrial(work)])
  }

  @Test("a failed upload and an unacknowledged result are due again")
  func deliveries() {
    var core = training(stallTimeout: .seconds(600))
    let written = WrittenCheckpoint(
      file: "checkpoint",
      checkpoint: TrialCheckpoint(
        step: 5, digest: Digest.of("5"), byteCount: 1, instructionSet: "avx2",
        stateDigest: Digest.of("state"), trajectory: .empty))
    _ = core.handle(.checkpointWritten(work, written), at: .zero)
    _ = core.handle(.checkpointNotStored(work, reason: "away"), at: .zero)
    #expect(core.nextDeadline == .seconds(1))
    #expect(
      core.handle(.clockTicked, at: .seconds(1)) == [.uploadCheckpoint(work, written)])

    _ = core.handle(.trialFinished(work, Samples.spooled), at: .seconds(2))
    #expect(core.nextDeadline == .seconds(20))
    _ = core.handle(.uploadFailed(work, reason: "away"), at: .seconds(3))
    #expect(core.nextDeadline == .seconds(8))
    #expect(
      core.handle(.clockTicked, at: .seconds(8)) == [.upload(work, Samples.spooled)])
    _ = core.handle(.artifactsUploaded(work), at: .seconds(9))
    #expect(core.nextDeadline == .seconds(19))
  }

  @Test("a leaving worker waits for operations in progress, not for events that may never come")
  func stopping() {
    var core = training(stallTimeout: .seconds(600))
    _ = core.handle(.stopRequested(reason: "SIGTERM"), at: .zero)
    _ = core.handle(.coordinatorBeat, at: .seconds(50))
    _ = core.handle(.clockTicked, at: .seconds(50))
    #expect(core.nextDeadline == .seconds(60))
    _ = core.handle(.trialFinished(work, Samples.spooled), at: .seconds(51))
    _ = core.handle(.artifactsUploaded(work), at: .seconds(52))
    #expect(core.handle(.clockTicked, at: .seconds(52)).last == .exit(.stopped))
  }
}
