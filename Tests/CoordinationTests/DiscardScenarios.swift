import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Discarded results, and trials that depend on them.
@Suite("Discarded results")
struct DiscardScenarios {
  private let a = SimulatedSweep.baseline(seed: 1)

  private func discard(_ trial: PlannedTrial, in script: inout Script) -> [Effect] {
    script.handle(.discardRequested(trials: [trial.id], reason: "bad memory"))
  }

  /// A result with the numbers of the trial's parents.
  private func finish(
    _ trial: PlannedTrial, attempt: Int = 1, on worker: String, in script: inout Script
  ) {
    guard let configuration = script.coordinator.runningConfiguration(of: trial.id) else {
      Issue.record("the parents of \(trial.id) have no results")
      return
    }
    script.finish(
      trial, attempt: attempt, on: worker, result: SimulatedSweep.result(of: configuration))
  }

  @Test("the trial waits and is leased again; the old result is refused")
  func returnsNever() throws {
    let b = SimulatedSweep.baseline(seed: 2)
    var script = try Script([a, b])
    script.resume()
    script.announce("w1")
    script.finish(a, on: "w1")
    let effects = discard(a, in: &script)
    #expect(effects.records.first == .resultDiscarded(trial: a.id, reason: "bad memory"))
    #expect(script.coordinator.counts.complete == 0)
    // The old result is repeated, under its own number and as a claim: the worker drops it.
    let late = script.finish(a, on: "w1")
    #expect(late.records == [])
    #expect(late.sent(to: "w1") == [.acknowledge(trial: a.id, attempt: 1)])
    let claim = script.announce("w2", claims: [a.claim()])
    #expect(claim.sent(to: "w2").contains(.acknowledge(trial: a.id, attempt: 1)))
    let assignment = try #require(
      script.pass(1).assignments(to: "w2").first
        ?? claim.assignments(to: "w2").first)
    #expect(assignment.trial == a.id && assignment.attempt == 2 && assignment.voidThrough == 1)
    script.finish(a, attempt: 2, on: "w2")
    #expect(script.coordinator.standing(of: a.id)?.status == .complete)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("children are discarded too, in any state, deepest first")
  func children() throws {
    let running = SimulatedSweep.child(of: a, seed: 2)
    let complete = SimulatedSweep.child(of: a, seed: 3)
    let grandchild = SimulatedSweep.child(of: complete, seed: 4)
    let unconcerned = SimulatedSweep.baseline(seed: 5)
    var script = try Script([a, running, complete, grandchild, unconcerned])
    script.resume()
    for worker in ["w1", "w2", "w3"] { script.announce(worker) }
    func worker(of trial: PlannedTrial) -> String {
      script.coordinator.runningTrials.first { $0.trial == trial.id }?.worker.rawValue ?? "w1"
    }
    for trial in [a, unconcerned, complete, grandchild] {
      finish(trial, on: worker(of: trial), in: &script)
    }
    #expect(script.coordinator.standing(of: running.id)?.status == .running)
    #expect(
      script.coordinator.discarding([a.id])
        == [a.id, running.id, complete.id, grandchild.id])
    let effects = discard(a, in: &script)
    let discarded = effects.records.compactMap { record -> TrialID? in
      if case .resultDiscarded(let trial, _) = record { trial } else { nil }
    }
    #expect(discarded == [grandchild.id, complete.id, a.id])
    #expect(effects.records.contains { $0.isVoiding(running.id) })
    #expect(script.coordinator.standing(of: unconcerned.id)?.status == .complete)
    // Everything is computed again, the parent first.
    #expect(script.coordinator.runningTrials.map(\.trial) == [a.id])
    for _ in 0..<4 {
      for run in script.coordinator.runningTrials {
        guard let trial = script.plan.first(where: { $0.id == run.trial }) else { continue }
        finish(trial, attempt: run.attempt, on: run.worker.rawValue, in: &script)
      }
    }
    #expect(script.coordinator.ending == .complete)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("everything of earlier attempts is void: checkpoints, reports, pieces, failures")
  func void() throws {
    let child = SimulatedSweep.child(of: a, seed: 2)
    var script = try Script([a, child])
    script.resume()
    script.announce("w1")
    script.finish(a, on: "w1")
    let checkpoint = TrialCheckpoint.of(child, step: 100)
    script.beat("w1", claims: [child.claim(step: 110, checkpoint: checkpoint)])
    script.fail(child, attempt: 1, checkpoint: checkpoint, on: "w1")
    let effects = discard(a, in: &script)
    #expect(effects.discarded == [checkpoint.digest])
    let standing = try #require(script.coordinator.standing(of: child.id))
    #expect(standing.chargedFailures == 0 && standing.voidThrough == 2)
    #expect(script.coordinator.checkpointDigests.isEmpty)
    // A checkpoint of a void attempt is not accepted either.
    script.finish(a, attempt: 2, on: "w1")
    let late = script.beat("w1", claims: [child.claim(attempt: 2, checkpoint: checkpoint)])
    #expect(late.records == [])
  }

  @Test("a trial without a result has nothing to discard")
  func nothing() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    #expect(script.coordinator.discarding([a.id]) == [])
    #expect(discard(a, in: &script).records == [])
    #expect(script.coordinator.counts.running == 1)
  }
}

extension JournalRecord {
  fileprivate func isVoiding(_ trial: TrialID) -> Bool {
    if case .attemptsVoided(trial, _) = self { true } else { false }
  }
}
