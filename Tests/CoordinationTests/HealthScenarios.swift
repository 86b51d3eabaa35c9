import Coordination
import SimulatedCluster
import Testing
import Trials

/// Whether a failure counts against the trial, the host or the stage.
@Suite("Scenarios: health of hosts and stages")
struct HealthScenarios {
  let trials = (1...8 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }

  private func isRecorded(
    _ effects: [Effect], _ matches: (JournalRecord) -> Bool
  ) -> Bool {
    effects.records.contains(where: matches)
  }

  private func drains(_ effects: [Effect], _ host: String) -> Bool {
    isRecorded(effects) { if case .hostDrained(host, _) = $0 { true } else { false } }
  }

  private func pauses(_ effects: [Effect]) -> Bool {
    isRecorded(effects) { if case .stagePaused = $0 { true } else { false } }
  }

  /// A worker on a host with a result, and three slots on a suspected host.
  private func started() throws -> Script {
    var script = try Script(trials)
    script.resume()
    script.announce("good@north", host: "host-good")
    script.finish(trials[0], on: "good@north")
    script.announce("bad@south", slots: 3, host: "host-bad")
    return script
  }

  @Test("a host on which three different trials fail is drained, and its trials go to other hosts")
  func badHost() throws {
    var script = try started()
    var effects: [Effect] = []
    for trial in trials[2...4] { effects += script.fail(trial, attempt: 1, on: "bad@south") }
    #expect(drains(effects, "host-bad@south"))
    #expect(effects.sent(to: "bad@south").contains { if case .drain = $0 { true } else { false } })
    #expect(script.coordinator.workers.map(\.isDrained) == [false, true])
    // The drain is repeated as long as it has trials, and it gets no more.
    let beat = script.beat("bad@south", claims: [trials[5].claim()])
    #expect(beat.sent(to: "bad@south").contains { if case .drain = $0 { true } else { false } })
    script.handle(.workerLeft(reason: "drained", on: Script.connection("bad@south")))
    #expect(
      script.announce("bad-again@south", slots: 3, host: "host-bad").assigned(to: "bad-again@south")
        == [])
    // The drain survives a restart.
    let drained = try script.restarted().coordinator.drainedHosts
    #expect(drained["host-bad@south"]?.contains("3 different trials failed there") == true)
    let undrained = script.handle(.undrainRequested(host: "host-bad@south"))
    #expect(undrained.records.first == .hostUndrained(host: "host-bad@south"))
    #expect(undrained.assigned(to: "bad-again@south").count == 3)
  }

  @Test(
    "a result in between resets the host's count; NaN and a trial that fails everywhere do not count"
  )
  func goodHost() throws {
    var script = try started()
    #expect(!drains(script.fail(trials[2], attempt: 1, on: "bad@south"), "host-bad@south"))
    script.finish(trials[3], on: "bad@south")
    #expect(!drains(script.fail(trials[4], attempt: 1, on: "bad@south"), "host-bad@south"))
    for trial in [trials[5], trials[6], trials[7]] {
      let running = script.coordinator.explanation(of: trial.id)?.standing
      guard running?.status == .running, running?.worker == WorkerID("bad@south") else { continue }
      #expect(
        !drains(
          script.fail(trial, attempt: 1, cause: .notANumber, on: "bad@south"), "host-bad@south"))
    }
  }

  @Test("the last working host is not drained: the trials fail, and the sweep ends")
  func onlyHost() throws {
    var script = try Script(Array(trials.prefix(4)))
    script.resume()
    script.announce("only")
    for _ in 0..<12 {
      guard let running = script.coordinator.runningTrials.first,
        let trial = trials.first(where: { $0.id == running.trial })
      else { break }
      #expect(!drains(script.fail(trial, attempt: running.attempt, on: "only"), "host-only"))
    }
    #expect(script.coordinator.ending == .completeWithFailures(count: 4))
  }

  @Test("one cause on two hosts for different trials pauses a stage that has no result")
  func hopelessStage() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w1")
    script.announce("w2")
    #expect(!pauses(script.fail(trials[0], attempt: 1, cause: .signal, on: "w1")))
    let effects = script.fail(trials[1], attempt: 1, cause: .signal, on: "w2")
    #expect(pauses(effects))
    let failure = try #require(script.coordinator.pausedStages["baseline"])
    #expect(failure.cause == .signal)
    #expect(failure.message.contains("on host-w1 and host-w2"))
    // Running trials continue; no further one starts, even after a restart, until a person allows
    // it.
    for running in script.coordinator.runningTrials {
      guard let trial = trials.first(where: { $0.id == running.trial }) else { continue }
      let next = script.fail(
        trial, attempt: running.attempt, cause: .outOfMemory, on: running.worker.rawValue)
      #expect(next.assignments(to: running.worker.rawValue) == [])
    }
    #expect(script.coordinator.counts.running == 0)
    #expect(
      script.coordinator.explanation(of: trials[5].id)?.reason == .stagePaused(failure))
    var second = try script.restarted()
    second.resume()
    #expect(second.announce("w3").assigned(to: "w3") == [])
    #expect(second.handle(.resumeRequested(stage: "baseline")).assigned(to: "w3").count == 1)
  }

  @Test("a sweep with nothing but paused stages waits for a person, then ends")
  func unattendedPause() throws {
    var script = try Script(Array(trials.prefix(2)))
    script.resume()
    script.announce("w1")
    script.announce("w2")
    script.fail(trials[0], attempt: 1, cause: .signal, on: "w1")
    for running in script.coordinator.runningTrials where running.trial == trials[1].id {
      script.fail(trials[1], attempt: running.attempt, cause: .signal, on: "w2")
    }
    for running in script.coordinator.runningTrials {
      guard let trial = trials.first(where: { $0.id == running.trial }) else { continue }
      script.fail(trial, attempt: running.attempt, on: running.worker.rawValue)
    }
    #expect(script.pass(590).ending == nil)
    #expect(script.pass(20).ending == .paused(stages: ["baseline"], remaining: 2))
    // The same command with --retry-failed resumes.
    var settings = CoordinationSettings()
    settings.retryFailed = true
    var second = try script.restarted(settings: settings)
    second.resume()
    #expect(second.announce("w1").assigned(to: "w1").count == 1)
  }

  @Test("a result of a stage keeps it from being paused, and a late one ends its pause")
  func resultEndsPause() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w1", slots: 2)
    script.announce("w2")
    script.fail(trials[0], attempt: 1, cause: .signal, on: "w1")
    let other = try #require(
      script.coordinator.runningTrials.first { $0.worker == WorkerID("w2") })
    let trial = try #require(trials.first { $0.id == other.trial })
    #expect(pauses(script.fail(trial, attempt: other.attempt, cause: .signal, on: "w2")))
    let alive = try #require(script.coordinator.runningTrials.first)
    let survivor = try #require(trials.first { $0.id == alive.trial })
    let effects = script.finish(survivor, attempt: alive.attempt, on: "w1")
    #expect(effects.records.contains(.stageResumed(stage: "baseline")))
    #expect(!effects.assigned(to: "w1").isEmpty)
  }

  @Test("more failures than allowed: nothing new begins, what runs finishes, then the sweep ends")
  func failureLimit() throws {
    var settings = CoordinationSettings()
    settings.failureLimit = 1
    settings.attemptLimit = 1
    var script = try Script(trials, settings: settings)
    script.resume()
    script.announce("w1", slots: 3)
    #expect(
      !script.fail(trials[0], attempt: 1, cause: .notANumber, on: "w1").assigned(to: "w1").isEmpty)
    let effects = script.fail(trials[1], attempt: 1, cause: .notANumber, on: "w1")
    #expect(effects.assigned(to: "w1") == [])
    #expect(effects.notices.contains(.failureLimitReached(failed: 2, limit: 1)))
    #expect(
      script.coordinator.explanation(of: trials[7].id)?.reason
        == .failureLimitReached(failed: 2, limit: 1))
    script.finish(trials[2], on: "w1")
    #expect(
      script.finish(trials[3], on: "w1").ending == .failureLimitReached(failed: 2, remaining: 4))
    // A higher limit resumes the sweep.
    settings.failureLimit = 2
    var second = try script.restarted(settings: settings)
    second.resume()
    #expect(second.announce("w1").assigned(to: "w1").count == 1)
  }

  @Test("in an expensive stage one trial starts alone; its first steps let the others follow")
  func canary() throws {
    let costs = Dictionary(uniqueKeysWithValues: trials.map { ($0.id, 4 * 3600.0) })
    var script = try Script(trials, expectedCost: costs)
    script.resume()
    let effects = script.announce("w1", slots: 3)
    #expect(effects.assigned(to: "w1") == [trials[0].claim()])
    #expect(
      effects.notices.contains(
        .canarySent(
          trials[0].id, stage: "baseline",
          reason: "the stage is expected to take 32 core-hours")))
    #expect(
      script.coordinator.explanation(of: trials[1].id)?.reason == .waitsForCanary(trials[0].id))
    // It fails: another trial starts alone.
    script.fail(trials[0], attempt: 1, cause: .signal, on: "w1")
    #expect(script.coordinator.counts.running == 1)
    let running = try #require(script.coordinator.runningTrials.first)
    let trial = try #require(trials.first { $0.id == running.trial })
    let beat = script.beat("w1", claims: [trial.claim(attempt: running.attempt, step: 1)])
    #expect(beat.notices.contains(.canaryReturned(trial.id, stage: "baseline")))
    #expect(beat.assigned(to: "w1").count == 2)
  }

  @Test("cheap stages start no trial alone, unless the sweep asks for it")
  func canarySettings() throws {
    var settings = CoordinationSettings()
    for (canary, expected): (SweepLimits.Canary, Int) in [(.auto, 3), (.always, 1), (.never, 3)] {
      settings.canary = canary
      var script = try Script(trials, settings: settings)
      script.resume()
      #expect(script.announce("w1", slots: 3).assigned(to: "w1").count == expected)
    }
  }
}
