import Coordination
import SimulatedCluster
import Testing
import Trials

/// Workers that report an obstacle to taking trials, such as a full disk.
@Suite("Scenarios: workers with an obstacle")
struct ObstacleScenarios {
  let trials = (1...3 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }
  private let obstacle = "the disk of its cache is full"

  private func started() throws -> Script {
    var script = try Script(trials)
    script.resume()
    return script
  }

  @Test("a worker that joins with a full disk gets nothing until it reports free space")
  func joins() throws {
    var script = try started()
    let joined = script.announce("w1", slots: 2, obstacle: obstacle)
    #expect(joined.assignments(to: "w1") == [])
    #expect(joined.notices.last == .workerHindered(WorkerID("w1"), obstacle: obstacle))
    #expect(script.coordinator.workers.map(\.obstacle) == [obstacle])
    #expect(script.coordinator.explanation(of: trials[0].id)?.reason == .queued(ahead: 0))
    let still = script.beat("w1", obstacle: obstacle)
    #expect(still.assignments(to: "w1") == [] && still.notices == [])
    let freed = script.beat("w1")
    #expect(freed.notices.first == .workerUnhindered(WorkerID("w1")))
    #expect(freed.assigned(to: "w1") == [trials[0].claim(), trials[1].claim()])
  }

  @Test("a worker whose disk fills keeps its trials and gets no more; others do")
  func fills() throws {
    var script = try started()
    #expect(script.announce("w1", slots: 2).assigned(to: "w1").count == 2)
    let kept = [trials[1].claim()]
    script.beat("w1", claims: [trials[0].claim()] + kept, obstacle: obstacle)
    #expect(
      script.fail(trials[0], attempt: 1, cause: .diskFull, on: "w1").assignments(to: "w1") == [])
    #expect(script.announce("w2").assigned(to: "w2").count == 1)
    // A new announcement also carries the obstacle, or its end.
    script.handle(.connectionLost(Script.connection("w1")))
    let again = script.announce("w1", slots: 2, on: "w1-b", claims: kept, obstacle: obstacle)
    #expect(again.assignments(to: "w1-b") == [])
    #expect(script.coordinator.counts.running == 2)
    script.handle(.connectionLost(Script.connection("w1-b")))
    #expect(
      script.announce("w1", slots: 2, on: "w1-c", claims: kept).assigned(to: "w1-c").count == 1)
  }

  @Test("refusals because of a full disk count neither against the host nor the trials")
  func refusals() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("good")
    script.announce("full", slots: 2)
    script.beat("full", obstacle: obstacle)
    for trial in [trials[1], trials[2]] {
      let effects = script.fail(trial, attempt: 1, cause: .diskFull, on: "full")
      #expect(effects.assignments(to: "full") == [])
    }
    #expect(script.coordinator.drainedHosts.isEmpty)
    #expect(script.coordinator.standing(of: trials[1].id)?.chargedFailures == 0)
  }

  @Test("a restarted coordinator leaves trials running on a host with a full disk")
  func adopted() throws {
    var script = try started()
    script.announce("w1")
    script.handle(.workerLeft(reason: "lost", on: Script.connection("w1")))
    let claims = [trials[0].claim(step: 100)]
    let effects = script.announce("w1", on: "w1-again", claims: claims, obstacle: obstacle)
    #expect(effects.assigned(to: "w1-again") == [trials[0].claim(attempt: 2)])
    #expect(script.coordinator.counts.running == 1)
  }
}
