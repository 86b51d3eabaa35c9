import Coordination
import SimulatedCluster
import Testing
import Trials

/// Assignment of trials to workers.
@Suite("Scenarios: unequal hosts")
struct SchedulingScenarios {
  let trials = (1...8 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }

  private func costs(_ seconds: [Double]) -> [TrialID: Double] {
    Dictionary(uniqueKeysWithValues: zip(trials.map(\.id), seconds))
  }

  @Test("of free workers the fastest gets the longest trial")
  func longestToFastest() throws {
    let parent = trials[0]
    let short = SimulatedSweep.child(of: parent, seed: 11)
    let long = SimulatedSweep.child(of: parent, seed: 12)
    var script = try Script(
      [parent, short, long], expectedCost: [parent.id: 1, short.id: 100, long.id: 300])
    script.resume()
    script.announce("slow", instructionSet: "portable")
    script.announce("fast", instructionSet: "avx512")
    let effects = script.finish(parent, on: "slow")
    #expect(effects.assigned(to: "fast") == [long.claim()])
  }

  @Test("a long trial waits for a fast host that is about to be free")
  func waitsForFastHost() throws {
    var script = try Script(
      Array(trials.prefix(3)), expectedCost: costs([1000, 900, 20]))
    script.resume()
    script.announce("fast", instructionSet: "avx512")
    // 990 of 1000 seconds are done: the fast host is free in 10 s and needs 900 s for the second
    // trial; the slow one would need four times as long.
    script.seconds = 990
    script.handle(.clockTicked)
    script.beat("fast", claims: [trials[0].claim(step: 990, stepsPerSecond: 1)])
    let effects = script.announce("slow", instructionSet: "portable")
    // The short one would wait 900 s for the fast host, and takes 80 s here.
    #expect(effects.assigned(to: "slow") == [trials[2].claim()])
    #expect(script.finish(trials[0], on: "fast").assigned(to: "fast") == [trials[1].claim()])
  }

  @Test("speeds are learned from progress, and outweigh what was announced")
  func learning() throws {
    var script = try Script(trials, expectedCost: costs([Double](repeating: 1000, count: 8)))
    script.resume()
    script.announce("w1")
    script.announce("w2")
    // Both run trials of one kind; one makes twice the steps of the other.
    script.beat("w1", claims: [trials[0].claim(step: 10, stepsPerSecond: 2)])
    script.beat("w2", claims: [trials[1].claim(step: 10, stepsPerSecond: 1)])
    let speeds = script.coordinator.workers.map(\.speed)
    #expect(speeds[0] > 1.2 * speeds[1])
    for step in [20, 40, 80, 160, 320] {
      script.beat("w1", claims: [trials[0].claim(step: step, stepsPerSecond: 2)])
      script.beat("w2", claims: [trials[1].claim(step: step, stepsPerSecond: 1)])
    }
    let learned = script.coordinator.workers.map(\.speed)
    #expect(learned[0] / learned[1] > 1.9 && learned[0] / learned[1] < 2.1)
  }

  @Test(
    "an idle fast worker also runs the straggler's trial, from its checkpoint; the first wins")
  func straggler() throws {
    var script = try Script(
      Array(trials.prefix(2)), expectedCost: costs([1000, 1000]),
      expectedSteps: [trials[0].id: 1000, trials[1].id: 1000])
    script.resume()
    script.announce("slow")
    script.announce("fast")
    let checkpoint = TrialCheckpoint.of(trials[0], step: 200, instructionSet: "")
    script.beat(
      "slow", claims: [trials[0].claim(step: 200, stepsPerSecond: 1, checkpoint: checkpoint)])
    script.beat("fast", claims: [trials[1].claim(step: 900, stepsPerSecond: 4)])
    let effects = script.finish(trials[1], on: "fast")
    #expect(
      effects.records.last
        == .trialDuplicated(trial: trials[0].id, attempt: 2, worker: WorkerID("fast")))
    #expect(effects.assignments(to: "fast").first?.checkpointsOnly == [checkpoint])
    #expect(script.coordinator.runningTrials.map(\.attempt) == [1, 2])
    // Both claims are good; a restart knows both leases.
    #expect(
      script.beat("slow", claims: [trials[0].claim(step: 210, stepsPerSecond: 1)]).sent(to: "slow")
        == [])
    #expect(
      script.beat("fast", claims: [trials[0].claim(attempt: 2, step: 205, stepsPerSecond: 4)]).sent(
        to: "fast") == [])
    var restarted = try script.restarted()
    restarted.resume()
    #expect(restarted.coordinator.runningTrials.map(\.attempt) == [1, 2])
    #expect(restarted.coordinator.ledger == script.coordinator.ledger)
    let end = script.finish(trials[0], attempt: 2, on: "fast")
    #expect(
      end.sent(to: "slow").first
        == .abandon(
          trial: trials[0].id, attempt: 1, reason: "worker fast has finished the trial"))
    #expect(script.coordinator.ending == .complete)
  }

  @Test("a trial moves: the slower worker gives it up when the other is ahead, and nothing failed")
  func moves() throws {
    var script = try duplicated()
    #expect(
      script.beat("fast", claims: [trials[0].claim(attempt: 2, step: 19, stepsPerSecond: 4)])
        .records == [])
    let effects = script.beat(
      "fast", claims: [trials[0].claim(attempt: 2, step: 20, stepsPerSecond: 4)])
    let reason = "another worker has taken more steps of the trial"
    #expect(
      effects.records == [
        .attemptEnded(
          trial: trials[0].id, attempt: 1,
          failure: TrialFailure(cause: .stopped, message: reason))
      ])
    #expect(
      effects.sent(to: "slow") == [.abandon(trial: trials[0].id, attempt: 1, reason: reason)])
    #expect(script.coordinator.runningTrials.map(\.attempt) == [2])
    let standing = try #require(script.coordinator.standing(of: trials[0].id))
    #expect(standing.failure == nil)
    #expect(standing.chargedFailures == 0 && standing.unchargedFailures == 0)
    #expect(standing.worker == WorkerID("fast"))
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("the worker that keeps a trial is not treated as one on which it failed")
  func withdrawnIsNoFailure() throws {
    var script = try duplicated()
    script.handle(.retryRequested(trials: [trials[2].id]))
    let standing = try #require(script.coordinator.standing(of: trials[0].id))
    #expect(standing.failure == nil && standing.unchargedFailures == 0)
    // Its first later failure is the first: it is leased again at once.
    script.finish(trials[2], on: "slow")
    let effects = script.fail(trials[0], attempt: 2, cause: .lost, on: "fast")
    #expect(effects.assigned(to: "slow") == [trials[0].claim(attempt: 3)])
  }

  @Test("a trial that must wait long for the fast host begins on the slow one, if it may move")
  func beginsEarly() throws {
    for moves in [true, false] {
      var settings = CoordinationSettings()
      settings.duplicatesStragglers = moves
      let plan = Array(trials.prefix(3))
      var script = try Script(
        plan, expectedCost: costs([2500, 2500, 2500]),
        expectedSteps: Dictionary(uniqueKeysWithValues: plan.map { ($0.id, 1000) }),
        settings: settings)
      script.resume()
      script.announce("fast")
      script.announce("slow")
      for step in [10, 20, 40, 80, 160, 320] {
        script.beat("fast", claims: [trials[0].claim(step: step, stepsPerSecond: 0.4)])
        script.beat("slow", claims: [trials[1].claim(step: step, stepsPerSecond: 0.1)])
      }
      // The fast host would be free in 1,700 s and need 2,500 s more, the slow one 10,000 s.
      let effects = script.finish(trials[1], on: "slow")
      #expect(effects.assigned(to: "slow") == (moves ? [trials[2].claim()] : []))
    }
  }

  @Test("no trial starts early while its stage waits for its first trial to work")
  func beginsEarlyAfterCanary() throws {
    let (parent, busy) = (trials[0], trials[1])
    let long = SimulatedSweep.child(of: parent, seed: 11)
    let short = SimulatedSweep.child(of: parent, seed: 12)
    let plan = [parent, busy, long, short]
    var settings = CoordinationSettings()
    settings.canary = .always
    var script = try Script(
      plan, expectedCost: [parent.id: 100, busy.id: 2600, long.id: 2500, short.id: 100],
      expectedSteps: Dictionary(uniqueKeysWithValues: plan.map { ($0.id, 1000) }),
      settings: settings)
    script.resume()
    script.announce("fast")
    #expect(script.finish(parent, on: "fast").assigned(to: "fast") == [busy.claim()])
    script.beat("fast", claims: [busy.claim(step: 320, stepsPerSecond: 0.4)])
    // Its slots share one core, so that each is a quarter as fast as the other host's.
    let effects = script.handle(
      .workerAnnounced(
        WorkerAnnouncement(
          worker: WorkerID("slow"), host: "slow", slots: 4, coreCount: 1, claims: []),
        on: Script.connection("slow")))
    // The fast host is free in 1,700 s and would end the long trial first; the short one flies.
    #expect(effects.assigned(to: "slow") == [short.claim()])
    let beat = script.beat("slow", claims: [short.claim(step: 1, stepsPerSecond: 2.5)])
    #expect(beat.notices.contains(.canaryReturned(short.id, stage: "narrowed")))
    #expect(beat.assigned(to: "slow") == [long.claim()])
  }

  @Test("a free worker takes the longest trial over from a slower one, which begins what waits")
  func movesToFree() throws {
    for moves in [true, false] {
      var script = try unequal(costs: [5000, 2000, 1000], moves: moves)
      let effects = script.finish(trials[1], on: "fast")
      guard moves else {
        #expect(effects.assigned(to: "fast") == [trials[2].claim()])
        continue
      }
      #expect(
        effects.assignments(to: "fast").map(\.checkpointsOnly) == [
          [.of(trials[0], step: 90, instructionSet: "")]
        ])
      #expect(effects.assigned(to: "fast") == [trials[0].claim(attempt: 2)])
      #expect(effects.assigned(to: "slow") == [trials[2].claim()])
      #expect(script.coordinator.runningTrials.map(\.trial) == [trials[0].id, trials[2].id])
    }
  }

  @Test("a trial is exchanged once for a longer one on a slower worker")
  func exchange() throws {
    var script = try unequal(costs: [5000, 4000, 100], waiting: false)
    let effects = script.handle(.retryRequested(trials: [trials[2].id]))
    let reason = "a longer trial needs this worker"
    #expect(
      effects.records.suffix(2) == [
        .attemptEnded(
          trial: trials[1].id, attempt: 1,
          failure: TrialFailure(cause: .stopped, message: reason)),
        .trialDuplicated(trial: trials[0].id, attempt: 2, worker: WorkerID("fast")),
      ])
    #expect(
      effects.sent(to: "fast").first
        == .abandon(trial: trials[1].id, attempt: 1, reason: reason))
    // The slower worker is taken off it for what waits.
    let next = script.handle(.clockTicked)
    #expect(next.assigned(to: "slow") == [trials[2].claim()])
    // The exchanged trial waits, and does not return.
    let standing = try #require(script.coordinator.standing(of: trials[1].id))
    #expect(standing.status == .waiting)
    #expect(standing.chargedFailures == 0)
    for step in [100, 200, 300] {
      let beat = script.beat(
        "fast", claims: [trials[0].claim(attempt: 2, step: step, stepsPerSecond: 0.8)])
      #expect(beat.records == [])
    }
    let end = script.finish(trials[2], on: "slow")
    #expect(
      end.assignments(to: "slow").map(\.checkpointsOnly) == [
        [.of(trials[1], step: 590, instructionSet: "")]
      ])
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test(
    "a trial keeps its worker if the other is hardly longer, it has no late checkpoint, or its bits could change",
    arguments: ["hardly longer", "no checkpoint", "old checkpoint", "instruction set", "many wait"])
  func noExchange(why: String) throws {
    var script = try unequal(
      costs: why == "hardly longer" ? [2500, 4000, 100] : [5000, 4000, 100],
      checkpointStep: why == "no checkpoint" ? nil : why == "old checkpoint" ? -20 : 590,
      waiting: false, others: why == "many wait" ? 4 : 0)
    if why == "instruction set" {
      script.announce("foreign", instructionSet: "portable")
      script.handle(
        .workerLeft(reason: "rest", on: Script.connection("foreign")))
      script.announce("foreign", slots: 1, instructionSet: "portable")
    }
    let effects = script.handle(.retryRequested(trials: [trials[2].id]))
    #expect(!effects.records.contains { if case .attemptEnded = $0 { true } else { false } })
  }

  /// A slow worker with the first trial, at step 100 of 1,000, a fast one with the second one, at
  /// step 600, and a third one that waits, or will once it is retried.
  private func unequal(
    costs: [Double], checkpointStep: Int? = 590, waiting: Bool = true, others: Int = 0,
    moves: Bool = true
  ) throws -> Script {
    var settings = CoordinationSettings()
    settings.duplicatesStragglers = moves
    let plan = Array(trials.prefix(3 + others))
    var script = try Script(
      plan, expectedCost: self.costs(costs + [Double](repeating: 100, count: others)),
      expectedSteps: Dictionary(uniqueKeysWithValues: plan.map { ($0.id, 1000) }),
      settings: settings)
    script.resume()
    if !waiting { script.handle(.cancelRequested(trials: [trials[2].id], reason: "later")) }
    let (slow, fast) = costs[0] >= costs[1] ? ("slow", "fast") : ("fast", "slow")
    script.announce(slow)
    script.announce(fast)
    for step in [10, 20, 40, 80, 160, 320, 600] {
      let kept = step < 600 ? nil : checkpointStep
      script.beat(
        "fast",
        claims: [
          trials[1].claim(
            step: step, stepsPerSecond: 4000 / costs[1],
            checkpoint: kept.map { .of(trials[1], step: $0, instructionSet: "") })
        ])
      script.beat(
        "slow",
        claims: [
          trials[0].claim(
            step: min(step, 100), stepsPerSecond: 500 / costs[0],
            checkpoint: step < 600 ? nil : .of(trials[0], step: 90, instructionSet: ""))
        ])
    }
    return script
  }

  /// A trial that two workers run.
  private func duplicated(settings: CoordinationSettings = CoordinationSettings()) throws -> Script
  {
    var script = try Script(
      Array(trials.prefix(3)), expectedCost: costs([1000, 1000, 1]),
      expectedSteps: [trials[0].id: 1000], settings: settings)
    script.resume()
    script.handle(.cancelRequested(trials: [trials[2].id], reason: "later"))
    script.announce("slow")
    script.announce("fast")
    script.beat("slow", claims: [trials[0].claim(step: 20, stepsPerSecond: 0.5)])
    script.beat("fast", claims: [trials[1].claim(step: 900, stepsPerSecond: 4)])
    script.finish(trials[1], on: "fast")
    #expect(script.coordinator.runningTrials.map(\.attempt) == [1, 2])
    return script
  }

  @Test("if one of two attempts fails, the other continues, and the trial is not leased again")
  func duplicateDies() throws {
    for attempt in [1, 2] {
      var script = try duplicated()
      let effects = script.fail(
        trials[0], attempt: attempt, on: attempt == 1 ? "slow" : "fast")
      #expect(effects.records.count == 1)
      #expect(script.coordinator.runningTrials.map(\.attempt) == [3 - attempt])
      #expect(script.coordinator.standing(of: trials[0].id)?.status == .running)
      #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
      let survivor = attempt == 1 ? "fast" : "slow"
      script.fail(trials[0], attempt: 3 - attempt, on: survivor)
      #expect(script.coordinator.standing(of: trials[0].id)?.attempts == 3)
      #expect(script.coordinator.standing(of: trials[0].id)?.chargedFailures == 2)
    }
  }

  @Test("a worker that is needed is taken off the trial that another finishes sooner")
  func duplicateYields() throws {
    var script = try duplicated()
    let effects = script.handle(.retryRequested(trials: [trials[2].id]))
    #expect(
      effects.records.suffix(2) == [
        .attemptEnded(
          trial: trials[0].id, attempt: 1,
          failure: TrialFailure(
            cause: .stopped,
            message:
              "another worker will finish the trial sooner, and a waiting trial needs this worker")),
        .trialLeased(trial: trials[2].id, attempt: 1, worker: WorkerID("slow")),
      ])
  }

  @Test("no worker is taken off a trial if it could take no other")
  func hinderedDuplicateStays() throws {
    var script = try duplicated()
    script.beat(
      "slow", claims: [trials[0].claim(step: 21, stepsPerSecond: 0.5)],
      obstacle: "its disk is full")
    let effects = script.handle(.retryRequested(trials: [trials[2].id]))
    #expect(effects.records == [.trialRetried(trial: trials[2].id)])
  }

  @Test("no duplicates where the sweep's settings forbid them")
  func noDuplicates() throws {
    var settings = CoordinationSettings()
    settings.duplicatesStragglers = false
    var script = try Script(
      Array(trials.prefix(2)), expectedCost: costs([1000, 1000]), settings: settings)
    script.resume()
    script.announce("slow")
    script.announce("fast")
    script.beat("slow", claims: [trials[0].claim(step: 20, stepsPerSecond: 0.5)])
    #expect(script.finish(trials[1], on: "fast").records.count == 1)
  }

  @Test("the forecast is an interval that narrows as speeds become known")
  func forecast() throws {
    var script = try Script(trials, expectedCost: costs([Double](repeating: 1000, count: 8)))
    #expect(script.coordinator.forecast(at: script.now).remaining == nil)
    script.resume()
    script.announce("w1")
    script.announce("w2")
    let first = script.coordinator.forecast(at: script.now)
    #expect(first.work == .seconds(8000) && first.criticalPath == .seconds(1000))
    #expect(first.slots == 2)
    #expect(first.remaining == .seconds(4000))
    let early = try #require(first.interval)
    #expect(early.lowerBound < .seconds(3000) && early.upperBound > .seconds(5500))
    for step in [1, 2, 4, 8] {
      script.beat("w1", claims: [trials[0].claim(step: step, stepsPerSecond: 2)])
      script.beat("w2", claims: [trials[1].claim(step: step, stepsPerSecond: 2)])
    }
    let second = script.coordinator.forecast(at: script.now)
    let remaining = try #require(second.remaining)
    #expect(remaining > .seconds(1800) && remaining < .seconds(2300))
    let late = try #require(second.interval)
    #expect(late.contains(.seconds(1994)))
    #expect(late.upperBound / late.lowerBound < early.upperBound / early.lowerBound)
  }
}
