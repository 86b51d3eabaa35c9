import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Leases, claims, results and failures of single trials.
@Suite("Scenarios: leases and results")
struct LeaseScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)

  @Test("a lease is recorded before it is sent, a result before it is acknowledged")
  func ordering() throws {
    var script = try Script([a])
    script.resume()
    let leasing = script.announce("w1")
    let assignment = Assignment(trial: a.id, attempt: 1, configuration: a.configuration)
    let lease = JournalRecord.trialLeased(trial: a.id, attempt: 1, worker: WorkerID("w1"))
    #expect(
      leasing.suffix(3) == [
        .append(lease), .send(.assign(assignment), to: Script.connection("w1")),
        .notify(.trialStarted(a.id, attempt: 1, WorkerID("w1"))),
      ])
    let result = SimulatedSweep.result(of: a.configuration)
    #expect(
      script.finish(a, on: "w1") == [
        .append(
          .resultRecorded(trial: a.id, attempt: 1, worker: WorkerID("w1"), result: result)),
        .send(.acknowledge(trial: a.id, attempt: 1), to: Script.connection("w1")),
        .notify(.trialCompleted(a.id, WorkerID("w1"))),
        .send(.shutDown(reason: "the sweep has ended"), to: Script.connection("w1")),
        .finish(.complete),
      ])
  }

  @Test("a pruned trial waits for its baseline and uses exactly its recorded MSE")
  func prunedTrialWaits() throws {
    let pruned = SimulatedSweep.child(of: a, seed: 3)
    var script = try Script([a, pruned])
    script.resume()
    script.announce("w1", slots: 2)
    #expect(script.coordinator.counts.running == 1)
    let effects = script.finish(a, on: "w1")
    let mse = SimulatedSweep.result(of: a.configuration).result.milestones[0].mse
    guard case .assign(let assignment)? = effects.sent(to: "w1").last else {
      Issue.record("the pruned trial was not assigned: \(effects)")
      return
    }
    #expect(assignment.configuration.tolerance == .value(mse))
    #expect(assignment.trial == pruned.id)
    // Its identity is that of the plan, not of the resolved configuration.
    #expect(assignment.configuration.id != pruned.id)
  }

  @Test("an unclaimed assignment is sent again, and in the end goes to another worker")
  func unclaimedAssignment() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    var effects = script.pass(5, beating: ["w1": []])
    #expect(effects.assigned(to: "w1") == [])
    effects = script.pass(5, beating: ["w1": []])
    #expect(effects.assigned(to: "w1") == [a.claim()])
    effects = script.pass(20, beating: ["w1": []])
    #expect(effects.assigned(to: "w1") == [a.claim(), a.claim()])
    script.announce("w2")
    effects = script.pass(10, beating: ["w1": [], "w2": []])
    #expect(effects.assigned(to: "w2") == [a.claim(attempt: 2)])
    #expect(effects.sent(to: "w1").contains(.announceAgain))
  }

  @Test("an assignment that crosses an announcement is sent once more, not taken away")
  func crossingAssignment() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.seconds += 1
    // On the same connection the assignment may be in transit; on a new one it is lost.
    #expect(script.announce("w1").assigned(to: "w1") == [])
    script.handle(.connectionLost(Script.connection("w1")))
    #expect(script.announce("w1", on: "w1-again").assigned(to: "w1-again") == [a.claim()])
    #expect(script.coordinator.standing(of: a.id)?.attempts == 1)
  }

  @Test("a repeated result is acknowledged again, and compared")
  func duplicateResult() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1")
    script.finish(a, on: "w1")
    var effects = script.finish(a, on: "w1")
    #expect(effects.records == [])
    #expect(effects.sent(to: "w1") == [.acknowledge(trial: a.id, attempt: 1)])
    #expect(
      effects.notices == [
        .resultRepeated(a.id, attempt: 1, WorkerID("w1"), sameContent: true)
      ])
    var other = SimulatedSweep.result(of: a.configuration)
    other.contentDigest = Digest.of("other")
    effects = script.finish(a, on: "w1", result: other)
    #expect(
      effects.notices == [
        .resultRepeated(a.id, attempt: 1, WorkerID("w1"), sameContent: false)
      ])
  }

  @Test("a result of another configuration or of other images is not taken")
  func wrongResult() throws {
    var script = try Script([a])
    try script.coordinator.replay(
      .imagesPinned(dataset: .mnist, digest: SimulatedSweep.images))
    script.resume()
    script.announce("w1")
    var foreign = SimulatedSweep.result(of: a.configuration)
    foreign.result.provenance.images = Digest.of("other images")
    let effects = script.finish(a, on: "w1", result: foreign)
    #expect(
      effects.records.first.map { if case .attemptEnded = $0 { true } else { false } } == true)
    #expect(effects.sent(to: "w1").contains(.acknowledge(trial: a.id, attempt: 1)))
    script.finish(a, attempt: 2, on: "w1", result: SimulatedSweep.result(of: b.configuration))
    // The worker is charged, not the trial.
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
    let unreadable = Event.resultRejected(
      trial: a.id, attempt: 2, reason: "no JSON", on: Script.connection("w1"))
    // Attempt 2 has ended already: the worker is only told to drop what it sent.
    #expect(
      script.handle(unreadable).sent(to: "w1").last == .acknowledge(trial: a.id, attempt: 2))
    #expect(script.coordinator.standing(of: a.id)?.unchargedFailures == 2)
    script.pass(2, beating: ["w1": []])
    script.finish(a, attempt: 3, on: "w1")
    #expect(script.coordinator.ending == .complete)
  }

  @Test("a trial that keeps failing is given up after three attempts; the rest completes")
  func quarantine() throws {
    let child = SimulatedSweep.child(of: a, seed: 3)
    let grandchild = SimulatedSweep.child(of: child, seed: 4)
    var script = try Script([a, b, child, grandchild])
    script.resume()
    script.announce("w1")
    for attempt in 1...2 {
      #expect(
        script.fail(a, attempt: attempt, on: "w1").assigned(to: "w1")
          == [a.claim(attempt: attempt + 1)])
    }
    let effects = script.fail(a, attempt: 3, on: "w1")
    let inherited = effects.records.suffix(4).dropLast().dropFirst()
    #expect(
      Array(inherited) == [
        .trialFailed(
          trial: child.id,
          failure: TrialFailure(
            cause: .parentFailed, message: "it needs a result of trial \(a.id), which failed")),
        .trialFailed(
          trial: grandchild.id,
          failure: TrialFailure(
            cause: .parentFailed,
            message: "it needs a result of trial \(child.id), which failed")),
      ])
    #expect(script.finish(b, on: "w1").ending == .completeWithFailures(count: 3))
  }

  @Test("a failure moves a trial to another worker if one is free")
  func failureAvoidsWorker() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    #expect(script.fail(a, attempt: 1, on: "w1").assigned(to: "w2") == [a.claim(attempt: 2)])
  }

  @Test("external failures are retried forever, with growing delays")
  func backOff() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    var delays: [Double] = []
    for attempt in 1...9 {
      script.fail(a, attempt: attempt, cause: .diskFull, on: "w1")
      let before = script.seconds
      while script.coordinator.counts.running == 0 {
        script.pass(0.5)
        script.beat("w1")
      }
      delays.append(script.seconds - before)
    }
    #expect(delays == [0, 1, 2, 4, 8, 16, 32, 60, 60])
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
  }

  @Test("stale claims are abandoned, claims of finished trials acknowledged")
  func staleClaims() throws {
    let unplanned = SimulatedSweep.baseline(seed: 99)
    var script = try Script([a, b])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    script.finish(b, on: "w2")
    let effects = script.beat("w2", claims: [a.claim(), b.claim(), unplanned.claim()])
    #expect(
      effects.sent(to: "w2") == [
        .abandon(trial: a.id, attempt: 1, reason: "another worker has the trial"),
        .acknowledge(trial: b.id, attempt: 1),
        .acknowledge(trial: unplanned.id, attempt: 1),
      ])
    // A claim older than the report of its failure does not bring the attempt back.
    script.fail(a, attempt: 1, on: "w1")
    script.fail(a, attempt: 2, cause: .exitCode, on: "w2")
    #expect(script.beat("w2", claims: [a.claim(attempt: 2)]).records == [])
  }

  @Test("work is spread over workers, long critical paths first")
  func scheduling() throws {
    let short = SimulatedSweep.child(of: a, seed: 3)
    let parent = SimulatedSweep.child(of: a, seed: 4)
    let long = SimulatedSweep.child(of: a, seed: 5)
    let grandchild = SimulatedSweep.child(of: parent, seed: 6)
    var script = try Script(
      [a, short, parent, long, grandchild], expectedCost: [long.id: 10])
    script.resume()
    script.announce("w1", slots: 2)
    script.announce("w2", slots: 2)
    let effects = script.finish(a, on: "w1")
    #expect(
      effects.records.dropFirst() == [
        .trialLeased(trial: long.id, attempt: 1, worker: WorkerID("w1")),
        .workerIntroduced(worker: WorkerID("w2"), host: "host-w2"),
        .trialLeased(trial: parent.id, attempt: 1, worker: WorkerID("w2")),
        .trialLeased(trial: short.id, attempt: 1, worker: WorkerID("w1")),
      ])
  }

  @Test("a parent's number that does not fit fails its child alone")
  func unfittingNumber() throws {
    let child = SimulatedSweep.child(of: a, seed: 3, factor: 1e7)
    var script = try Script([a, child, b])
    script.resume()
    script.announce("w1")
    let effects = script.finish(a, on: "w1")
    let failure = try #require(script.coordinator.standing(of: child.id)?.failure)
    #expect(failure.cause == .refused)
    #expect(failure.message.contains("expected 0 to 1000000"))
    #expect(effects.assigned(to: "w1") == [b.claim()])
  }

  @Test("a late result of a failed trial counts, and its children wait again")
  func lateResultOfFailedTrial() throws {
    let child = SimulatedSweep.child(of: a, seed: 3)
    var settings = CoordinationSettings()
    settings.attemptLimit = 1
    var script = try Script([a, child, b], settings: settings)
    script.resume()
    script.announce("w1")
    script.pass(61)
    script.announce("w2")
    script.announce("w3")
    script.fail(a, attempt: 2, on: "w2")
    #expect(script.coordinator.counts.failed == 2)
    script.announce("w1", claims: [a.claim()])
    let effects = script.finish(a, on: "w1")
    #expect(effects.records.contains(.trialRetried(trial: child.id)))
    #expect(script.coordinator.counts.failed == 0)
    #expect(script.coordinator.counts.running == 2)
  }
}
