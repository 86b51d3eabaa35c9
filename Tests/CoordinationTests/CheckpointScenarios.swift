import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Checkpoints that survive their workers.
@Suite("Scenarios: checkpoints")
struct CheckpointScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)

  private func checkpoint(_ step: Int) -> TrialCheckpoint { .of(a, step: step) }

  @Test("another worker resumes a lost worker's trial from its latest checkpoint")
  func migration() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    let first = script.beat("w1", claims: [a.claim(step: 310, checkpoint: checkpoint(300))])
    #expect(
      first.records == [
        .checkpointRecorded(trial: a.id, attempt: 1, checkpoint: checkpoint(300))
      ])
    // Repetitions in later heartbeats are not recorded again.
    let again = script.beat("w1", claims: [a.claim(step: 390, checkpoint: checkpoint(300))])
    #expect(again.records == [] && again.discarded == [])
    script.announce("w2")
    script.beat("w1", claims: [a.claim(step: 610, checkpoint: checkpoint(600))])
    script.handle(.connectionLost(Script.connection("w1")))
    let assignments = script.pass(4).assignments(to: "w2")
    #expect(assignments.map(\.checkpointsOnly) == [[checkpoint(600), checkpoint(300)]])
    #expect(assignments.map(\.attempt) == [2])
  }

  @Test("the two newest are kept, the others deleted, all of them at the trial's end")
  func retention() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    var discarded: [Digest] = []
    for step in [100, 200, 300, 400] {
      discarded +=
        script.beat("w1", claims: [a.claim(step: step, checkpoint: checkpoint(step))]).discarded
    }
    #expect(discarded == [checkpoint(100).digest, checkpoint(200).digest])
    let kept: Set = [checkpoint(300).digest, checkpoint(400).digest]
    #expect(script.coordinator.checkpointDigests == kept)
    // Deleted only after the result is recorded.
    let end = script.finish(a, on: "w1")
    guard case .append(.resultRecorded)? = end.first else {
      Issue.record("\(end)")
      return
    }
    #expect(Set(end.discarded) == kept)
  }

  @Test("the next attempt resumes from a checkpoint handed back with a stopped attempt")
  func handedBack() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    let effects = script.fail(
      a, attempt: 1, cause: .stopped, checkpoint: checkpoint(700), on: "w1")
    #expect(effects.assignments(to: "w2").first?.checkpointsOnly == [checkpoint(700)])
  }

  @Test("a restarted coordinator still knows them, and explains them")
  func restart() throws {
    var first = try Script([a])
    first.resume()
    first.announce("w1")
    first.beat("w1", claims: [a.claim(step: 310, checkpoint: checkpoint(300))])
    let script = try first.restarted()
    #expect(script.coordinator.explanation(of: a.id)?.checkpoints == [checkpoint(300)])
    #expect(script.coordinator.ledger == first.coordinator.ledger)
  }

  @Test("a worker that could not use the newest keeps its own beside it")
  func refusedCheckpoint() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.beat("w1", claims: [a.claim(step: 600, checkpoint: checkpoint(600))])
    script.handle(.workerLeft(reason: "", on: Script.connection("w1")))
    script.announce("w2")
    for step in [100, 200] {
      let own = TrialCheckpoint.of(a, step: step, instructionSet: "avx512")
      script.beat("w2", claims: [a.claim(attempt: 2, step: step, checkpoint: own)])
      #expect(
        script.coordinator.explanation(of: a.id)?.checkpoints == [checkpoint(600), own])
    }
  }

  @Test("useless checkpoints are deleted: of ended and of unknown trials, and of fewer steps")
  func unwanted() throws {
    let unplanned = SimulatedSweep.baseline(seed: 9)
    var script = try Script([a, b])
    script.resume()
    script.announce("w1", slots: 2)
    script.finish(b, on: "w1")
    script.beat("w1", claims: [a.claim(step: 600, checkpoint: checkpoint(600))])
    let effects = script.beat(
      "w1",
      claims: [
        unplanned.claim(checkpoint: .of(unplanned, step: 5)), b.claim(checkpoint: .of(b, step: 5)),
        a.claim(step: 600, checkpoint: checkpoint(500)),
      ])
    #expect(effects.records == [])
    #expect(
      effects.discarded == [
        TrialCheckpoint.of(unplanned, step: 5).digest, TrialCheckpoint.of(b, step: 5).digest,
        checkpoint(500).digest,
      ])
  }

  @Test("a computation that is behind the latest checkpoint is not adopted")
  func computationBehind() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.beat("w1", claims: [a.claim(step: 600, checkpoint: checkpoint(600))])
    script.pass(61)
    #expect(script.coordinator.counts.waiting == 1)
    let behind = script.announce("w2", claims: [a.claim(step: 400)])
    #expect(
      behind.sent(to: "w2").contains(
        .abandon(trial: a.id, attempt: 1, reason: "the trial is not leased to this worker")))
    #expect(behind.assignments(to: "w2").first?.checkpointsOnly == [checkpoint(600)])
  }

  @Test("a trial with a checkpoint prefers the instruction set that made it")
  func instructionSet() throws {
    var settings = CoordinationSettings()
    settings.duplicatesStragglers = false
    var script = try Script(
      [a, b], expectedCost: [a.id: 1000, b.id: 10], settings: settings)
    script.resume()
    script.announce("w1", instructionSet: "one")
    let checkpoint = TrialCheckpoint.of(a, step: 600, instructionSet: "one")
    script.beat("w1", claims: [a.claim(step: 600, checkpoint: checkpoint)])
    script.announce("other", instructionSet: "another")
    script.announce("same", instructionSet: "one")
    script.finish(b, on: "other")
    let effects = script.handle(.workerLeft(reason: "", on: Script.connection("w1")))
    #expect(effects.assigned(to: "same") == [a.claim(attempt: 2)])
  }
}
