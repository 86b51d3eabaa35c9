import Digests
import TestSupport
import Testing
import Trials

@testable import Supervision

@Suite("The worker's decisions")
struct WorkerCoreTests {
  private let trial = TrialID(rawValue: 7)
  private let work = WorkID(sweep: "s", trial: TrialID(rawValue: 7), launch: 1)

  private func core(slots: Int = 2, held: [HeldResult] = []) -> WorkerCore {
    WorkerCore(
      slots: slots, exitsWhenIdle: false, patience: .seconds(3600), held: held, at: .zero)
  }

  private func joined(slots: Int = 2, held: [HeldResult] = []) -> WorkerCore {
    var core = core(slots: slots, held: held)
    _ = core.handle(.clockTicked, at: .zero)
    _ = core.handle(welcome("s"), at: .zero)
    return core
  }

  private func welcome(_ sweep: String) -> WorkerEvent {
    .welcomed(sweep: sweep, heartbeatInterval: .seconds(5), lostAfter: .seconds(60))
  }

  /// A core that trains trial 7 as ``work``.
  private func training(slots: Int = 2, checkpoints: [ResumePoint] = []) -> WorkerCore {
    var core = joined(slots: slots)
    _ = core.handle(.assigned(assignment(checkpoints: checkpoints)), at: .zero)
    _ = core.handle(.imagesReady(work), at: .zero)
    _ = core.handle(.checkpointReady(work, nil, refusals: []), at: .zero)
    return core
  }

  private func assignment(
    _ trial: UInt64 = 7, attempt: Int = 1, checkpoints: [ResumePoint] = []
  ) -> Assignment {
    Assignment(
      sweep: "s", trial: TrialID(rawValue: trial), attempt: attempt,
      configuration: Samples.configuration, images: Digest.of("images"), imagesByteCount: 6,
      checkpoints: checkpoints)
  }

  @Test("a worker announces itself until it is welcomed, then sends heartbeats")
  func announcing() {
    var core = core()
    #expect(core.handle(.clockTicked, at: .zero) == [.announce([])])
    #expect(core.handle(.clockTicked, at: .seconds(1)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(2)) == [.announce([])])
    _ = core.handle(welcome("s"), at: .seconds(2))
    #expect(core.handle(.clockTicked, at: .seconds(3)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(7)) == [.beat([])])
  }

  @Test("a repeated welcome does not postpone the next heartbeat")
  func welcomedAgain() {
    var core = joined()
    _ = core.handle(welcome("s"), at: .seconds(4))
    #expect(core.handle(.clockTicked, at: .seconds(5)) == [.beat([])])
  }

  @Test("an assignment before the welcome is ignored, since it cannot be claimed")
  func overtaken() {
    let held = HeldResult(work: work, attempt: 1, result: Samples.spooled)
    var core = core(held: [held])
    #expect(core.handle(.assigned(assignment(attempt: 2)), at: .zero).isEmpty)
    _ = core.handle(welcome("s"), at: .seconds(1))
    #expect(core.claims.map(\.attempt) == [1])
    #expect(core.handle(.assigned(assignment(attempt: 2)), at: .seconds(2)).isEmpty)
    #expect(core.claims.map(\.attempt) == [2])
    #expect(core.handle(.assigned(assignment(8)), at: .seconds(2)).count == 1)
  }

  @Test("an assignment fetches images and checkpoint, then trains; a repetition changes nothing")
  func assignment() {
    var core = joined()
    #expect(core.handle(.assigned(assignment()), at: .zero) == [.fetchImages(work, assignment())])
    #expect(core.handle(.assigned(assignment()), at: .zero).isEmpty)
    #expect(core.handle(.imagesReady(work), at: .zero) == [.fetchCheckpoint(work, assignment())])
    #expect(
      core.handle(.checkpointReady(work, nil, refusals: []), at: .zero)
        == [.startTrial(work, assignment(), from: nil, threads: 1)])
    #expect(core.claims == [AttemptClaim(trial: trial, attempt: 1, threads: 1)])
  }

  @Test("a newer attempt at what is already running only changes the number")
  func renumbered() {
    var core = training()
    #expect(core.handle(.assigned(assignment(attempt: 3)), at: .zero).isEmpty)
    #expect(core.claims.map(\.attempt) == [3])
    // A late directive to abandon the older attempt does not affect the newer one.
    #expect(
      core.handle(.abandoned(trial: trial, attempt: 1, reason: "late"), at: .zero).isEmpty)
  }

  @Test("a trial beyond the slots is handed back, without a counted failure")
  func overbooked() throws {
    var core = joined(slots: 1)
    _ = core.handle(.assigned(assignment()), at: .zero)
    let effects = core.handle(.assigned(assignment(8)), at: .zero)
    guard case .sendFailure(_, 1, let failure, _) = try #require(effects.first) else {
      Issue.record("expected a failure, found \(effects)")
      return
    }
    #expect(!failure.cause.chargesTrial)
  }

  @Test("a result is uploaded, reported until acknowledged, and only then deleted")
  func delivery() {
    var core = training()
    let result = Samples.spooled
    #expect(
      core.handle(.trialFinished(work, result), at: .seconds(1))
        .contains(.upload(work, result)))
    let report = WorkerEffect.sendResult(trial: trial, attempt: 1, result)
    #expect(core.handle(.artifactsUploaded(work), at: .seconds(2)) == [report])
    #expect(core.handle(.clockTicked, at: .seconds(13)).contains(report))
    // A directive to abandon the attempt does not drop finished work.
    #expect(core.handle(.abandoned(trial: trial, attempt: 1, reason: ""), at: .seconds(14)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(24)).contains(report))
    #expect(
      core.handle(.acknowledged(trial: trial, attempt: 1), at: .seconds(25)) == [.discard(work)])
    #expect(core.claims.isEmpty)
  }

  @Test("artifacts that the coordinator lacks are uploaded again")
  func wantedAgain() {
    var core = training()
    _ = core.handle(.trialFinished(work, Samples.spooled), at: .zero)
    _ = core.handle(.artifactsUploaded(work), at: .zero)
    #expect(
      core.handle(.artifactsWanted(trial: trial, digests: [Digest.of("model")]), at: .zero)
        == [.upload(work, Samples.spooled)])
  }

  @Test("training continues while the coordinator is silent, and the result waits for it")
  func outage() {
    var core = training()
    let effects = core.handle(.clockTicked, at: .seconds(61))
    #expect(effects.contains(.announce(core.claims)))
    #expect(!effects.contains(.killTrial(work)) && !effects.contains(.drainTrial(work)))
    let finish = core.handle(.trialFinished(work, Samples.spooled), at: .seconds(70))
    #expect(!finish.contains(.upload(work, Samples.spooled)))
    #expect(
      core.handle(welcome("s"), at: .seconds(90))
        .contains(.upload(work, Samples.spooled)))
  }

  @Test("results of an earlier process go to the coordinator of their sweep and to no other")
  func held() {
    let held = HeldResult(work: work, attempt: 4, result: Samples.spooled)
    var stranger = core(held: [held])
    #expect(
      !stranger.handle(welcome("other"), at: .zero)
        .contains(.upload(work, Samples.spooled)))
    #expect(stranger.claims.isEmpty)
    _ = stranger.handle(welcome("s"), at: .zero)
    #expect(
      stranger.handle(.clockTicked, at: .seconds(1))
        .contains(.upload(work, Samples.spooled)))
    var own = core(held: [held])
    #expect(
      own.handle(welcome("s"), at: .zero).contains(.upload(work, Samples.spooled)))
    #expect(own.claims.map(\.attempt) == [4])
  }

  @Test("the same trial of two sweeps is two works, which end separately")
  func twoSweeps() throws {
    let held = HeldResult(work: work, attempt: 4, result: Samples.spooled)
    var core = core(held: [held])
    _ = core.handle(welcome("other"), at: .zero)
    var assignment = self.assignment(7)
    assignment.sweep = "other"
    let second = WorkID(sweep: "other", trial: trial, launch: 2)
    #expect(core.handle(.assigned(assignment), at: .zero) == [.fetchImages(second, assignment)])
    #expect(core.claims == [AttemptClaim(trial: trial, attempt: 1, threads: 1)])
    // The end of one deletes only its own files.
    #expect(
      core.handle(.acknowledged(trial: trial, attempt: 9), at: .zero).contains(.discard(second)))
    // The other's result is kept for its sweep.
    #expect(
      core.handle(welcome("s"), at: .zero).isEmpty)
    #expect(core.claims.map(\.attempt) == [4])
  }

  @Test("events of a run that was given up do not affect a later run of the same trial")
  func lateEnd() {
    var core = training()
    _ = core.handle(welcome("other"), at: .zero)
    _ = core.handle(welcome("s"), at: .zero)
    let second = WorkID(sweep: "s", trial: trial, launch: 2)
    _ = core.handle(.assigned(assignment(attempt: 2)), at: .zero)
    let failure = TrialFailure(cause: .signal, message: "killed")
    #expect(core.handle(.trialFailed(work, failure), at: .zero) == [.discard(work)])
    #expect(core.claims == [AttemptClaim(trial: trial, attempt: 2, threads: 1)])
    #expect(core.handle(.imagesReady(second), at: .zero).count == 1)
  }

  @Test("an abandoned attempt is killed, deleted and not reported")
  func abandoning() {
    var core = training()
    #expect(
      core.handle(.abandoned(trial: trial, attempt: 1, reason: "lost"), at: .zero)
        .contains(.killTrial(work)))
    #expect(core.claims.isEmpty)
    #expect(core.handle(.trialFinished(work, Samples.spooled), at: .zero) == [.discard(work)])
  }

  @Test("a worker with a full disk takes no trials until there is space, and reports it at once")
  func diskFull() throws {
    var core = joined()
    #expect(core.handle(.diskMeasured(freeByteCount: 1 << 40), at: .zero).isEmpty)
    #expect(core.obstacle == nil)
    let full = core.handle(.diskMeasured(freeByteCount: 1 << 20), at: .zero)
    let obstacle = try #require(core.obstacle)
    #expect(full == [.notify(obstacle), .beat([])])
    guard
      case .sendFailure(_, _, let failure, _) = try #require(
        core.handle(.assigned(assignment()), at: .seconds(1)).first)
    else {
      Issue.record("expected a failure")
      return
    }
    #expect(failure.cause == .diskFull)
    #expect(core.handle(.diskMeasured(freeByteCount: 100 << 20), at: .seconds(10)).isEmpty)
    #expect(core.obstacle == obstacle)
    #expect(
      core.handle(.diskMeasured(freeByteCount: 200 << 20), at: .seconds(20)).last == .beat([]))
    #expect(core.obstacle == nil)
    #expect(
      core.handle(.assigned(assignment()), at: .seconds(21)) == [.fetchImages(work, assignment())])
    // A failure for lack of space overrides the measured free space.
    let failed = core.handle(
      .preparationFailed(work, TrialFailure(cause: .diskFull, message: "")), at: .seconds(22))
    // The coordinator learns of the obstacle before it can assign the trial again.
    let beat = failed.firstIndex { if case .beat = $0 { true } else { false } }
    let report = failed.firstIndex { if case .sendFailure = $0 { true } else { false } }
    #expect(try #require(beat) < (try #require(report)))
    #expect(core.handle(.diskMeasured(freeByteCount: 1 << 40), at: .seconds(30)).isEmpty)
    #expect(
      core.handle(.diskMeasured(freeByteCount: 1 << 40), at: .seconds(83)).last == .beat([]))
  }

  @Test("an idle worker exits after a long time without a coordinator")
  func patience() {
    var core = core()
    #expect(!core.handle(.clockTicked, at: .seconds(3599)).contains(.exit(.abandoned)))
    #expect(core.handle(.clockTicked, at: .seconds(3601)).contains(.exit(.abandoned)))
  }

  @Test("patience shorter than the timeout of the coordinator ends with that timeout")
  func shortPatience() {
    var core = WorkerCore(
      slots: 1, exitsWhenIdle: false, patience: .seconds(10), held: [], at: .zero)
    _ = core.handle(welcome("s"), at: .zero)
    for second in stride(from: 5, to: 60, by: 5) {
      #expect(core.handle(.clockTicked, at: .seconds(second)) == [.beat([])])
    }
    #expect(core.handle(.clockTicked, at: .seconds(60)).last == .exit(.abandoned))
  }

  @Test("a worker without an answer logs that, but not all the time")
  func reminder() {
    var core = core()
    func isReminded(at seconds: Int) -> Bool {
      core.handle(.clockTicked, at: .seconds(seconds)).contains {
        if case .notify(let text) = $0 { text.contains("still trying") } else { false }
      }
    }
    #expect([9, 10, 11, 69, 70, 71].filter(isReminded) == [10, 70])
  }

  @Test("the end of the sweep ends a worker started for it")
  func sweepEnded() {
    var core = WorkerCore(
      slots: 1, exitsWhenIdle: true, patience: .seconds(1), held: [], at: .zero)
    _ = core.handle(welcome("s"), at: .zero)
    #expect(
      core.handle(.sweepEnded(reason: "done"), at: .zero).suffix(3) == [
        .notify("the worker ends"), .sayGoodbye(reason: "done"), .exit(.sweepEnded),
      ])
  }
}
