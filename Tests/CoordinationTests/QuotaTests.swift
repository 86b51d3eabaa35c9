import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Limits of one member's messages.
@Suite("Quotas of one connection")
struct QuotaTests {
  let a = SimulatedSweep.baseline(seed: 1)

  private func strange(_ count: Int) -> [AttemptClaim] {
    (0..<count).map { AttemptClaim(trial: TrialID(rawValue: UInt64(1_000_000 + $0)), attempt: 1) }
  }

  @Test("of 20,000 names on one connection eight are accepted, and the next worker joins at once")
  func names() throws {
    var script = try Script([a])
    script.resume()
    var welcomes = 0
    for number in 0..<20_000 {
      welcomes += script.announce("liar\(number)", slots: 0, on: "flood").sent(to: "flood").count
    }
    #expect(script.coordinator.workers.count == 8)
    #expect(welcomes < 50)
    let joined = script.announce("honest").assigned(to: "honest")
    #expect(joined.map(\.trial) == [a.id])
  }

  @Test("claims of unknown trials get 2,048 answers at once, then a hundred a second")
  func answers() throws {
    var script = try Script([a])
    script.resume()
    script.announce("liar", slots: 0)
    var answers = 0
    for _ in 0..<10 {
      answers += script.beat("liar", claims: strange(2_048)).sent(to: "liar").count
    }
    #expect(answers == 2_048)
    script.seconds += 1
    #expect(script.beat("liar", claims: strange(2_048)).sent(to: "liar").count == 100)
    // Others are answered.
    script.announce("honest", slots: 0)
    #expect(script.beat("honest", claims: strange(3)).sent(to: "honest").count == 3)
  }

  @Test("messages beyond the quota are dropped, and reported once a minute")
  func messages() throws {
    var script = try Script([a])
    script.resume()
    script.announce("liar", slots: 0)
    var told: [Notice] = []
    for _ in 0..<90 {
      for _ in 0..<12_000 { script.beat("liar") }
      script.announce("honest", slots: 0)
      script.seconds += 1
      told += script.handle(.clockTicked).notices.filter {
        if case .quotaExceeded = $0 { true } else { false }
      }
    }
    #expect(told.count == 2)
    guard case .quotaExceeded(WorkerID("liar"), let refused)? = told.last else {
      Issue.record("\(told)")
      return
    }
    #expect(refused["messages", default: 0] > 500_000)
    #expect(script.coordinator.workers.contains { $0.worker == WorkerID("honest") })
  }

  @Test("a worker that delivers a hundred results a second stays below the quota")
  func honestPace() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w", slots: 0)
    for _ in 0..<60 {
      for _ in 0..<1_000 { #expect(script.beat("w").notices == []) }
      script.seconds += 1
      #expect(script.handle(.clockTicked).notices == [])
    }
  }

  @Test("connections that are gone are forgotten")
  func memory() throws {
    var script = try Script([a])
    script.resume()
    for number in 0..<20_000 {
      script.announce("w\(number)", slots: 0)
      script.handle(.workerLeft(reason: "", on: Script.connection("w\(number)")))
      if number.isMultiple(of: 2) {
        script.handle(.connectionLost(Script.connection("w\(number)")))
      }
      script.seconds += 0.1
      script.handle(.clockTicked)
    }
    #expect(script.coordinator.accountedConnectionCount < 2_000)
  }

  @Test("a message counts by its claims: a burst of full heartbeats is cut and not looked into")
  func claims() throws {
    var script = try Script([a])
    script.resume()
    script.announce("liar", slots: 0)
    func admits(_ weight: Int, on connection: String) -> Bool {
      script.coordinator.admits(
        weight: weight, on: Script.connection(connection), at: script.now)
    }
    let weight = Event.weight(ofClaims: 2_048, checkpoints: 0)
    var handled = 0
    for _ in 0..<4_000 where admits(weight, on: "liar") {
      script.beat("liar", claims: strange(2_048))
      handled += 1
    }
    #expect(handled < 100)
    #expect(!admits(weight, on: "liar"))
    // A goodbye always fits.
    #expect(admits(0, on: "liar"))
    script.seconds += 1
    #expect(admits(weight, on: "liar"))
    // A worker with as many results as a message can claim stays below the quota.
    script.announce("honest", slots: 0)
    let most = Event.weight(ofClaims: 2_048, checkpoints: 768)
    for _ in 0..<100 {
      #expect(admits(most, on: "honest"))
      #expect(script.beat("honest", claims: strange(2_048)).notices == [])
      script.seconds += 5
    }
  }

  @Test("a worker with thousands of slots gets 64 trials, and more once it has shown steps of them")
  func slots() throws {
    let trials = (1...300 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }
    var script = try Script(trials)
    script.resume()
    #expect(script.announce("hog", slots: 4_096).assigned(to: "hog").count == 64)
    #expect(script.announce("honest", slots: 8).assigned(to: "honest").count == 8)
    // Claims without a step bring nothing; a step of each doubles them.
    for (step, more) in [(nil, 0), (1, 64), (2, 128)] {
      let held = Set(
        script.coordinator.runningTrials.filter { $0.worker == WorkerID("hog") }.map(\.trial))
      let claims = trials.filter { held.contains($0.id) }.map { $0.claim(step: step) }
      #expect(script.beat("hog", claims: claims).assigned(to: "hog").count == more)
    }
  }

  @Test(
    "of many slots, two per announced core are used before steps are shown, but 8 to 64",
    arguments: [(0, 64), (1, 8), (4, 8), (6, 12), (31, 62), (32, 64), (5_000, 64), (Int.max, 64)])
  func slotsPerCore(cores: Int, used: Int) throws {
    let trials = (1...300 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }
    var script = try Script(trials)
    script.resume()
    let announcement = WorkerAnnouncement(
      worker: WorkerID("hog"), host: "hog", slots: 4_096, coreCount: cores, claims: [])
    let effects = script.handle(
      .workerAnnounced(announcement, on: Script.connection("hog")))
    #expect(effects.assigned(to: "hog").count == used)
    // A step of each doubles them, as for a worker that announces no cores.
    let held = Set(script.coordinator.runningTrials.map(\.trial))
    let claims = trials.filter { held.contains($0.id) }.map { $0.claim(step: 1) }
    #expect(script.beat("hog", claims: claims).assigned(to: "hog").count == used)
  }

  @Test(
    "log lines are kept at one full message a second, of workers that have announced themselves")
  func logs() throws {
    var script = try Script([a])
    script.resume()
    func keeps(_ byteCount: Int, on connection: String) -> WorkerID? {
      script.coordinator.keepsLogs(
        byteCount: byteCount, on: Script.connection(connection), at: script.now)
    }
    #expect(keeps(10, on: "liar") == nil)
    script.announce("liar", slots: 0)
    script.announce("honest", slots: 0)
    var kept = 0
    for _ in 0..<60 {
      for _ in 0..<1_000 where keeps(65_536, on: "liar") != nil { kept += 65_536 }
      #expect(keeps(65_536, on: "honest") == WorkerID("honest"))
      script.seconds += 1
    }
    #expect(kept <= 76 * 65_536)
  }
}
