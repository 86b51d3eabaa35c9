import Digests
import Testing
import Trials

@testable import WorkerService

@Suite("The worker's decisions")
struct WorkerCoreTests {
  private let trial = TrialID(rawValue: 7)

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

  private func order(_ trial: UInt64 = 7, attempt: Int = 1) -> WorkOrder {
    WorkOrder(
      sweep: "s", trial: TrialID(rawValue: trial), attempt: attempt,
      configuration: Samples.configuration, images: Digest.of("images"), imagesByteCount: 6)
  }

  @Test("a worker announces itself until it is welcomed, then beats")
  func announcing() {
    var core = core()
    #expect(core.handle(.clockTicked, at: .zero) == [.announce([])])
    #expect(core.handle(.clockTicked, at: .seconds(1)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(2)) == [.announce([])])
    _ = core.handle(welcome("s"), at: .seconds(2))
    #expect(core.handle(.clockTicked, at: .seconds(3)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(7)) == [.beat([])])
  }

  @Test("an order fetches the images, then trains; a repeated order changes nothing")
  func order() {
    var core = joined()
    #expect(core.handle(.assigned(order()), at: .zero) == [.fetchImages(order())])
    #expect(core.handle(.assigned(order()), at: .zero).isEmpty)
    #expect(core.handle(.imagesReady(trial: trial), at: .zero) == [.startTrial(order())])
    #expect(core.claims == [WorkClaim(trial: trial, attempt: 1, progress: nil)])
  }

  @Test("a newer attempt at what is already running only changes the number")
  func renumbered() {
    var core = joined()
    _ = core.handle(.assigned(order()), at: .zero)
    _ = core.handle(.imagesReady(trial: trial), at: .zero)
    #expect(core.handle(.assigned(order(attempt: 3)), at: .zero).isEmpty)
    #expect(core.claims.map(\.attempt) == [3])
    // The order to abandon the older attempt comes late and does not concern the newer one.
    #expect(
      core.handle(.abandoned(trial: trial, attempt: 1, reason: "late"), at: .zero).isEmpty)
  }

  @Test("a trial beyond the slots is handed back uncharged")
  func overbooked() throws {
    var core = joined(slots: 1)
    _ = core.handle(.assigned(order()), at: .zero)
    let effects = core.handle(.assigned(order(8)), at: .zero)
    guard case .sendFailure(_, 1, let failure) = try #require(effects.first) else {
      Issue.record("expected a failure, found \(effects)")
      return
    }
    #expect(!failure.cause.chargesTrial)
  }

  @Test("a result is uploaded, reported until acknowledged, and only then deleted")
  func delivery() {
    var core = joined()
    _ = core.handle(.assigned(order()), at: .zero)
    _ = core.handle(.imagesReady(trial: trial), at: .zero)
    let result = Samples.result
    #expect(
      core.handle(.trialFinished(trial: trial, result), at: .seconds(1))
        .contains(.upload(trial: trial, result.artifacts)))
    let report = WorkerEffect.sendResult(trial: trial, attempt: 1, result)
    #expect(core.handle(.artifactsUploaded(trial: trial), at: .seconds(2)) == [report])
    #expect(core.handle(.clockTicked, at: .seconds(13)).contains(report))
    // An order to abandon the attempt does not drop finished work.
    #expect(core.handle(.abandoned(trial: trial, attempt: 1, reason: ""), at: .seconds(14)).isEmpty)
    #expect(core.handle(.clockTicked, at: .seconds(24)).contains(report))
    #expect(
      core.handle(.acknowledged(trial: trial, attempt: 1), at: .seconds(25)) == [.discard(trial)])
    #expect(core.claims.isEmpty)
  }

  @Test("artifacts that the coordinator lacks are uploaded again")
  func wantedAgain() {
    var core = joined()
    _ = core.handle(.assigned(order()), at: .zero)
    _ = core.handle(.imagesReady(trial: trial), at: .zero)
    _ = core.handle(.trialFinished(trial: trial, Samples.result), at: .zero)
    _ = core.handle(.artifactsUploaded(trial: trial), at: .zero)
    #expect(
      core.handle(.artifactsWanted(trial: trial), at: .zero)
        == [.upload(trial: trial, Samples.result.artifacts)])
  }

  @Test("training goes on while the coordinator is silent, and its result waits for it")
  func outage() {
    var core = joined()
    _ = core.handle(.assigned(order()), at: .zero)
    _ = core.handle(.imagesReady(trial: trial), at: .zero)
    let effects = core.handle(.clockTicked, at: .seconds(61))
    #expect(effects.contains(.announce(core.claims)))
    #expect(!effects.contains(.stopTrial(trial)))
    let finish = core.handle(.trialFinished(trial: trial, Samples.result), at: .seconds(70))
    #expect(!finish.contains(.upload(trial: trial, Samples.result.artifacts)))
    #expect(
      core.handle(welcome("s"), at: .seconds(90))
        .contains(.upload(trial: trial, Samples.result.artifacts)))
  }

  @Test("results of an earlier process go to the coordinator of their sweep and to no other")
  func held() {
    let held = HeldResult(sweep: "s", trial: trial, attempt: 4, result: Samples.result)
    var stranger = core(held: [held])
    #expect(!stranger.handle(welcome("other"), at: .zero).contains(.upload(trial: trial, [])))
    #expect(stranger.claims.isEmpty)
    _ = stranger.handle(welcome("s"), at: .zero)
    #expect(
      stranger.handle(.clockTicked, at: .seconds(1))
        .contains(.upload(trial: trial, Samples.result.artifacts)))
    var own = core(held: [held])
    #expect(
      own.handle(welcome("s"), at: .zero).contains(.upload(trial: trial, Samples.result.artifacts)))
    #expect(own.claims.map(\.attempt) == [4])
  }

  @Test("stopping hands running trials back, says goodbye and ends")
  func stopping() {
    var core = joined()
    _ = core.handle(.assigned(order()), at: .zero)
    _ = core.handle(.imagesReady(trial: trial), at: .zero)
    #expect(core.handle(.stopRequested(reason: "SIGTERM"), at: .zero).contains(.stopTrial(trial)))
    let failure = TrialFailure(cause: .stopped, message: "stopped")
    let effects = core.handle(.trialFailed(trial: trial, failure), at: .seconds(1))
    #expect(effects.contains(.sendFailure(trial: trial, attempt: 1, failure)))
    #expect(effects.suffix(2) == [.sayGoodbye(reason: "SIGTERM"), .exit(.stopped)])
  }

  @Test("an abandoned attempt is stopped, deleted and not reported")
  func abandoning() {
    var core = joined()
    _ = core.handle(.assigned(order()), at: .zero)
    _ = core.handle(.imagesReady(trial: trial), at: .zero)
    #expect(
      core.handle(.abandoned(trial: trial, attempt: 1, reason: "lost"), at: .zero)
        .contains(.stopTrial(trial)))
    #expect(
      core.handle(.trialFinished(trial: trial, Samples.result), at: .zero) == [.discard(trial)])
    #expect(core.claims.isEmpty)
  }

  @Test("an idle worker that hears of no coordinator for long ends by itself")
  func patience() {
    var core = core()
    #expect(!core.handle(.clockTicked, at: .seconds(3599)).contains(.exit(.abandoned)))
    #expect(core.handle(.clockTicked, at: .seconds(3601)).contains(.exit(.abandoned)))
  }

  @Test("a worker that nobody answers says so, but not all the time")
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
      core.handle(.sweepEnded(reason: "done"), at: .zero).last == .exit(.sweepEnded))
  }
}
