import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Members that deliver false results of leased trials: they are charged and excluded, and the
/// others finish every trial.
@Suite("Scenarios: members that lie with a lease")
struct QuarantineScenarios {
  let trials = (1...8 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }

  private func refuse(
    _ script: inout Script, _ trial: PlannedTrial, attempt: Int, on connection: String
  ) -> [Effect] {
    script.handle(
      .resultRejected(
        trial: trial.id, attempt: attempt, reason: "mse: found nan, expected a number",
        on: Script.connection(connection)))
  }

  /// Lets a worker deliver false results of its trials until it gets no more.
  private func lie(_ script: inout Script, as worker: String, rounds: Int = 64) {
    for _ in 0..<rounds {
      let mine = script.coordinator.runningTrials.filter { $0.worker == WorkerID(worker) }
      for running in mine {
        guard let trial = trials.first(where: { $0.id == running.trial }) else { continue }
        _ = refuse(&script, trial, attempt: running.attempt, on: worker)
      }
      pass(&script)
    }
  }

  /// Lets five seconds pass in which every connected worker claims its trials.
  private func pass(_ script: inout Script) {
    var claims: [String: [AttemptClaim]] = [:]
    for worker in script.coordinator.workers where worker.isConnected {
      claims[worker.worker.rawValue] = []
    }
    for running in script.coordinator.runningTrials {
      claims[running.worker.rawValue]?.append(
        AttemptClaim(trial: running.trial, attempt: running.attempt))
    }
    script.pass(5, beating: claims)
  }

  private func finishAll(_ script: inout Script, as worker: String) -> SweepEnding? {
    for _ in 0..<256 where script.coordinator.ending == nil {
      let mine = script.coordinator.runningTrials.filter { $0.worker == WorkerID(worker) }
      for running in mine {
        guard let trial = trials.first(where: { $0.id == running.trial }) else { continue }
        script.finish(trial, attempt: running.attempt, on: worker)
      }
      if script.coordinator.ending == nil { pass(&script) }
    }
    return script.coordinator.ending
  }

  @Test(
    "a lying member is excluded after three trials, and no failure counts against a trial",
    arguments: [1, 4])
  func liarAmongOthers(slots: Int) throws {
    var script = try Script(trials)
    script.resume()
    script.announce("liar", slots: slots)
    script.announce("good")
    lie(&script, as: "liar")
    let reason = try #require(script.coordinator.drainedHosts["worker liar"])
    #expect(reason.contains("took no step in 3 different trials"), "\(reason)")
    #expect(!script.coordinator.runningTrials.contains { $0.worker == WorkerID("liar") })
    for trial in trials {
      #expect(script.coordinator.standing(of: trial.id)?.chargedFailures == 0)
    }
    #expect(try script.restarted().coordinator.drainedHosts["worker liar"] == reason)
    #expect(finishAll(&script, as: "good") == .complete)
  }

  @Test("a lying worker is excluded even if it is alone, and its trials wait for other workers")
  func liarAlone() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("liar")
    lie(&script, as: "liar", rounds: 400)
    #expect(script.coordinator.drainedHosts["worker liar"] != nil)
    #expect(script.coordinator.ending == nil)
    #expect(script.coordinator.counts.waiting == trials.count)
    script.announce("good", slots: 2)
    #expect(finishAll(&script, as: "good") == .complete)
  }

  @Test("where no other worker can join, the trials fail one by one and the sweep ends")
  func closed() throws {
    var settings = CoordinationSettings()
    settings.isOpen = false
    var script = try Script(trials, settings: settings)
    script.resume()
    script.announce("local")
    for _ in 0..<800 where script.coordinator.ending == nil { lie(&script, as: "local", rounds: 1) }
    #expect(script.coordinator.ending == .completeWithFailures(count: trials.count))
  }

  @Test("false results of several members about one trial count against the trial")
  func refusedEverywhere() throws {
    var script = try Script([trials[0]])
    script.resume()
    script.announce("w1")
    _ = refuse(&script, trials[0], attempt: 1, on: "w1")
    script.announce("w2")
    script.handle(.workerLeft(reason: "", on: Script.connection("w1")))
    pass(&script)
    for _ in 0..<8 where script.coordinator.ending == nil {
      for running in script.coordinator.runningTrials {
        _ = refuse(&script, trials[0], attempt: running.attempt, on: "w2")
      }
      pass(&script)
    }
    #expect(script.coordinator.ending == .completeWithFailures(count: 1))
    #expect(script.coordinator.standing(of: trials[0].id)?.failure?.cause == .resultRefused)
    #expect(script.coordinator.drainedHosts.isEmpty)
  }

  @Test(
    "on unencrypted connections no worker is charged with messages that another sends under its host's name"
  )
  func forgedPlainHost() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("good", host: "node1")
    script.announce("node1", host: "node1")
    lie(&script, as: "node1")
    #expect(Array(script.coordinator.drainedHosts.keys) == ["worker node1"])
    #expect(script.coordinator.workers.map(\.isDrained) == [false, true])
    #expect(finishAll(&script, as: "good") == .complete)
  }

  @Test("with keys no host is charged with messages that another key sends under its name")
  func forgedHost() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w1@good", host: "node1")
    script.announce("w2@mean", host: "node1")
    lie(&script, as: "w2@mean")
    #expect(Array(script.coordinator.drainedHosts.keys) == ["node1@mean"])
    #expect(script.coordinator.workers.map(\.isDrained) == [false, true])
    // A person undrains it by that name.
    let undrained = script.handle(.undrainRequested(host: "node1@mean"))
    #expect(undrained.records.first == .hostUndrained(host: "node1@mean"))
    #expect(script.coordinator.workers.map(\.isDrained) == [false, false])
  }

  @Test("a key that lies under many host names is excluded")
  func changingNames() throws {
    var script = try Script(
      (1...20 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) })
    script.resume()
    script.announce("good@good", host: "node1")
    for round in 0..<5 {
      let worker = "w\(round)@mean"
      script.announce(worker, slots: 3, host: "host\(round)")
      for running in script.coordinator.runningTrials where running.worker == WorkerID(worker) {
        script.handle(
          .resultRejected(
            trial: running.trial, attempt: running.attempt, reason: "a lie",
            on: Script.connection(worker)))
      }
      script.handle(.workerLeft(reason: "", on: Script.connection(worker)))
    }
    #expect(script.coordinator.drainedHosts["@mean"] != nil)
    #expect(script.announce("w9@mean", slots: 3, host: "host9").assigned(to: "w9@mean") == [])
  }

  @Test(
    "with keys, a member is excluded if several others cannot resume from its checkpoints",
    arguments: [(keys: 1, hosts: 1), (keys: 1, hosts: 2), (keys: 2, hosts: 2)])
  func poisoner(witnesses: (keys: Int, hosts: Int)) throws {
    var script = try Script(Array(trials.prefix(3)))
    script.resume()
    script.announce("p@mean", slots: 3, host: "node1")
    let bad = trials.prefix(3).map { TrialCheckpoint.of($0, step: 300) }
    script.beat(
      "p@mean", claims: zip(trials, bad).map { $0.claim(step: 310, checkpoint: $1) })
    for index in 0..<3 {
      script.announce(
        "w\(index)@good\(index % witnesses.keys)", host: "node\(2 + index % witnesses.hosts)")
    }
    script.handle(.workerLeft(reason: "", on: Script.connection("p@mean")))
    for _ in 0..<4 {
      for running in script.coordinator.runningTrials where running.worker != WorkerID("p@mean") {
        guard let place = trials.firstIndex(where: { $0.id == running.trial }) else { continue }
        var claim = AttemptClaim(trial: running.trial, attempt: running.attempt)
        claim.refusedCheckpoints = [RefusedCheckpoint(digest: bad[place].digest, reason: "nan")]
        script.beat(running.worker.rawValue, claims: [claim])
      }
      pass(&script)
    }
    // One key may pose as two hosts, so it counts as one witness.
    let isProved = witnesses.keys == 2
    #expect((script.coordinator.drainedHosts["node1@mean"] != nil) == isProved)
    #expect(script.coordinator.drainedHosts.count == (isProved ? 1 : 0))
  }

  @Test(
    "a host with the name of an excluded member does not change the exclusion",
    arguments: ["node1@mean", "node1@mean~00000000"])
  func namesake(host: String) throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w1@mean", host: "node1")
    script.announce("w2@other", slots: 0, host: host)
    lie(&script, as: "w1@mean")
    #expect(script.coordinator.drainedHosts["node1@mean"] != nil)
    let liar = script.coordinator.workers.first { $0.worker == WorkerID("w1@mean") }
    #expect(liar?.isDrained == true)
    #expect(!script.coordinator.runningTrials.contains { $0.worker == WorkerID("w1@mean") })
  }

  @Test("one key that poses as two hosts cannot fail a trial that others could finish")
  func oneKeyTwoHosts() throws {
    var script = try Script([trials[0], trials[1]])
    script.resume()
    script.announce("good@good", host: "node9")
    let honest = try #require(script.coordinator.runningTrials.first)
    let other = try #require(trials.first { $0.id == honest.trial })
    for round in 0..<6 {
      let worker = "w\(round)@mean"
      script.announce(worker, host: "host\(round % 2)")
      for running in script.coordinator.runningTrials where running.worker == WorkerID(worker) {
        guard let trial = trials.first(where: { $0.id == running.trial }) else { continue }
        _ = refuse(&script, trial, attempt: running.attempt, on: worker)
      }
      script.handle(.workerLeft(reason: "", on: Script.connection(worker)))
      pass(&script)
    }
    #expect(script.coordinator.counts.failed == 0)
    script.finish(other, attempt: honest.attempt, on: "good@good")
    #expect(finishAll(&script, as: "good@good") == .complete)
  }

  @Test("a member that is undrained while disconnected starts without evidence against it")
  func undrainedAway() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("w1@mean", host: "node1")
    lie(&script, as: "w1@mean")
    script.handle(.workerLeft(reason: "", on: Script.connection("w1@mean")))
    script.handle(.undrainRequested(host: "node1@mean"))
    script.announce("w1@mean", host: "node1")
    let running = try #require(script.coordinator.runningTrials.first)
    let trial = try #require(trials.first { $0.id == running.trial })
    _ = refuse(&script, trial, attempt: running.attempt, on: "w1@mean")
    #expect(script.coordinator.drainedHosts.isEmpty)
  }

  @Test("if no worker can join, a host of an earlier run does not keep a trial from ending")
  func closedAfterOthers() throws {
    var settings = CoordinationSettings()
    settings.isOpen = false
    var script = try Script(trials, settings: settings)
    script.resume()
    script.announce("elsewhere", host: "node1")
    let running = try #require(script.coordinator.runningTrials.first)
    let trial = try #require(trials.first { $0.id == running.trial })
    script.finish(trial, attempt: running.attempt, on: "elsewhere")
    script.handle(.workerLeft(reason: "", on: Script.connection("elsewhere")))
    script.announce("local", host: "node2")
    for _ in 0..<800 where script.coordinator.ending == nil { lie(&script, as: "local", rounds: 1) }
    #expect(script.coordinator.ending == .completeWithFailures(count: trials.count - 1))
  }

  /// Two workers, "idler" and "good", with a trial each.
  private func idlerBesideGood() throws -> (
    script: Script, held: RunningTrial, trial: PlannedTrial, other: PlannedTrial
  ) {
    var settings = CoordinationSettings()
    settings.duplicatesStragglers = false
    var script = try Script(
      [trials[0], trials[1]], expectedSteps: [trials[0].id: 100, trials[1].id: 100],
      settings: settings)
    script.resume()
    script.announce("idler")
    script.announce("good")
    let held = try #require(
      script.coordinator.runningTrials.first { $0.worker == WorkerID("idler") })
    let trial = try #require(trials.first { $0.id == held.trial })
    let other = trials[trial == trials[0] ? 1 : 0]
    return (script, held, trial, other)
  }

  @Test("a worker that made no progress with a trial does not get it back by claiming it")
  func idleAgain() throws {
    var (script, held, trial, other) = try idlerBesideGood()
    var step = 0
    for _ in 0..<4 {
      step += 10
      script.pass(1_195, beating: ["idler": [trial.claim()], "good": [other.claim(step: step)]])
    }
    script.announce("idler", claims: [trial.claim()])
    // It may get a new attempt while no other worker is free, and loses it to the next free one.
    let again = script.coordinator.runningTrials.first { $0.worker == WorkerID("idler") }
    #expect(again?.attempt != held.attempt)
    script.finish(other, on: "good")
    let attempt = again?.attempt ?? 1
    for _ in 0..<1_000
    where script.coordinator.runningTrials.contains(where: { $0.worker == WorkerID("idler") }) {
      script.pass(5, beating: ["idler": [trial.claim(attempt: attempt)], "good": []])
    }
    #expect(finishAll(&script, as: "good") == .complete)
  }

  @Test("a worker that makes no progress loses the trial to another worker")
  func idle() throws {
    var (script, _, trial, other) = try idlerBesideGood()
    script.finish(other, on: "good")
    // Steps back and forth are no progress, nor are steps beyond the trial's end.
    for step in [10, 9, 10_000] {
      script.pass(1_195, beating: ["idler": [trial.claim(step: step)], "good": []])
    }
    for _ in 0..<4 { pass(&script) }
    #expect(script.coordinator.standing(of: trial.id)?.worker == WorkerID("good"))
    #expect(script.coordinator.standing(of: trial.id)?.chargedFailures == 0)
    #expect(finishAll(&script, as: "good") == .complete)
  }

  @Test("the only worker keeps a trial without progress")
  func slowAlone() throws {
    var script = try Script([trials[0]])
    script.resume()
    script.announce("slow")
    script.pass(7_200, beating: ["slow": [trials[0].claim()]])
    #expect(script.coordinator.runningTrials.map(\.attempt) == [1])
  }
}
