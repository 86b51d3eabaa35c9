import Coordination
import SimulatedCluster
import Testing
import Trials

/// Numbers that the protocol allows but that make no sense.
@Suite("Scenarios: invalid numbers")
struct HostileScenarios {
  let a = SimulatedSweep.baseline(seed: 1)
  let b = SimulatedSweep.baseline(seed: 2)
  let c = SimulatedSweep.baseline(seed: 3)

  private func claim(_ trial: PlannedTrial, step: Int, of total: Int, rate: Double) -> AttemptClaim
  {
    AttemptClaim(
      trial: trial.id, attempt: 1,
      progress: TrialProgress(
        step: step, totalSteps: total, mse: .nan, gatesOpen: 4, multiplier: .infinity,
        stepsPerSecond: rate))
  }

  @Test(
    "Extreme training rates do not break the forecast",
    arguments: [0, 1e-300, 1e-30, 1e-9, 1e12, 1e300, .infinity, .nan], [1, 1_000_000_000])
  func rates(rate: Double, total: Int) throws {
    var script = try Script(
      [a, b, c], expectedCost: [a.id: 1e6, b.id: 1e9, c.id: 1], expectedSteps: [a.id: 1000])
    script.resume()
    script.announce("w1", host: "h1")
    script.announce("w2", host: "h2")
    for step in [1, total / 2 + 1, total] {
      for trial in [a, b] {
        script.beat("w1", claims: [claim(trial, step: step, of: total, rate: rate)])
        script.beat("w2", claims: [claim(trial, step: step, of: total, rate: rate)])
      }
      script.pass(10)
      let forecast = script.coordinator.forecast(at: script.now)
      #expect(forecast.remaining.map { $0 >= .zero && $0 <= .seconds(1e12) } ?? true)
      #expect(script.coordinator.workers.allSatisfy { (1e-7...1e7).contains($0.speed) })
    }
    script.announce("w3", host: "h3")
    #expect(script.finish(c, on: "w3").isEmpty == false)
  }

  @Test("Learned speeds stay within bounds, whatever a worker reports")
  func speeds() throws {
    var script = try Script([a, b], expectedCost: [a.id: 1e9, b.id: 1e9])
    script.resume()
    script.announce("w1", host: "h1")
    script.announce("w2", host: "h2")
    for doubling in 0..<29 {
      for (worker, trial, rate) in [("w1", a, 1e12), ("w2", b, 1e-9), ("w1", a, 5e5)] {
        script.beat(
          worker, claims: [claim(trial, step: 1 << doubling, of: 1_000_000_000, rate: rate)])
      }
    }
    #expect(script.coordinator.workers.allSatisfy { (1e-7...1e7).contains($0.speed) })
  }

  @Test(
    "A result of an attempt that was never leased is refused, and attempt numbers do not run out")
  func attempts() throws {
    var script = try Script([a])
    script.resume()
    script.announce("w1")
    for attempt in [Int(Int32.max), 1_000_002] {
      let effects = script.finish(a, attempt: attempt, on: "w1")
      #expect(effects.records.isEmpty)
      #expect(script.coordinator.standing(of: a.id)?.status == .running)
      #expect(script.coordinator.standing(of: a.id)?.attempts == 1)
    }
    script.finish(a, on: "w1")
    #expect(script.coordinator.standing(of: a.id)?.status == .complete)
  }

  @Test("A trial whose lease a salvaged journal has lost is computed again")
  func lostLeases() throws {
    var script = try Script([a, b])
    script.resume()
    script.announce("w1", claims: [a.claim(attempt: 7)])
    script.finish(a, attempt: 7, on: "w1")
    #expect(script.coordinator.standing(of: a.id)?.status == .running)
    script.finish(a, attempt: 1, on: "w1")
    #expect(script.coordinator.standing(of: a.id)?.status == .complete)
    #expect(script.coordinator.standing(of: a.id)?.attempts == 1)
  }

  @Test("A journal with too large an attempt number is a contradiction, not a trap")
  func journal() throws {
    let record = JournalRecord.resultRecorded(
      trial: a.id, attempt: 1 << 31, worker: WorkerID("w1"),
      result: SimulatedSweep.result(of: a.configuration))
    #expect(throws: JournalContradiction.self) { try Script([a], journal: [record]) }
  }
}
