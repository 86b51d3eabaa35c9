import Coordination
import Testing
import Trials

@testable import CoordinatorService

@Suite("What people are told of trials")
struct NoticeTextTests {
  private let trial = TrialID(rawValue: 7)
  private let worker = WorkerID("w")

  private func text(_ notice: Notice) -> String {
    notice.text { trial, isTyped in isTyped ? "τ = 8 (\(trial))" : "τ = 8" }
  }

  @Test("a thousand routine lines hide no warning, and omitted lines are counted")
  func limited() {
    var limiter = NoticeLimiter()
    let (news, warning) = (
      Notice.workerUnhindered(worker), Notice.workerHindered(worker, obstacle: "full")
    )
    let now = Instant(sinceStart: .seconds(5))
    let allowed = (0..<1000).count { _ in limiter.allows(news, at: now) }
    #expect(allowed > 0 && allowed < 1000)
    let isWarned = limiter.allows(warning, at: now)
    let (first, second) = (limiter.summary(), limiter.summary())
    let isNewsAgain = limiter.allows(news, at: Instant(sinceStart: .seconds(6)))
    #expect(isWarned && isNewsAgain)
    #expect(first?.hasPrefix("\(1000 - allowed) more lines") == true)
    #expect(second == nil)
  }

  @Test("successes name a trial by its varying values, failures by its identity too")
  func names() {
    #expect(text(.trialStarted(trial, attempt: 1, worker)) == "trial τ = 8 started on w")
    #expect(text(.trialCompleted(trial, worker)) == "trial τ = 8 complete, by w")
    let failure = TrialFailure(cause: .timeout, message: "m")
    #expect(
      text(.attemptEnded(trial, attempt: 2, failure))
        == "trial τ = 8 (t0000000000000007), attempt 2, ended without a result (timeout): m")
    #expect(
      text(.trialFailed(trial, failure)) == "trial τ = 8 (t0000000000000007) failed (timeout): m")
  }
}
