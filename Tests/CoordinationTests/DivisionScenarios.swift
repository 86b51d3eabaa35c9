import Coordination
import SimulatedCluster
import Testing
import Trials

/// Division of cores among trials.
@Suite("Scenarios: divided cores")
struct DivisionScenarios {
  let trials = (1...20 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }

  private func script(_ seconds: [Double], canary: Bool = false) throws -> Script {
    let plan = Array(trials.prefix(seconds.count))
    var settings = CoordinationSettings()
    settings.canary = canary ? .always : .never
    var script = try Script(
      plan, expectedCost: Dictionary(uniqueKeysWithValues: zip(plan.map(\.id), seconds)),
      expectedSteps: Dictionary(uniqueKeysWithValues: plan.map { ($0.id, 1000) }),
      settings: settings)
    script.resume()
    return script
  }

  /// A claim of a trial that runs with so many threads, at a speed as if it takes `seconds` with
  /// one.
  private func claim(
    _ trial: Int, step: Int? = 1, threads: Int, of seconds: Double = 10_000, attempt: Int = 1
  ) -> AttemptClaim {
    var claim = trials[trial].claim(
      attempt: attempt, step: step,
      stepsPerSecond: 1000 / seconds * ThreadCounts.expectedSpeedUp(threads))
    claim.threads = threads
    return claim
  }

  @Test("trials have one thread each while there are as many as cores")
  func wide() throws {
    var script = try script([Double](repeating: 10_000, count: 20))
    let effects = script.announce("w", cores: 16)
    #expect(effects.assignments(to: "w").map(\.threads) == [Int?](repeating: 1, count: 16))
    #expect(effects.threads(to: "w").isEmpty)
  }

  @Test("idle cores go to the longest trials, before these have begun")
  func narrow() throws {
    var script = try script([10_000, 30_000, 10_000])
    let effects = script.announce("w", cores: 16)
    #expect(script.threads(of: trials, after: effects) == [4, 8, 4])
  }

  @Test("five cores are four and one: a number that no part of a batch needs is not given")
  func usefulNumbers() throws {
    var alone = try script([10_000])
    let effects = alone.announce("w", cores: 7)
    #expect(alone.threads(of: trials, after: effects) == [4])
  }

  @Test("a worker without divisible cores gets no order, and no threads in its assignments")
  func fixedSlots() throws {
    var script = try script([10_000])
    let effects = script.announce("w", slots: 16)
    #expect(effects.assignments(to: "w").map(\.threads) == [nil])
    #expect(effects.threads(to: "w").isEmpty)
    let beat = script.beat("w", claims: [claim(0, threads: 4)])
    #expect(beat.threads(to: "w").isEmpty)
    #expect(script.coordinator.runningTrials.map(\.threads) == [4])
  }

  @Test("when a trial ends, the others get its cores, if that saves more than it costs")
  func tail() throws {
    for (left, isWorth) in [(10_000.0, true), (100, false)] {
      var script = try script([10_000, 10_000])
      script.announce("w", cores: 2)
      let step = Int(1000 * (1 - left / 10_000))
      script.beat("w", claims: [claim(0, threads: 1), claim(1, step: step, threads: 1)])
      let effects = script.finish(trials[0], on: "w")
      #expect(script.threads(of: [trials[1]], after: effects) == [isWorth ? 2 : nil])
    }
  }

  @Test("cores are kept for the trials of a stage whose first trial runs alone")
  func canary() throws {
    var script = try script([10_000, 5_000, 5_000], canary: true)
    script.announce("w", cores: 4)
    var effects = script.pass(20, beating: ["w": [claim(0, step: nil, threads: 2)]])
    #expect(effects.assignments(to: "w").isEmpty)
    // The first trial works, so the others begin.
    effects = script.beat("w", claims: [claim(0, threads: 2)])
    #expect(Set(effects.assignments(to: "w").map(\.trial)) == [trials[1].id, trials[2].id])
  }

  @Test("a trial that waits takes cores back after the time that changes must be apart")
  func shrinking() throws {
    let parent = trials[0]
    let children = (101...109 as ClosedRange<UInt64>).map {
      SimulatedSweep.child(of: parent, seed: $0)
    }
    let all = [parent, trials[1]] + children
    var settings = CoordinationSettings()
    settings.canary = .never
    var script = try Script(
      all, expectedCost: Dictionary(uniqueKeysWithValues: all.map { ($0.id, 10_000) }),
      expectedSteps: Dictionary(uniqueKeysWithValues: all.map { ($0.id, 1000) }),
      settings: settings)
    script.resume()
    script.announce("w", cores: 16)
    script.beat("w", claims: [claim(0, threads: 8), claim(1, threads: 8)])
    // Nine children for eight free cores: one waits for a core of the other trial.
    let effects = script.finish(parent, on: "w")
    #expect(effects.assignments(to: "w").count == 8)
    #expect(script.threads(of: [trials[1]], after: effects) == [4])
    let running = children.prefix(8).map { $0.claim(step: 1, stepsPerSecond: 0.1) }
    // Not before the claim shows it.
    #expect(
      script.beat("w", claims: [claim(1, threads: 8)] + running).assignments(to: "w").isEmpty)
    let changed = script.beat("w", claims: [claim(1, threads: 4)] + running)
    #expect(changed.assignments(to: "w").map(\.trial) == [children[8].id])
    // What is left over is divided again, but not at once among those that run.
    let threads = script.coordinator.runningTrials.compactMap(\.threads).reduce(0, +)
    #expect(threads <= 16)
  }

  @Test("an order that no claim follows is repeated, then the worker's number counts")
  func repetition() throws {
    var script = try script([10_000])
    script.announce("w", cores: 2)
    let beating = ["w": [claim(0, threads: 1)]]
    let effects = script.pass(60, beating: beating)
    let orders = effects.threads(to: "w")
    #expect(orders.count == script.settings.claimLimit)
    #expect(orders.allSatisfy { $0.threads == 2 && $0.trial == trials[0].id })
  }

  @Test("a trial's threads do not change again and again")
  func hysteresis() throws {
    var script = try script([Double](repeating: 10_000, count: 8))
    script.announce("w", cores: 8)
    var claims = (0..<8).map { claim($0, threads: 1) }
    script.beat("w", claims: claims)
    var orders: [TrialID: Int] = [:]
    // One after the other ends, every 5 s, and each end frees a core.
    for ended in 0..<7 {
      script.seconds += 5
      claims.removeFirst()
      for order in script.finish(trials[ended], on: "w").threads(to: "w") {
        orders[order.trial, default: 0] += 1
        if let index = claims.firstIndex(where: { $0.trial == order.trial }) {
          claims[index] = claim(ended + 1 + index, threads: order.threads)
        }
      }
      script.beat("w", claims: claims)
    }
    #expect(orders.values.allSatisfy { $0 == 1 })
    // The last one had two or four, and gets all after a while.
    try #require(claims.count == 1 && claims[0].threads ?? 8 < 8)
    #expect(script.pass(80, beating: ["w": claims]).threads(to: "w").isEmpty)
    #expect(script.pass(50, beating: ["w": claims]).threads(to: "w").map(\.threads).first == 8)
    claims[0] = claim(7, threads: 8)
    #expect(script.pass(600, beating: ["w": claims]).threads(to: "w").isEmpty)
  }

  @Test("a restarted coordinator takes over the threads that the worker claims")
  func restart() throws {
    var script = try script([10_000, 10_000])
    script.announce("w", cores: 16)
    script.beat("w", claims: [claim(0, threads: 8), claim(1, threads: 8)])
    var next = try script.restarted()
    next.resume()
    let effects = next.announce(
      "w", cores: 16, claims: [claim(0, step: 9, threads: 8), claim(1, step: 9, threads: 8)])
    #expect(effects.threads(to: "w").isEmpty)
    #expect(next.coordinator.runningTrials.map(\.threads) == [8, 8])
    #expect(next.pass(100, beating: ["w": [claim(0, step: 9, threads: 8)]]).threads(to: "w") == [])
  }

  @Test("a critical trial takes several cores before trials that wait")
  func critical() throws {
    var script = try script([100_000] + [Double](repeating: 600, count: 19))
    let effects = script.announce("w", cores: 16)
    let first = effects.assignments(to: "w").first
    #expect(first?.trial == trials[0].id)
    #expect(first?.threads == 8)
    #expect(effects.assignments(to: "w").count == 9)
  }

  @Test("the forecast counts on the idle cores")
  func forecast() throws {
    func remaining(cores: Int) throws -> Double {
      var script = try script([10_000])
      script.announce("w", slots: 1, cores: cores)
      let forecast = script.coordinator.forecast(at: script.now)
      return (forecast.remaining ?? .zero) / .seconds(1)
    }
    #expect(abs(try remaining(cores: 0) - 10_000) < 1)
    #expect(abs(try remaining(cores: 8) - 10_000 / 5.5) < 1)
  }
}

extension [Effect] {
  /// The orders of threads sent on a connection.
  fileprivate func threads(to connection: String) -> [ThreadOrder] {
    sent(to: connection).compactMap {
      guard case .assignThreads(let trial, let attempt, let threads) = $0 else { return nil }
      return ThreadOrder(trial: trial, attempt: attempt, threads: threads)
    }
  }
}

private struct ThreadOrder: Equatable {
  var trial: TrialID
  var attempt: Int
  var threads: Int
}

extension Script {
  /// The last threads that were sent for each trial, on the connection "w"; nil for none.
  fileprivate func threads(of trials: [PlannedTrial], after effects: [Effect]) -> [Int?] {
    var threads: [TrialID: Int] = [:]
    for directive in effects.sent(to: "w") {
      switch directive {
      case .assign(let assignment): threads[assignment.trial] = assignment.threads
      case .assignThreads(let trial, _, let count): threads[trial] = count
      default: continue
      }
    }
    return trials.filter { planned in plan.contains { $0.id == planned.id } }.map { threads[$0.id] }
  }
}
