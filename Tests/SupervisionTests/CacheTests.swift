import Digests
import TestSupport
import Testing
import Trials

@testable import Supervision

@Suite("A worker's cache that is deleted")
struct CacheTests {
  private let work = WorkID(sweep: "s", trial: TrialID(rawValue: 7), launch: 1)
  private let loss = TrialFailure(
    cause: .stopped, message: "the trial's folder was removed from the worker's cache")

  private func training() -> WorkerCore {
    var core = WorkerCore(
      slots: 1, exitsWhenIdle: false, patience: .seconds(3600), held: [], at: .zero)
    _ = core.handle(
      .welcomed(sweep: "s", heartbeatInterval: .seconds(5), lostAfter: .seconds(60)), at: .zero)
    _ = core.handle(.assigned(assignment(7)), at: .zero)
    _ = core.handle(.imagesReady(work), at: .zero)
    _ = core.handle(.checkpointReady(work, nil, refusals: []), at: .zero)
    return core
  }

  private func assignment(_ trial: UInt64) -> Assignment {
    Assignment(
      sweep: "s", trial: TrialID(rawValue: trial), attempt: 1,
      configuration: Samples.configuration, images: Digest.of("images"), imagesByteCount: 6)
  }

  @Test("a running trial without its folder is ended and handed back, without a counted failure")
  func running() {
    var core = training()
    #expect(core.handle(.folderLost(work), at: .seconds(1)) == [.killTrial(work)])
    let killed = TrialFailure(cause: .signal, message: "ended by signal 9")
    let effects = core.handle(.trialFailed(work, killed), at: .seconds(1))
    #expect(effects.contains(.handBack(work, nil)))
    #expect(
      core.handle(.handedBack(work, HandBack()), at: .seconds(1)).contains(
        .sendFailure(trial: work.trial, attempt: 1, loss, HandBack())))
  }

  @Test("a result whose files are gone before the coordinator has them is given up at once")
  func uploading() {
    var core = training()
    _ = core.handle(.trialFinished(work, Samples.spooled), at: .seconds(1))
    #expect(
      core.handle(.folderLost(work), at: .seconds(2)).contains(
        .sendFailure(trial: work.trial, attempt: 1, loss, HandBack())))
    #expect(core.claims.isEmpty)
  }

  @Test("an unusable cache keeps trials from starting, and is reported once")
  func unusable() {
    var core = training()
    let obstacle = "its cache cannot be used: /c: gone; no trial begins before it can"
    #expect(
      core.handle(.cacheChecked(trouble: "/c: gone"), at: .seconds(1)).first == .notify(obstacle))
    #expect(core.obstacle == obstacle)
    #expect(core.handle(.cacheChecked(trouble: "/c: gone"), at: .seconds(2)).isEmpty)
    #expect(
      core.handle(.assigned(assignment(8)), at: .seconds(2)) == [
        .sendFailure(
          trial: TrialID(rawValue: 8), attempt: 1,
          TrialFailure(cause: .stopped, message: obstacle), HandBack())
      ])
    #expect(
      core.handle(.cacheChecked(trouble: nil), at: .seconds(3)).first
        == .notify("its cache can be used again"))
    #expect(core.obstacle == nil)
  }
}
