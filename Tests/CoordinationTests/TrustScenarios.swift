import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Members that lie, and hosts whose memory is bad.
@Suite("Scenarios: trust")
struct TrustScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)

  private func checkpoint(_ step: Int) -> TrialCheckpoint { .of(a, step: step) }

  /// Two workers; the first has had attempt 1, with two checkpoints, and is gone.
  private func handedOver() throws -> Script {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.beat("w1", claims: [a.claim(step: 310, checkpoint: checkpoint(300))])
    script.beat("w1", claims: [a.claim(step: 610, checkpoint: checkpoint(600))])
    script.announce("w2")
    script.handle(.connectionLost(Script.connection("w1")))
    let assigned = script.pass(4).assignments(to: "w2")
    #expect(assigned.map(\.checkpointsOnly) == [[checkpoint(600), checkpoint(300)]])
    return script
  }

  private func diverge(
    _ script: inout Script, attempt: Int, step: Int = 650, state: String = "state",
    on connection: String
  ) -> [Effect] {
    script.handle(
      .attemptFailed(
        trial: a.id, attempt: attempt,
        failure: TrialFailure(
          cause: .notANumber, message: "step \(step): the loss is nan",
          divergence: Divergence(step: step, stateDigest: Digest.of(state))),
        checkpoint: nil, on: Script.connection(connection)))
  }

  // MARK: - Checkpoints

  @Test("a trial that diverges after a resume restarts from step 0, and is not charged")
  func divergedAfterResume() throws {
    var script = try handedOver()
    let effects = diverge(&script, attempt: 2, on: "w2") + script.pass(2)
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
    let next = try #require(effects.assignments(to: "w2").first)
    #expect(next.attempt == 3 && next.checkpoints == [] && next.distrustedThrough == 2)
    #expect(Set(effects.discarded) == [checkpoint(600).digest, checkpoint(300).digest])
    // The failure names who had uploaded them.
    guard case .attemptEnded(_, attempt: 2, let failure)? = effects.records.first else {
      Issue.record("\(effects.records)")
      return
    }
    #expect(failure.cause == .badCheckpoint)
    #expect(failure.message.contains("step 600 by worker w1 on host host-w1"))
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("late checkpoints of a distrusted attempt are not used")
  func lateCheckpoint() throws {
    var script = try handedOver()
    _ = diverge(&script, attempt: 2, on: "w2")
    script.pass(2)
    script.announce("w1", claims: [a.claim(attempt: 1, step: 810, checkpoint: checkpoint(800))])
    #expect(script.coordinator.explanation(of: a.id)?.checkpoints == [])
    // A checkpoint of the restarted attempt is accepted.
    script.beat("w2", claims: [a.claim(attempt: 3, step: 110, checkpoint: checkpoint(100))])
    #expect(script.coordinator.explanation(of: a.id)?.checkpoints == [checkpoint(100)])
  }

  @Test("a checkpoint that a worker refuses is not assigned again; the previous one is")
  func refused() throws {
    var script = try handedOver()
    var claim = a.claim(attempt: 2)
    claim.refusedCheckpoints = [
      RefusedCheckpoint(digest: checkpoint(600).digest, reason: "found nan")
    ]
    let effects = script.beat("w2", claims: [claim])
    #expect(
      effects.records == [
        .checkpointDistrusted(
          trial: a.id, attempt: 1, worker: WorkerID("w1"), checkpoint: checkpoint(600).digest,
          reason: "worker w2 refused it: found nan")
      ])
    #expect(
      effects.notices == [
        .checkpointDistrusted(
          a.id, by: WorkerID("w2"), attempt: 1, uploader: WorkerID("w1"), host: "host-w1",
          reason: "found nan")
      ])
    #expect(effects.discarded == [checkpoint(600).digest])
    // Repetitions in later heartbeats are not recorded again.
    #expect(script.beat("w2", claims: [claim]).records == [])
    script.fail(a, attempt: 2, cause: .stopped, on: "w2")
    let again = script.pass(2).assignments(to: "w2")
    #expect(again.map(\.checkpointsOnly) == [[checkpoint(300)]])
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("a refusal counts even if the same heartbeat brings a checkpoint that replaces it")
  func refusedAndReplaced() throws {
    var script = try handedOver()
    var claim = a.claim(attempt: 2, step: 110, checkpoint: checkpoint(100))
    claim.refusedCheckpoints = [600, 300].map {
      RefusedCheckpoint(digest: checkpoint($0).digest, reason: "found nan")
    }
    let distrusted = [600, 300].map {
      JournalRecord.checkpointDistrusted(
        trial: a.id, attempt: 1, worker: WorkerID("w1"), checkpoint: checkpoint($0).digest,
        reason: "worker w2 refused it: found nan")
    }
    #expect(script.beat("w2", claims: [claim]).records.prefix(2) == distrusted[...])
    // The new attempt reaches step 300 again, with the same bytes.
    script.beat("w2", claims: [a.claim(attempt: 2, step: 310, checkpoint: checkpoint(300))])
    script.fail(a, attempt: 2, cause: .stopped, on: "w2")
    let again = script.pass(2).assignments(to: "w2")
    #expect(again.map(\.checkpointsOnly) == [[checkpoint(100)]])
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("only the worker with the lease can refuse a checkpoint")
  func refusedByStranger() throws {
    var script = try handedOver()
    script.announce("w3")
    var claim = a.claim(attempt: 2)
    claim.refusedCheckpoints = [RefusedCheckpoint(digest: checkpoint(600).digest, reason: "a lie")]
    #expect(script.beat("w3", claims: [claim]).records == [])
  }

  @Test("after three bad checkpoints a trial resumes from none, and completes")
  func disappointments() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    for round in 0..<4 {
      let step = 100 * (round + 1)
      let attempt = 2 * round + 1
      #expect(script.coordinator.runningTrials.map(\.attempt) == [attempt])
      script.beat(
        "w1", claims: [a.claim(attempt: attempt, step: step, checkpoint: checkpoint(step))])
      // After three bad checkpoints no further one is accepted.
      #expect(script.coordinator.explanation(of: a.id)?.checkpoints.count == (round < 3 ? 1 : 0))
      guard round < 3 else { break }
      script.fail(a, attempt: attempt, cause: .stopped, on: "w1")
      passUntilLeased(&script)
      _ = diverge(&script, attempt: attempt + 1, step: step, state: "\(round)", on: "w1")
      passUntilLeased(&script)
      #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
    }
    #expect(script.finish(a, attempt: 7, on: "w1").ending == .complete)
  }

  /// Lets the delays of a trial pass that ended repeatedly for external reasons.
  private func passUntilLeased(_ script: inout Script) {
    for _ in 0..<100 where script.coordinator.runningTrials.isEmpty {
      script.pass(1, beating: ["w1": []])
    }
  }

  @Test("an invalid result of an attempt with a checkpoint counts against the checkpoint")
  func noResult() throws {
    var script = try handedOver()
    var result = SimulatedSweep.result(of: a.configuration)
    result.result.milestones = []
    let effects = script.finish(a, attempt: 2, on: "w2", result: result) + script.pass(2)
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
    #expect(effects.assignments(to: "w2").first?.checkpoints == [])
  }

  // MARK: - Divergence

  @Test("the same divergence from step 0 on a second host is final; any other is retried")
  func divergedAlike() throws {
    for state in ["state", "another"] {
      var script = try Script([a])
      script.resume()
      script.announce("w1")
      let first = diverge(&script, attempt: 1, on: "w1")
      #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 1)
      script.handle(.workerLeft(reason: "", on: Script.connection("w1")))
      let second = first.assigned(to: "w1").isEmpty ? 2 : 3
      script.announce("w2")
      let effects = diverge(&script, attempt: second, state: state, on: "w2")
      #expect(
        (script.coordinator.standing(of: a.id)?.status == .failed) == (state == "state"),
        "\(effects.records)")
    }
  }

  @Test("after a resume the same divergence is not final: the checkpoint may have caused both")
  func divergedAlikeAfterResume() throws {
    var script = try handedOver()
    _ = diverge(&script, attempt: 2, on: "w2")
    script.pass(2)
    #expect(script.coordinator.standing(of: a.id)?.status == .running)
    // From step 0 on the other host it is final.
    script.handle(.workerLeft(reason: "", on: Script.connection("w2")))
    script.announce("w3")
    script.pass(4)
    #expect(script.coordinator.runningTrials.map(\.attempt) == [4])
    let effects = diverge(&script, attempt: 4, on: "w3")
    #expect(effects.ending == .completeWithFailures(count: 1))
  }

  // MARK: - Words of others

  @Test("messages of a worker that was not leased the attempt are refused")
  func outOfLease() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    let connection = Script.connection("w2")
    let piece = TrajectoryPiece(after: .beginning, payload: Array("step\n".utf8))
    let report = SimulatedSweep.report(at: 0, of: a.configuration)
    let events: [Event] = [
      .reportReached(trial: a.id, attempt: 1, index: 0, report: report, on: connection),
      .trajectoryGrown(
        trial: a.id, attempt: 1, start: piece.start, payload: piece.payload,
        end: piece.end.prefix.digest, on: connection),
      .trialFinished(
        trial: a.id, attempt: 1, result: SimulatedSweep.result(of: a.configuration),
        on: connection),
      .resultRejected(trial: a.id, attempt: 1, reason: "none", on: connection),
      .heartbeatReceived(
        claims: [a.claim(attempt: 1, step: 900, checkpoint: checkpoint(900))], on: connection),
    ]
    for event in events {
      let effects = script.handle(event)
      #expect(effects.records == [], "\(event)")
      #expect(effects.discarded == [], "\(event)")
      let answers = effects.sent(to: "w2")
      #expect(answers.count == 1, "\(event)")
      guard case .abandon? = answers.first else {
        Issue.record("\(answers)")
        return
      }
    }
    // The worker that had the lease may deliver, even after its lease has ended.
    script.handle(.connectionLost(Script.connection("w1")))
    script.pass(4, beating: ["w2": []])
    script.announce("w1", on: "w1 again", claims: [a.claim()])
    #expect(script.finish(a, attempt: 1, on: "w1 again").ending == .complete)
  }

  @Test("a later process on the host that had the lease may deliver the result")
  func laterProcess() throws {
    for (worker, host, isTaken) in [("w9", "host-w1", true), ("w9", "elsewhere", false)] {
      var script = try Script([a])
      script.resume()
      script.announce("w1")
      script.announce("w2")
      script.handle(.connectionLost(Script.connection("w1")))
      script.pass(4, beating: ["w2": []])
      script.announce(worker, host: host, claims: [a.claim()])
      let effects = script.finish(a, attempt: 1, on: worker)
      #expect((effects.ending == .complete) == isTaken, "\(host)")
    }
  }

  @Test("with keys, the key identifies the host, not the name")
  func laterProcessUnderKey() throws {
    for (worker, isTaken) in [("w9@first", true), ("w9@second", false), ("w9", false)] {
      var script = try Script([a])
      script.resume()
      script.announce("w1@first", host: "h")
      script.announce("w2@third", host: "other")
      script.handle(.connectionLost(Script.connection("w1@first")))
      script.pass(4, beating: ["w2@third": []])
      script.announce(worker, host: "h", claims: [a.claim()])
      let effects = script.finish(a, attempt: 1, on: worker)
      #expect((effects.ending == .complete) == isTaken, "\(worker)")
    }
  }

  @Test("a worker cannot report the causes bad checkpoint and failed parent")
  func coordinatorsCauses() throws {
    for cause in [FailureCause.badCheckpoint, .parentFailed] {
      var script = try Script([a])
      script.resume()
      script.announce("w1")
      script.fail(a, attempt: 1, cause: cause, on: "w1")
      #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 1)
    }
  }

  // MARK: - Restarts

  @Test("when the sweep resumes, trials with checkpoints start before others")
  func halfDoneFirst() throws {
    let plan = [b, a]
    var first = try Script(plan, expectedSteps: [a.id: 1000, b.id: 1000])
    first.resume()
    first.announce("w1", slots: 2)
    first.beat("w1", claims: [a.claim(step: 910, checkpoint: checkpoint(900)), b.claim()])
    first.handle(.stopRequested(reason: "tonight"))
    var second = try first.restarted()
    second.resume()
    #expect(second.announce("w1").assigned(to: "w1").map(\.trial) == [a.id])
  }
}
