import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// A coordinator that is stopped, killed and started again.
@Suite("Scenarios: stop and resume")
struct RestartScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)

  @Test("a restarted coordinator adopts what workers run on, and waits for those of its leases")
  func restartWithAdoption() throws {
    var first = try Script([a, b])
    first.resume()
    first.announce("w1")
    first.announce("w2")
    var script = try first.restarted()
    #expect(script.coordinator.ledger == first.coordinator.ledger)
    script.resume()
    script.announce("w3")
    #expect(script.beat("w1", claims: [a.claim()]).sent(to: "w1") == [.announceAgain])
    let effects = script.announce("w1", on: "w1-again", claims: [a.claim(step: 700)])
    #expect(effects.records == [])
    #expect(effects.notices.contains(.trialAdopted(a.id, attempt: 1, WorkerID("w1"))))
    // The other worker does not return; after the grace another one gets its trial.
    let beats = ["w3": [], "w1-again": [a.claim()]]
    #expect(script.pass(29.5, beating: beats).assigned(to: "w3") == [])
    #expect(script.pass(0.5, beating: beats).assigned(to: "w3") == [b.claim(attempt: 2)])
  }

  @Test("a result spooled by a worker's earlier process is accepted from the later one")
  func spooledResult() throws {
    var first = try Script([a])
    first.resume()
    first.announce("w1")
    var script = try first.restarted()
    script.resume()
    script.announce("w1-reborn", host: "host-w1", claims: [a.claim()])
    let effects = script.finish(a, on: "w1-reborn")
    #expect(effects.ending == .complete)
    #expect(script.coordinator.standing(of: a.id)?.worker == WorkerID("w1-reborn"))
  }

  @Test("a stopped sweep cancels its trials, and resumes with the same command")
  func stopAndResume() throws {
    var first = try Script([a, b])
    first.resume()
    first.announce("w1")
    first.finish(a, on: "w1")
    let effects = first.handle(.stopRequested(reason: "Ctrl-C"))
    #expect(effects.ending == .stopped(remaining: 1))
    let text = "the sweep was stopped: Ctrl-C"
    #expect(
      effects.records == [
        .attemptEnded(
          trial: b.id, attempt: 1, failure: TrialFailure(cause: .stopped, message: text))
      ])
    #expect(
      effects.sent(to: "w1") == [
        .abandon(trial: b.id, attempt: 1, reason: text), .shutDown(reason: text),
      ])
    var script = try first.restarted()
    script.resume()
    #expect(script.announce("w2").assigned(to: "w2") == [b.claim(attempt: 2)])
    #expect(script.finish(b, attempt: 2, on: "w2").ending == .complete)
  }

  @Test("after the end, every worker is told to exit and nothing is recorded")
  func afterTheEnd() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.finish(a, on: "w1")
    #expect(script.coordinator.isFinished)
    #expect(script.coordinator.nextDeadline == nil)
    let shutDown = Directive.shutDown(reason: "the sweep has ended")
    #expect(script.announce("w2").sent(to: "w2") == [shutDown])
    #expect(
      script.finish(a, on: "w1").sent(to: "w1")
        == [.acknowledge(trial: a.id, attempt: 1), shutDown])
    #expect(script.handle(.clockTicked) == [])
  }

  @Test("a sweep whose every trial has ended finishes as it resumes")
  func nothingLeft() throws {
    var first = try Script([a])
    first.resume()
    first.announce("w1")
    first.finish(a, on: "w1")
    var script = try first.restarted()
    #expect(script.resume() == [.finish(.complete)])
    var empty = try Script([])
    #expect(empty.resume() == [.finish(.complete)])
  }

  @Test("failed trials stay failed, unless the resumed sweep is told to try them again")
  func retryFailed() throws {
    let child = SimulatedSweep.child(of: a, seed: 3)
    var first = try Script([a, child])
    first.resume()
    first.announce("w1")
    for attempt in 1...3 { first.fail(a, attempt: attempt, on: "w1") }
    #expect(first.coordinator.ending == .completeWithFailures(count: 2))
    var second = try first.restarted()
    #expect(second.resume() == [.finish(.completeWithFailures(count: 2))])
    var settings = CoordinationSettings()
    settings.retryFailed = true
    var script = try first.restarted(settings: settings)
    #expect(
      script.resume().records == [.trialRetried(trial: a.id), .trialRetried(trial: child.id)])
    #expect(script.announce("w1").assigned(to: "w1") == [a.claim(attempt: 4)])
    script.finish(a, attempt: 4, on: "w1")
    #expect(script.coordinator.counts.running == 1)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  /// Requests of people and answers of hosts in sequence, with all kinds of records.
  private func steered(_ plan: [PlannedTrial]) throws -> Script {
    let (a, b, c, d) = (plan[0], plan[1], plan[2], plan[3])
    var script = try Script(plan)
    let steps: [(inout Script) -> Void] = [
      { $0.resume() }, { $0.announce("w1", slots: 2) },
      {
        $0.beat(
          "w1",
          claims: [
            a.claim(step: 110, stepsPerSecond: 1000, checkpoint: .of(a, step: 100)), b.claim(),
          ])
      },
      {
        $0.beat(
          "w1",
          claims: [
            a.claim(step: 210, stepsPerSecond: 1000, checkpoint: .of(a, step: 200)),
            b.claim(step: 310, stepsPerSecond: 1000, checkpoint: .of(b, step: 300)),
          ])
      }, { $0.announce("w2") }, { $0.handle(.cancelRequested(trials: [b.id, d.id], reason: "")) },
      { $0.handle(.drainRequested(host: "host-w1", reason: "reboot")) },
      { $0.fail(a, attempt: 1, cause: .stopped, checkpoint: .of(a, step: 250), on: "w1") },
      { $0.handle(.workerLeft(reason: "reboot", on: Script.connection("w1"))) },
      { $0.handle(.retryRequested(trials: [b.id])) },
      { $0.handle(.undrainRequested(host: "host-w1")) }, { $0.announce("w1", slots: 2) },
      { dieEverywhere(&$0) }, { $0.handle(.resumeRequested(stage: "baseline")) },
      { $0.handle(.retryRequested(trials: [d.id])) },
      { $0.handle(.cancelRequested(trials: [c.id], reason: "")) },
      { $0.handle(.stopRequested(reason: "Ctrl-C")) },
    ]
    for step in steps {
      step(&script)
      #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
    }
    return script
  }

  /// Lets every running trial fail once, which pauses the stage, since it happens on two hosts.
  private func dieEverywhere(_ script: inout Script) {
    for running in script.coordinator.runningTrials {
      guard let trial = script.plan.first(where: { $0.id == running.trial }) else { continue }
      script.fail(
        trial, attempt: running.attempt, cause: .signal, on: running.worker.rawValue)
    }
  }

  /// Lets one worker complete all remaining trials, after any earlier requests.
  private func complete(_ script: inout Script) throws {
    var effects = script.resume()
    for event: Event in [
      .undrainRequested(host: "host-w1"), .resumeRequested(stage: "baseline"),
      .retryRequested(trials: script.plan.map(\.id)),
    ] {
      effects += script.handle(event)
    }
    effects += script.pass(61)
    effects += script.announce("last")
    while let assignment = effects.assignments(to: "last").last, script.coordinator.ending == nil {
      let trial = try #require(script.plan.first { $0.id == assignment.trial })
      effects = script.finish(
        trial, attempt: assignment.attempt, on: "last",
        result: SimulatedSweep.result(of: assignment.configuration))
      effects += script.pass(8)
    }
  }

  @Test("killed after any record of people's requests, it continues from there")
  func killedWhileSteered() throws {
    let child = SimulatedSweep.child(of: a, seed: 5)
    let plan = [a, b] + [3, 4].map { SimulatedSweep.baseline(seed: $0) } + [child]
    let whole = try steered(plan)
    let kinds = Set(whole.journal.map(\.kind))
    #expect(
      kinds.isSuperset(of: [
        "trialLeased", "checkpointRecorded", "attemptEnded", "trialStopped", "trialRetried",
        "hostDrained", "hostUndrained", "stagePaused", "stageResumed",
      ]))
    for count in 0...whole.journal.count {
      var script = try Script(plan, journal: Array(whole.journal.prefix(count)))
      try complete(&script)
      #expect(script.coordinator.ending == .complete, "killed after \(count) records")
      #expect(
        try script.restarted().coordinator.ledger == script.coordinator.ledger,
        "killed after \(count) records")
    }
  }

  @Test("records of trials that are no longer planned change nothing")
  func orphanedRecords() throws {
    var first = try Script([a, b])
    first.resume()
    first.announce("w1", slots: 2)
    first.finish(a, on: "w1")
    let script = try Script([b], journal: first.journal)
    #expect(script.coordinator.counts.total == 1)
    #expect(script.coordinator.counts.running == 1)
  }

  @Test("a contradictory journal is refused, naming the place")
  func contradictions() throws {
    let lease = JournalRecord.trialLeased(trial: a.id, attempt: 1, worker: WorkerID("w1"))
    let failure = TrialFailure(cause: .lost, message: "")
    let result = SimulatedSweep.result(of: a.configuration)
    let recorded = JournalRecord.resultRecorded(
      trial: a.id, attempt: 1, worker: WorkerID("w1"), result: result)
    for journal: [JournalRecord] in [
      [lease, lease], [lease, recorded, recorded], [lease, recorded, lease],
      [.trialLeased(trial: a.id, attempt: 2, worker: WorkerID("w1"))],
      [.attemptEnded(trial: a.id, attempt: 1, failure: failure)],
      [lease, .trialFailed(trial: a.id, failure: failure)], [.trialRetried(trial: a.id)],
      [
        .imagesPinned(dataset: .mnist, digest: Digest.of("x")),
        .imagesPinned(dataset: .mnist, digest: Digest.of("y")),
      ],
    ] {
      #expect(throws: JournalContradiction.self) { try Script([a], journal: journal) }
    }
    let error = #expect(throws: JournalContradiction.self) {
      try Script([a], journal: [lease, lease])
    }
    #expect(
      error?.description.contains("trial \(a.id), attempt 1 leased: found a running trial") == true)
  }
}

extension JournalRecord {
  /// The record's name, without its content.
  fileprivate var kind: String { Mirror(reflecting: self).children.first?.label ?? "" }
}
