import Coordination
import SimulatedCluster
import Testing
import Trials

/// Hosts of one name that are distinguished by an id.
@Suite("Scenarios: hosts of one name")
struct HostScenarios {
  private static let north = HostIdentity.text(name: "localhost", id: "0123abcd")
  private static let south = HostIdentity.text(name: "localhost", id: "89ef4567")
  private let trials = (1...8 as ClosedRange<UInt64>).map { SimulatedSweep.baseline(seed: $0) }

  private func started() throws -> Script {
    var script = try Script(trials)
    script.resume()
    script.announce("n", host: Self.north)
    script.announce("s", slots: 3, host: Self.south)
    return script
  }

  private func drained(_ script: Script) -> [Bool] { script.coordinator.workers.map(\.isDrained) }

  @Test("an identity is a name and an id; any other text is a name")
  func identity() {
    #expect(HostIdentity.name(in: Self.north) == "localhost")
    #expect(HostIdentity.text(name: "a", id: "") == "a")
    for name in ["a", "a~b", "~", "a~0123abc", "a~0123ABCD", "büro-1", ""] {
      #expect(HostIdentity.name(in: name) == name)
    }
  }

  @Test("each is shown with its id while there are two, and by its name alone after that")
  func shown() throws {
    var script = try started()
    #expect(script.coordinator.workers.map(\.host) == [Self.north, Self.south])
    script.handle(.workerLeft(reason: "enough", on: Script.connection("n")))
    #expect(script.coordinator.workers.map(\.host) == ["localhost"])
  }

  @Test("one is drained and undrained, the other continues; a restart preserves this")
  func drain() throws {
    var script = try started()
    let effects = script.handle(.drainRequested(host: Self.south, reason: "hot"))
    #expect(effects.records.contains(.hostDrained(host: Self.south, reason: "hot")))
    #expect(drained(script) == [false, true])
    #expect(Array(script.coordinator.drainedHosts.keys) == [Self.south])
    var restarted = try script.restarted()
    restarted.resume()
    restarted.announce("n", host: Self.north)
    restarted.announce("s", host: Self.south)
    #expect(drained(restarted) == [false, true])
    restarted.handle(.undrainRequested(host: Self.south))
    #expect(drained(restarted) == [false, false])
  }

  @Test("the name of the only host stands for it, not for one that joins later")
  func onlyOne() throws {
    var script = try Script(trials)
    script.resume()
    script.announce("s", host: Self.south)
    let effects = script.handle(.drainRequested(host: "localhost", reason: "hot"))
    #expect(effects.records.contains(.hostDrained(host: Self.south, reason: "hot")))
    #expect(Array(script.coordinator.drainedHosts.keys) == ["localhost"])
    script.announce("n", host: Self.north)
    #expect(drained(script) == [true, false])
  }

  @Test("a drain of a name alone, from an earlier release, applies to all hosts of the name")
  func former() throws {
    var script = try Script(trials, journal: [.hostDrained(host: "localhost", reason: "hot")])
    script.resume()
    script.announce("n", host: Self.north)
    script.announce("s", host: Self.south)
    #expect(drained(script) == [true, true])
    script.handle(.undrainRequested(host: "localhost"))
    #expect(drained(script) == [false, false])
  }

  @Test("trials that fail on one of them count against that one")
  func deaths() throws {
    var script = try started()
    script.finish(trials[0], on: "n")
    var effects: [Effect] = []
    let running = script.coordinator.runningTrials.filter { $0.worker == WorkerID("s") }
    for trial in trials where running.contains(where: { $0.trial == trial.id }) {
      effects += script.fail(trial, attempt: 1, on: "s")
    }
    #expect(drained(script) == [false, true])
  }

  @Test("failures on both of them are failures on two hosts: the stage pauses")
  func pause() throws {
    var script = try started()
    var effects: [Effect] = []
    for running in script.coordinator.runningTrials.sorted(by: { $0.worker < $1.worker }) {
      guard let trial = trials.first(where: { $0.id == running.trial }) else { continue }
      effects += script.fail(trial, attempt: 1, on: "\(running.worker)")
    }
    let pauses = effects.records.filter { if case .stagePaused = $0 { true } else { false } }
    #expect(pauses.count == 1)
  }
}
