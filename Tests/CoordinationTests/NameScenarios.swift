import Coordination
import SimulatedCluster
import Testing
import Trials

/// Peers that use another worker's name or host, on unencrypted connections.
@Suite("Scenarios: names")
struct NameScenarios {
  let trials = (1...8 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }
  private var a: PlannedTrial { trials[0] }

  /// An honest worker at work on the first trial.
  private func started() throws -> Script {
    var script = try Script(trials)
    script.resume()
    #expect(script.announce("honest").assigned(to: "honest") == [a.claim()])
    return script
  }

  private func isRefused(_ effects: [Effect], on connection: String) -> Bool {
    effects.sent(to: connection).contains { if case .refuse = $0 { true } else { false } }
  }

  /// The workers that get no more trials.
  private func drained(_ script: Script) -> [WorkerID] {
    script.coordinator.workers.filter(\.isDrained).map(\.worker)
  }

  private func tellsOfName(_ effects: [Effect]) -> Bool {
    effects.notices.contains { if case .nameRefused = $0 { true } else { false } }
  }

  @Test("a second connection does not get the name of a worker that is at work")
  func secondConnection() throws {
    var script = try started()
    let effects = script.announce("honest", host: "host-honest", on: "thief", claims: [a.claim()])
    #expect(effects.sent(to: "thief") == [] && effects.records == [])
    // It may be the worker itself, which has reconnected.
    #expect(!tellsOfName(effects))
    // It can neither deliver, nor lie, nor leave in that name.
    #expect(script.finish(a, on: "thief").sent(to: "thief") == [.announceAgain])
    let rejected = Event.resultRejected(
      trial: a.id, attempt: 1, reason: "nonsense", on: Script.connection("thief"))
    #expect(script.handle(rejected).records == [])
    #expect(script.handle(.workerLeft(reason: "", on: Script.connection("thief"))) == [])
    // However often it tries, as long as the honest worker is heard; people are told once.
    for attempt in 0..<30 {
      script.pass(5, beating: ["honest": [a.claim(step: 10)]])
      let effects = script.announce("honest", host: "host-honest", on: "thief")
      #expect(effects.sent(to: "thief") == [])
      #expect(tellsOfName(effects) == (attempt == 0))
    }
    #expect(
      script.finish(a, on: "honest").sent(to: "honest").first
        == .acknowledge(trial: a.id, attempt: 1))
    #expect(script.coordinator.standing(of: a.id)?.worker == WorkerID("honest"))
  }

  @Test("a worker whose connection broke unnoticed gets its name back once that shows")
  func unnoticedBreak() throws {
    var script = try started()
    script.pass(5, beating: ["honest": [a.claim(step: 10)]])
    let refused = script.announce("honest", on: "again", claims: [a.claim(step: 11)])
    #expect(refused.sent(to: "again") == [] && !tellsOfName(refused))
    // The next tick tries the old connection, whatever the probe interval is.
    #expect(script.handle(.clockTicked).sent(to: "honest") == [.heartbeat])
    let lost = script.handle(.connectionLost(Script.connection("honest")))
    #expect(lost.sent(to: "again") == [.announceAgain])
    let effects = script.announce("honest", on: "again", claims: [a.claim(step: 12)])
    #expect(effects.notices == [.trialAdopted(a.id, attempt: 1, WorkerID("honest"))])
    #expect(effects.records == [])
  }

  @Test("if its old connection seems to live on, it gets its name back after 20 s of silence there")
  func halfOpenConnection() throws {
    var script = try started()
    script.pass(5, beating: ["honest": [a.claim(step: 10)]])
    var welcomedAt: Double?
    while welcomedAt == nil, script.seconds < 60 {
      script.pass(2)
      let effects = script.announce("honest", on: "again", claims: [a.claim(step: 11)])
      if !effects.sent(to: "again").isEmpty { welcomedAt = script.seconds }
    }
    #expect((25...27).contains(welcomedAt ?? 0))
    #expect(script.coordinator.runningTrials.map(\.attempt) == [1])
    #expect(script.beat("honest").sent(to: "honest") == [.announceAgain])
  }

  @Test("another host does not get a worker's name: neither now, nor while it is away or restarted")
  func anotherHost() throws {
    var script = try started()
    var effects = script.announce("honest", host: "elsewhere", on: "thief")
    #expect(isRefused(effects, on: "thief") && tellsOfName(effects))
    script.handle(.connectionLost(Script.connection("honest")))
    effects = script.announce("honest", host: "elsewhere", on: "thief", claims: [a.claim()])
    #expect(isRefused(effects, on: "thief") && effects.records == [])
    var restarted = try script.restarted()
    restarted.resume()
    effects = restarted.announce("honest", host: "elsewhere", on: "thief", claims: [a.claim()])
    #expect(isRefused(effects, on: "thief") && effects.records == [])
    #expect(restarted.finish(a, on: "thief").records == [])
    // The worker itself returns.
    effects = restarted.announce("honest", on: "again", claims: [a.claim(step: 20)])
    #expect(effects.notices.contains(.trialAdopted(a.id, attempt: 1, WorkerID("honest"))))
    #expect(restarted.finish(a, on: "again").records.count > 0)
  }

  @Test("a worker cannot move to another host, and one without an id may get one")
  func hostOfName() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w", host: "here")
    #expect(isRefused(script.announce("w", host: "there"), on: "w"))
    var other = try Script(trials)
    other.resume()
    other.announce("w", host: "here")
    let host = HostIdentity.text(name: "here", id: "0123abcd")
    #expect(!isRefused(other.announce("w", host: host), on: "w"))
  }

  @Test("with keys, a name is its key's: a new connection takes over at once")
  func keys() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w@lab", host: "h")
    let effects = script.announce("w@lab", host: "h", on: "again", claims: [a.claim()])
    #expect(effects.notices.contains(.trialAdopted(a.id, attempt: 1, WorkerID("w@lab"))))
  }

  @Test("another worker of the host speaks for an attempt only once its worker is gone")
  func otherWorkerOfHost() throws {
    var script = try started()
    script.announce("other", host: "host-honest")
    #expect(script.finish(a, on: "other").records == [])
    let rejected = Event.resultRejected(
      trial: a.id, attempt: 1, reason: "nonsense", on: Script.connection("other"))
    #expect(script.handle(rejected).records == [])
    script.handle(.connectionLost(Script.connection("honest")))
    #expect(script.finish(a, on: "other").records.count > 0)
    #expect(script.coordinator.standing(of: a.id)?.worker == WorkerID("other"))
  }

  @Test("failures under a host's name count against the worker alone, also after a restart")
  func deathsUnderHost() throws {
    var script = try started()
    script.announce("bad", slots: 3, host: "host-honest")
    var effects: [Effect] = []
    for trial in trials[1...3] { effects += script.fail(trial, attempt: 1, on: "bad") }
    let drains = effects.records.compactMap {
      if case .hostDrained(let host, _) = $0 { host } else { nil }
    }
    #expect(drains == ["worker bad"])
    #expect(drained(script) == [WorkerID("bad")])
    #expect(script.finish(a, on: "honest").assigned(to: "honest").count == 1)
    var restarted = try script.restarted()
    restarted.resume()
    restarted.announce("honest")
    restarted.announce("bad", host: "host-honest")
    #expect(drained(restarted) == [WorkerID("bad")])
    restarted.handle(.undrainRequested(host: "worker bad"))
    #expect(drained(restarted) == [])
  }

  @Test("a checkpoint of another worker of the host is another's: a false result is not one's own")
  func checkpointUnderHost() throws {
    var script = try started()
    script.beat("honest", claims: [a.claim(step: 310, checkpoint: .of(a, step: 300))])
    script.handle(.workerLeft(reason: "", on: Script.connection("honest")))
    script.announce("next", host: "host-honest")
    #expect(script.coordinator.runningTrials.map(\.attempt) == [2])
    let effects = script.handle(
      .resultRejected(
        trial: a.id, attempt: 2, reason: "nonsense", on: Script.connection("next")))
    guard case .attemptEnded(_, attempt: 2, let failure)? = effects.records.first else {
      Issue.record("\(effects.records)")
      return
    }
    #expect(failure.cause == .badCheckpoint)
    #expect(script.coordinator.standing(of: a.id)?.chargedFailures == 0)
  }
}
