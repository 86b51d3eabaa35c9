import Coordination
import SimulatedCluster
import Testing
import Trials

/// Workers that are killed, paused, cut off or unknown.
@Suite("Scenarios: workers come and go")
struct LivenessScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)

  @Test("a killed worker's trial is leased again within 5 s")
  func killedWorker() throws {
    var script = try Script([a])
    script.resume()
    #expect(script.announce("w1").assigned(to: "w1") == [a.claim()])
    script.announce("w2")
    // The next probe finds the connection gone.
    let probes = script.pass(1.5).sent(to: "w1")
    #expect(probes == [.heartbeat])
    script.handle(.connectionLost(Script.connection("w1")))
    let effects = script.pass(3.5)
    #expect(script.seconds <= 5)
    #expect(effects.assigned(to: "w2") == [a.claim(attempt: 2)])
    #expect(
      effects.records.first
        == .attemptEnded(
          trial: a.id, attempt: 1,
          failure: TrialFailure(cause: .lost, message: "worker w1 lost its connection")))
  }

  @Test("a worker that reconnects within the grace keeps its attempt")
  func reconnectingWorker() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    script.handle(.connectionLost(Script.connection("w1")))
    script.pass(2)
    let effects = script.announce("w1", on: "w1-again", claims: [a.claim(step: 10)])
    #expect(effects.records == [])
    #expect(effects.assigned(to: "w1-again") == [])
    #expect(effects.notices == [.trialAdopted(a.id, attempt: 1, WorkerID("w1"))])
    #expect(script.coordinator.runningTrials.map(\.progress?.step) == [10])
    // The old connection is now unknown.
    #expect(script.beat("w1").sent(to: "w1") == [.announceAgain])
  }

  @Test("a silent worker is suspected after 20 s and lost after 60 s")
  func silentWorker() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1", slots: 2)
    script.announce("w2")
    var effects = script.pass(20, beating: ["w2": []])
    #expect(
      effects.notices.contains(.workerSuspected(WorkerID("w1"), silentFor: .seconds(20))))
    effects = script.pass(39.5, beating: ["w2": []])
    #expect(effects.records == [])
    effects = script.pass(0.5)
    #expect(effects.notices.contains(.workerLost(WorkerID("w1"), silentFor: .seconds(60))))
    #expect(effects.assigned(to: "w2") == [a.claim(attempt: 2)])
  }

  @Test("a suspected worker gets no new work until it sends a message")
  func suspectedWorker() throws {
    let children = [3, 4].map { SimulatedSweep.child(of: a, seed: $0) }
    var script = try Script([a] + children)
    script.resume()
    script.announce("w1")
    script.announce("w2")
    script.pass(30, beating: ["w1": [a.claim()]])
    #expect(script.coordinator.workers.map(\.isSuspect) == [false, true])
    script.finish(a, on: "w1")
    #expect(script.coordinator.runningTrials.map(\.worker) == [WorkerID("w1")])
    #expect(script.beat("w2").assigned(to: "w2") == [children[1].claim()])
  }

  @Test("a paused worker's late result is accepted, and the other attempt is cancelled")
  func lateResultAfterNewLease() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    script.finish(b, on: "w2")
    script.pass(61, beating: ["w2": []])
    #expect(script.coordinator.runningTrials.map(\.attempt) == [2])
    // It was forgotten, so it must announce itself before its result counts.
    #expect(script.finish(a, on: "w1").sent(to: "w1") == [.announceAgain])
    script.announce("w1", claims: [a.claim()])
    let effects = script.finish(a, on: "w1")
    #expect(script.coordinator.ending == .complete)
    #expect(
      effects.sent(to: "w1").first == .acknowledge(trial: a.id, attempt: 1))
    #expect(
      effects.sent(to: "w2").first
        == .abandon(trial: a.id, attempt: 2, reason: "worker w1 has finished the trial"))
  }

  @Test("a worker considered lost gets its waiting trial back under a new number")
  func adoptionAfterPartition() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.pass(61)
    #expect(script.coordinator.counts.waiting == 1)
    let effects = script.announce("w1", on: "w1-again", claims: [a.claim(step: 500)])
    #expect(
      effects.records == [.trialLeased(trial: a.id, attempt: 2, worker: WorkerID("w1"))])
    #expect(effects.assigned(to: "w1-again") == [a.claim(attempt: 2)])
    #expect(effects.notices.contains(.trialAdopted(a.id, attempt: 2, WorkerID("w1"))))
    #expect(script.coordinator.runningTrials.map(\.progress?.step) == [500])
  }

  @Test("a worker that returns with more trials than slots keeps one per slot")
  func adoptionWithinSlots() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1", slots: 2)
    script.pass(61)
    let effects = script.announce("w2", claims: [a.claim(), b.claim()])
    #expect(
      effects.records == [
        .workerIntroduced(worker: WorkerID("w2"), host: "host-w2"),
        .trialLeased(trial: a.id, attempt: 2, worker: WorkerID("w2")),
      ])
    #expect(
      effects.sent(to: "w2").last
        == .abandon(trial: b.id, attempt: 1, reason: "the trial is not leased to this worker"))
  }

  @Test("a stall of the coordinator makes no worker lost")
  func stalledCoordinator() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1", slots: 2)
    script.pass(10, beating: ["w1": [a.claim(), b.claim()]])
    script.seconds += 300
    let effects = script.handle(.clockTicked)
    #expect(effects.records == [])
    #expect(effects.notices == [])
    // From then on silence counts again.
    #expect(script.pass(60).notices.contains { if case .workerLost = $0 { true } else { false } })
  }

  @Test("an unknown sender is asked to announce itself, whatever it sends")
  func unknownSender() throws {
    var script = try Script([a])
    script.resume()
    let failure = TrialFailure(cause: .signal, message: "it broke")
    let stranger = Script.connection("stranger")
    let result = SimulatedSweep.result(of: a.configuration)
    for event: Event in [
      .heartbeatReceived(claims: [a.claim()], on: stranger),
      .trialFinished(trial: a.id, attempt: 1, result: result, on: stranger),
      .attemptFailed(trial: a.id, attempt: 1, failure: failure, checkpoint: nil, on: stranger),
    ] {
      #expect(script.handle(event) == [.send(.announceAgain, to: stranger)])
    }
    #expect(script.handle(.workerLeft(reason: "bye", on: stranger)) == [])
    #expect(script.handle(.connectionLost(stranger)) == [])
    #expect(script.coordinator.counts.waiting == 1)
  }

  @Test("500 announcements at once fill every slot, each trial once")
  func announcementStorm() throws {
    let plan = (0..<600 as Range<UInt64>).map { SimulatedSweep.baseline(seed: $0) }
    var script = try Script(plan)
    script.resume()
    var assigned: [TrialID] = []
    for worker in 0..<500 {
      // Half of them arrive twice.
      assigned += script.announce("w\(worker)").assigned(to: "w\(worker)").map(\.trial)
      if worker.isMultiple(of: 2) {
        #expect(script.announce("w\(worker)").assigned(to: "w\(worker)") == [])
      }
    }
    #expect(assigned == plan.prefix(500).map(\.id))
    #expect(script.coordinator.counts.running == 500)
    #expect(script.coordinator.workers.count == 500)
  }

  @Test("a worker that leaves frees its trials at once")
  func departure() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    script.announce("w2")
    let effects = script.handle(
      .workerLeft(reason: "SIGTERM", on: Script.connection("w1")))
    #expect(effects.assigned(to: "w2") == [a.claim(attempt: 2)])
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
    #expect(script.coordinator.workers.map(\.worker) == [WorkerID("w2")])
  }

  @Test("when another worker takes over a connection, the first one is disconnected, not forgotten")
  func connectionTakenOver() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1", on: "wire")
    script.announce("w2", on: "wire")
    #expect(script.coordinator.workers.map(\.isConnected) == [false, true])
    #expect(script.coordinator.runningTrials.map(\.worker) == [WorkerID("w1")])
    #expect(script.pass(3).assigned(to: "wire") == [a.claim(attempt: 2)])
  }
}
