import Coordination
import SimulatedCluster
import Testing
import Trials

/// Requests of people while a sweep runs.
@Suite("Scenarios: people")
struct PeopleScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)
  let child = SimulatedSweep.child(of: SimulatedSweep.baseline(seed: 1), seed: 3)

  @Test("a cancelled trial is cancelled on every worker, and its children cannot run")
  func cancel() throws {
    var script = try Script([a, child, b])
    script.resume()
    script.announce("w1")
    let effects = script.handle(.cancelRequested(trials: [a.id], reason: "wrong data"))
    let failure = TrialFailure(
      cause: .stopped, message: "a person stopped the trial: wrong data")
    #expect(
      effects.records.prefix(3) == [
        .attemptEnded(trial: a.id, attempt: 1, failure: failure),
        .trialStopped(trial: a.id, reason: "wrong data"),
        .trialFailed(
          trial: child.id,
          failure: TrialFailure(
            cause: .parentFailed,
            message: "it needs a result of trial \(a.id), which was stopped")),
      ])
    #expect(
      effects.sent(to: "w1").first
        == .abandon(trial: a.id, attempt: 1, reason: failure.message))
    #expect(script.coordinator.explanation(of: a.id)?.reason == .stopped(reason: "wrong data"))
    #expect(script.coordinator.explanation(of: child.id)?.reason == .parentFailed(a.id))
    #expect(script.finish(b, on: "w1").ending == .completeWithFailures(count: 2))
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("a late result of a cancelled trial still counts")
  func lateResult() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1")
    script.handle(.cancelRequested(trials: [a.id], reason: ""))
    script.finish(a, on: "w1")
    #expect(script.coordinator.standing(of: a.id)?.status == .complete)
  }

  @Test("a retried trial also retries the parents that it needs, and resumes from its checkpoint")
  func retry() throws {
    var script = try Script([a, child, b])
    script.resume()
    script.announce("w1")
    let checkpoint = TrialCheckpoint.of(a, step: 400)
    script.beat("w1", claims: [a.claim(step: 400, checkpoint: checkpoint)])
    script.handle(.cancelRequested(trials: [a.id, b.id], reason: ""))
    #expect(script.coordinator.ending == .completeWithFailures(count: 3))
    script = try script.restarted()
    // Nothing is left to do, so the run ends at once; retrying without a run is a record.
    var journal = script.journal
    journal.append(.trialRetried(trial: b.id))
    script = try Script([a, child, b], journal: journal)
    script.resume()
    script.announce("w1")
    let effects = script.handle(.retryRequested(trials: [child.id]))
    #expect(
      effects.records == [.trialRetried(trial: child.id), .trialRetried(trial: a.id)])
    let next = script.finish(b, attempt: 1, on: "w1")
    #expect(next.assignments(to: "w1").map(\.trial) == [a.id])
    #expect(next.assignments(to: "w1").first?.checkpointsOnly == [checkpoint])
    script.finish(a, attempt: 2, on: "w1")
    #expect(script.coordinator.counts.running == 1)
  }

  @Test("requests about unknown or complete trials change nothing")
  func emptyWishes() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1")
    script.finish(a, on: "w1")
    let unplanned = SimulatedSweep.baseline(seed: 99).id
    for event: Event in [
      .cancelRequested(trials: [a.id, unplanned], reason: ""),
      .retryRequested(trials: [a.id, b.id, unplanned]), .undrainRequested(host: "nowhere"),
      .resumeRequested(stage: "baseline"), .resumeRequested(stage: "none"),
    ] {
      #expect(script.handle(event) == [], "\(event)")
    }
  }

  @Test("a drained host hands its trials back with their checkpoints")
  func drain() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    let effects = script.handle(.drainRequested(host: "host-w1", reason: "reboot"))
    #expect(effects.records == [.hostDrained(host: "host-w1", reason: "reboot")])
    #expect(effects.sent(to: "w1") == [.drain(reason: "reboot")])
    #expect(effects.sent(to: "w2") == [])
    // The directive was lost: it is repeated after the next heartbeat.
    #expect(script.beat("w1", claims: [a.claim()]).sent(to: "w1") == [.drain(reason: "reboot")])
    let handed = script.fail(
      a, attempt: 1, cause: .stopped, checkpoint: .of(a, step: 10), on: "w1")
    #expect(handed.assignments(to: "w2").first?.checkpointsOnly == [.of(a, step: 10)])
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
  }

  @Test("every trial can be explained, with workers and from the journal alone")
  func explanations() throws {
    let plan = [a, child, b]
    var script = try Script(plan)
    #expect(script.coordinator.explanation(of: child.id)?.reason == .waitsForParents([a.id]))
    #expect(script.coordinator.explanation(of: b.id)?.reason == .queued(ahead: 1))
    script.resume()
    script.announce("w1")
    script.beat("w1", claims: [a.claim(step: 5)])
    guard case .running(let runs)? = script.coordinator.explanation(of: a.id)?.reason else {
      Issue.record("\(String(describing: script.coordinator.explanation(of: a.id)))")
      return
    }
    #expect(runs.map(\.progress?.step) == [5])
    guard
      case .running(let open)? = try script.restarted().coordinator.explanation(of: a.id)?.reason
    else {
      Issue.record("the journal tells of a lease")
      return
    }
    #expect(open.map(\.worker) == [WorkerID("w1")] && open.map(\.host) == [""])
    script.fail(a, attempt: 1, cause: .diskFull, on: "w1")
    script.fail(b, attempt: 1, cause: .diskFull, on: "w1")
    let delayed = script.fail(a, attempt: 2, cause: .diskFull, on: "w1")
    #expect(!delayed.records.isEmpty)
    #expect(
      script.coordinator.explanation(of: a.id, at: script.now)?.reason == .delayed(.seconds(1)))
    #expect(script.coordinator.explanation(of: SimulatedSweep.baseline(seed: 77).id) == nil)
  }
}
