import Digests
import TestSupport
import Testing
import Trials

@testable import Supervision

/// What the worker decides about checkpoints, stalls and its own end.
@Suite("The worker's decisions about checkpoints")
struct CheckpointCoreTests {
  private let trial = TrialID(rawValue: 7)
  private let work = WorkID(sweep: "s", trial: TrialID(rawValue: 7), launch: 1)
  private let other = WorkID(sweep: "s", trial: TrialID(rawValue: 8), launch: 2)
  private let stopped = TrialFailure(cause: .stopped, message: "stopped after 20 of 30 steps")

  private func assignment(_ id: WorkID, checkpoints: [ResumePoint] = []) -> Assignment {
    Assignment(
      sweep: "s", trial: id.trial, attempt: 1, configuration: Samples.configuration,
      images: Digest.of("images"), imagesByteCount: 6, checkpoints: checkpoints,
      stallTimeout: .seconds(100))
  }

  /// A core that trains ``work``, or ``work`` and ``other``.
  private func training(two: Bool = false, from checkpoint: TrialCheckpoint? = nil) -> WorkerCore {
    var core = WorkerCore(
      slots: 2, exitsWhenIdle: false, patience: .seconds(3600), held: [], at: .zero)
    _ = core.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)), at: .zero)
    for id in two ? [work, other] : [work] {
      _ = core.handle(.assigned(assignment(id)), at: .zero)
      _ = core.handle(.imagesReady(id), at: .zero)
      let fetched = checkpoint.map { FetchedCheckpoint(file: "checkpoint", stored: $0) }
      _ = core.handle(.checkpointReady(id, fetched, refusals: []), at: .zero)
    }
    return core
  }

  private func checkpoint(_ step: Int) -> TrialCheckpoint {
    TrialCheckpoint(
      step: step, digest: Digest.of("\(step)"), byteCount: 5, instructionSet: "avx2",
      stateDigest: Digest.of("state"), trajectory: .empty)
  }

  private func point(_ checkpoint: TrialCheckpoint) -> ResumePoint {
    ResumePoint(checkpoint: checkpoint, trajectory: .beginning)
  }

  private func written(_ step: Int) -> WrittenCheckpoint {
    WrittenCheckpoint(file: "checkpoint-\(step)", checkpoint: checkpoint(step))
  }

  private func progress(_ step: Int) -> TrialProgress {
    TrialProgress(
      step: step, totalSteps: 30, mse: 1, gatesOpen: 2, multiplier: 1, stepsPerSecond: 10)
  }

  @Test("a checkpoint is stored, then claimed at once and with every heartbeat")
  func shipping() {
    var core = training()
    #expect(
      core.handle(.checkpointWritten(work, written(10)), at: .zero)
        == [.uploadCheckpoint(work, written(10))])
    #expect(core.claims.map(\.checkpoint) == [nil])
    let effects = core.handle(
      .checkpointStored(work, checkpoint(10), took: .seconds(1)), at: .seconds(1))
    #expect(core.claims.map(\.checkpoint) == [checkpoint(10)])
    #expect(effects == [.beat(core.claims)])
    #expect(core.handle(.clockTicked, at: .seconds(6)) == [.beat(core.claims)])
  }

  @Test("refused checkpoints are in every claim, and no other is claimed instead")
  func refused() {
    let refused = [RefusedCheckpoint(digest: checkpoint(20).digest, reason: "found nan")]
    var core = training(from: checkpoint(20))
    #expect(core.claims.map(\.refusedCheckpoints) == [[]])
    // The process refuses a checkpoint that the fetch had accepted.
    _ = core.handle(
      .trialBegan(work, TrialBeginning(step: 0, refusals: ["found nan"])), at: .zero)
    #expect(core.claims.map(\.refusedCheckpoints) == [refused])
    #expect(core.claims.map(\.checkpoint) == [nil])
    // Or the fetch refuses it and gives the previous one.
    var other = WorkerCore(
      slots: 1, exitsWhenIdle: false, patience: .seconds(3600), held: [], at: .zero)
    _ = other.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)), at: .zero)
    _ = other.handle(.assigned(assignment(work)), at: .zero)
    _ = other.handle(.imagesReady(work), at: .zero)
    _ = other.handle(
      .checkpointReady(
        work, FetchedCheckpoint(file: "checkpoint", stored: checkpoint(10)),
        refusals: ["step 20: found nan"], refused: refused), at: .zero)
    _ = other.handle(.trialBegan(work, TrialBeginning(step: 10)), at: .zero)
    #expect(other.claims.map(\.refusedCheckpoints) == [refused])
    #expect(other.claims.map(\.checkpoint) == [checkpoint(10)])
  }

  @Test(
    "divergence after a resume from this host's own checkpoint does not count against the trial")
  func divergedFromOwn() {
    let divergence = TrialFailure(
      cause: .notANumber, message: "step 21: nan",
      divergence: Divergence(step: 21, stateDigest: Digest.of("state")))
    for (stored, cause) in [(nil, FailureCause.lost), (checkpoint(20), .notANumber)] {
      var core = WorkerCore(
        slots: 1, exitsWhenIdle: false, patience: .seconds(3600), held: [], at: .zero)
      _ = core.handle(
        .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)), at: .zero)
      _ = core.handle(.assigned(assignment(work)), at: .zero)
      _ = core.handle(.imagesReady(work), at: .zero)
      _ = core.handle(
        .checkpointReady(
          work, FetchedCheckpoint(file: "checkpoint", stored: stored), refusals: []), at: .zero)
      _ = core.handle(.trialBegan(work, TrialBeginning(step: 20)), at: .zero)
      _ = core.handle(.checkpointWritten(work, written(30)), at: .zero)
      let ended = core.handle(.trialFailed(work, divergence), at: .zero)
      // Its later checkpoints cannot be used either.
      #expect(ended.contains(.handBack(work, nil)), "\(ended)")
      let effects = core.handle(.handedBack(work, HandBack()), at: .zero)
      let causes = effects.compactMap { effect -> FailureCause? in
        if case .sendFailure(_, _, let failure, _) = effect { failure.cause } else { nil }
      }
      #expect(causes == [cause])
    }
  }

  @Test("while one is sent, newer ones supersede each other and only the newest follows")
  func superseded() {
    var core = training()
    _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
    #expect(core.handle(.checkpointWritten(work, written(11)), at: .zero).isEmpty)
    #expect(core.handle(.checkpointWritten(work, written(12)), at: .zero).isEmpty)
    let effects = core.handle(
      .checkpointStored(work, checkpoint(10), took: .zero), at: .seconds(1))
    #expect(effects.last == .uploadCheckpoint(work, written(12)))
  }

  @Test("after an upload, checkpoints pause for three times its duration, at most four minutes")
  func rest() {
    func nextUpload(took duration: Duration) -> Int? {
      var core = training()
      _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
      _ = core.handle(.checkpointStored(work, checkpoint(10), took: duration), at: .zero)
      _ = core.handle(.checkpointWritten(work, written(11)), at: .zero)
      return (0...300).first { second in
        _ = core.handle(.coordinatorBeat, at: .seconds(second))
        _ = core.handle(.trialProgressed(work, progress(second)), at: .seconds(second))
        return core.handle(.clockTicked, at: .seconds(second)).contains(
          .uploadCheckpoint(work, written(11)))
      }
    }
    #expect(nextUpload(took: .zero) == nil)
    #expect(nextUpload(took: .seconds(10)) == 30)
    #expect(nextUpload(took: .seconds(200)) == 240)
  }

  @Test("of two trials the one whose checkpoint was stored longer ago is next")
  func turns() {
    var core = training(two: true)
    _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
    _ = core.handle(.checkpointWritten(other, written(1)), at: .zero)
    _ = core.handle(.checkpointWritten(work, written(11)), at: .zero)
    #expect(
      core.handle(.checkpointStored(work, checkpoint(10), took: .zero), at: .seconds(1)).last
        == .uploadCheckpoint(other, written(1)))
    #expect(
      core.handle(.checkpointStored(other, checkpoint(1), took: .zero), at: .seconds(2)).last
        == .uploadCheckpoint(work, written(11)))
  }

  @Test(
    "a failed upload of a checkpoint, or its successor, is retried soon, then less often")
  func notStored() {
    var core = training()
    func pause(before time: Duration) -> Bool {
      _ = core.handle(.coordinatorBeat, at: time)
      return !core.handle(.clockTicked, at: time).contains(.uploadCheckpoint(work, written(11)))
    }
    _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
    _ = core.handle(.checkpointNotStored(work, reason: "away"), at: .zero)
    #expect(core.handle(.checkpointWritten(work, written(11)), at: .milliseconds(900)).isEmpty)
    #expect(!pause(before: .seconds(1)))
    _ = core.handle(.checkpointNotStored(work, reason: "no room"), at: .seconds(1))
    #expect(pause(before: .milliseconds(2900)))
    #expect(!pause(before: .seconds(3)))
    var now = Duration.seconds(3)
    for _ in 0..<8 {
      _ = core.handle(.checkpointNotStored(work, reason: "no room"), at: now)
      now += .seconds(30)
      #expect(!pause(before: now))
    }
    _ = core.handle(.checkpointNotStored(work, reason: "no room"), at: now)
    #expect(pause(before: now + .seconds(29)))
  }

  @Test("a new connection is announced at once, with all claims")
  func connectedAnew() {
    var core = training()
    #expect(core.handle(.connected, at: .seconds(1)) == [.announce(core.claims)])
    #expect(!core.claims.isEmpty)
  }

  @Test(
    "a trial starts from the fetched checkpoint, claims it, and reports why others could not be used"
  )
  func resumed() {
    var core = training()
    let assignment = assignment(other, checkpoints: [point(checkpoint(20)), point(checkpoint(10))])
    _ = core.handle(.assigned(assignment), at: .zero)
    _ = core.handle(.imagesReady(other), at: .zero)
    let fetched = FetchedCheckpoint(file: "checkpoint-10", stored: checkpoint(10))
    #expect(
      core.handle(.checkpointReady(other, fetched, refusals: ["torn"]), at: .zero) == [
        .notify("trial \(other.trial): checkpoint not usable: torn"),
        .startTrial(other, assignment, from: fetched, threads: 1),
      ])
    #expect(core.claims.map(\.checkpoint) == [nil, checkpoint(10)])
  }

  @Test("a stopping worker hands back with the last checkpoint, says goodbye and ends")
  func draining() {
    var core = training()
    #expect(core.handle(.stopRequested(reason: "SIGTERM"), at: .zero).contains(.drainTrial(work)))
    #expect(core.handle(.checkpointWritten(work, written(20)), at: .zero).isEmpty)
    #expect(
      core.handle(.trialFailed(work, stopped), at: .seconds(1)).last
        == .handBack(work, written(20)))
    #expect(core.claims.count == 1)
    let left = HandBack(
      checkpoint: checkpoint(20),
      log: Artifact(kind: .log, digest: Digest.of("log"), byteCount: 3))
    #expect(
      core.handle(.handedBack(work, left), at: .seconds(2)) == [
        .sendFailure(trial: trial, attempt: 1, stopped, left), .discard(work),
        .notify("the worker ends"), .sayGoodbye(reason: "SIGTERM"), .exit(.stopped),
      ])
  }

  @Test("a leaving worker says so before it hands back, so that it gets no more trials")
  func leaving() throws {
    var core = training()
    #expect(core.obstacle == nil)
    let effects = core.handle(.stopRequested(reason: "SIGTERM"), at: .zero)
    let beat = effects.firstIndex { if case .beat = $0 { true } else { false } }
    let drain = effects.firstIndex(of: .drainTrial(work))
    #expect(try #require(beat) < #require(drain))
    #expect(core.obstacle == "it leaves: SIGTERM")
  }

  @Test("the coordinator's drain request acts like a signal, but never ends a drain early")
  func drainDirective() {
    var core = training()
    #expect(core.handle(.drainRequested(reason: "why"), at: .zero).contains(.drainTrial(work)))
    #expect(core.handle(.drainRequested(reason: "why"), at: .zero).isEmpty)
    #expect(core.handle(.stopRequested(reason: "now"), at: .zero).last == .exit(.stopped))
  }

  @Test("a drain ends after its grace; with nothing in progress it waits at most 5 s")
  func drainGrace() {
    var core = training()
    _ = core.handle(.stopRequested(reason: "SIGTERM"), at: .zero)
    #expect(!core.handle(.clockTicked, at: .seconds(59)).contains(.exit(.stopped)))
    #expect(core.handle(.clockTicked, at: .seconds(60)).contains(.exit(.stopped)))

    var reporting = training()
    _ = reporting.handle(.trialFinished(work, Samples.spooled), at: .zero)
    _ = reporting.handle(.artifactsUploaded(work), at: .zero)
    _ = reporting.handle(.stopRequested(reason: "SIGTERM"), at: .zero)
    #expect(!reporting.handle(.clockTicked, at: .seconds(4)).contains(.exit(.stopped)))
    #expect(reporting.handle(.clockTicked, at: .seconds(5)).contains(.exit(.stopped)))
  }

  @Test("a worker whose parent process ends leaves its checkpoints for a later worker")
  func leftAlone() {
    var core = training()
    _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
    #expect(core.handle(.supervisorEnded, at: .zero).contains(.drainTrial(work)))
    let effects = core.handle(.trialFailed(work, stopped), at: .zero)
    #expect(effects.last == .exit(.stopped))
    #expect(!effects.contains(.discard(work)))
  }

  @Test("a failure hands back what the next attempt can use, once there is a connection")
  func failure() {
    var core = training()
    _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
    _ = core.handle(.clockTicked, at: .seconds(61))
    let killed = TrialFailure(cause: .signal, message: "signal 11")
    let effects = core.handle(.trialFailed(work, killed), at: .seconds(62))
    #expect(!effects.contains(.handBack(work, written(10))))
    #expect(
      core.handle(
        .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)),
        at: .seconds(70)
      ).contains(.handBack(work, written(10))))
  }

  @Test(
    "a checkpoint from which the same failure would follow is not handed back",
    arguments: [FailureCause.notANumber, .refused])
  func deterministicFailure(cause: FailureCause) {
    var core = training()
    _ = core.handle(.checkpointWritten(work, written(10)), at: .zero)
    let failure = TrialFailure(cause: cause, message: "")
    #expect(core.handle(.trialFailed(work, failure), at: .zero).last == .handBack(work, nil))
  }

  @Test("a trial that takes no step for its stall timeout is ended with cause timeout")
  func stalled() throws {
    var core = training()
    func isKilled(at second: Int) -> Bool {
      core.handle(.clockTicked, at: .seconds(second)).contains(.killTrial(work))
    }
    for second in stride(from: 0, through: 96, by: 4) { #expect(!isKilled(at: second)) }
    _ = core.handle(.trialProgressed(work, progress(5)), at: .seconds(97))
    // A repeated step is no progress.
    _ = core.handle(.trialProgressed(work, progress(5)), at: .seconds(150))
    for second in stride(from: 98, through: 194, by: 4) { #expect(!isKilled(at: second)) }
    #expect(isKilled(at: 198))
    let killed = TrialFailure(cause: .signal, message: "signal 9")
    _ = core.handle(.trialFailed(work, killed), at: .seconds(199))
    guard
      case .sendFailure(_, _, let failure, _) = try #require(
        core.handle(.handedBack(work, HandBack()), at: .seconds(200)).first)
    else {
      Issue.record("expected a failure")
      return
    }
    #expect(failure.cause == .timeout)
    #expect(failure.message == "no step for 100 s after step 5 of 30")
  }

  @Test("time in which the worker was suspended does not count against a trial")
  func suspended() {
    var core = training()
    _ = core.handle(.clockTicked, at: .seconds(1))
    #expect(!core.handle(.clockTicked, at: .seconds(601)).contains(.killTrial(work)))
    #expect(!core.handle(.clockTicked, at: .seconds(602)).contains(.killTrial(work)))
  }
}
