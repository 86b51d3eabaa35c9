import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// Longer runs that resume from the end of shorter ones.
@Suite("Longer runs")
struct LongerRunScenarios {
  private let short = SimulatedSweep.run(seed: 1, to: [500])
  private let long = SimulatedSweep.run(seed: 1, to: [500, 1000])

  private func started(
    _ plan: [PlannedTrial], kept: Int = 1000, workers: [String] = ["w1"]
  ) throws -> Script {
    var settings = CoordinationSettings()
    settings.keptCheckpointByteCount = kept
    var script = try Script(plan, settings: settings)
    script.resume()
    for worker in workers { script.announce(worker) }
    return script
  }

  private func last(of trial: PlannedTrial) -> TrialCheckpoint { .of(trial, step: 500) }

  private func finish(
    _ trial: PlannedTrial, attempt: Int = 1, on worker: String = "w1", in script: inout Script
  ) -> [Effect] {
    script.handle(
      .trialFinished(
        trial: trial.id, attempt: attempt,
        result: SimulatedSweep.result(of: trial.configuration), checkpoint: last(of: trial),
        on: Script.connection(worker)))
  }

  private var beginning: TrajectoryPiece {
    TrajectoryPiece(
      after: .beginning, payload: SimulatedSweep.trajectory(of: long.configuration, to: 500))
  }

  private var extended: TrialCheckpoint {
    var checkpoint = last(of: short)
    checkpoint.trajectory = beginning.end.prefix
    return checkpoint
  }

  @Test("a longer run waits for the shorter one, and resumes from its last checkpoint")
  func goesOn() throws {
    var script = try started([long, short], workers: ["w1", "w2"])
    #expect(script.coordinator.runningTrials.map(\.trial) == [short.id])
    #expect(
      script.coordinator.explanation(of: long.id, at: script.now)?.reason
        == .waitsForShorterRun(short.id))
    let effects = finish(short, in: &script)
    #expect(
      effects.contains(
        .prepareExtension(trial: long.id, of: short.id, checkpoint: last(of: short))))
    #expect(script.coordinator.runningTrials.isEmpty)
    let next = script.handle(
      .extensionPrepared(trial: long.id, checkpoint: extended, trajectory: beginning))
    #expect(next.notices.contains(.trialExtended(long.id, step: 500)))
    let assignment = try #require(
      next.assignments(to: "w1").first ?? next.assignments(to: "w2").first)
    #expect(
      assignment.checkpoints
        == [ResumePoint(checkpoint: extended, trajectory: beginning.end)])
    #expect(assignment.wantsLastCheckpoint)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test("without the shorter run's files it starts from step 0")
  func failed() throws {
    var script = try started([short, long])
    _ = finish(short, in: &script)
    let effects = script.handle(.extensionFailed(trial: long.id, reason: "gone"))
    #expect(effects.notices.contains(.extensionFailed(long.id, reason: "gone")))
    #expect(effects.assignments(to: "w1").first?.checkpoints == [])
  }

  @Test("a restarted coordinator requests the extension again")
  func restarted() throws {
    var script = try started([short, long])
    _ = finish(short, in: &script)
    script = try script.restarted()
    #expect(
      script.resume().contains(
        .prepareExtension(trial: long.id, of: short.id, checkpoint: last(of: short))))
  }

  @Test("when the shorter run ends without a result, the longer one starts from step 0")
  func shorterStopped() throws {
    var script = try started([short, long])
    let effects = script.handle(.cancelRequested(trials: [short.id], reason: "no"))
    #expect(effects.assignments(to: "w1").map(\.trial) == [long.id])
    #expect(effects.assignments(to: "w1").first?.checkpoints == [])
  }

  @Test("if no checkpoints of complete trials are kept, both run at once")
  func keepsNone() throws {
    let script = try started([short, long], kept: 0, workers: ["w1", "w2"])
    #expect(script.coordinator.runningTrials.map(\.trial) == [short.id, long.id])
  }

  @Test("a longer run may also resume from a trial that is no longer planned")
  func orphaned() throws {
    var coordinator = Coordinator(
      plan: [long],
      orphanedRuns: [long.id: OrphanedRun(trial: short.id, checkpoint: last(of: short))],
      settings: CoordinationSettings())
    let effects = coordinator.resume(at: Instant(sinceStart: .zero))
    #expect(
      effects == [.prepareExtension(trial: long.id, of: short.id, checkpoint: last(of: short))])
  }

  @Test("the oldest checkpoints are dropped first; needed ones stay")
  func limit() throws {
    let others = (2...4).map { SimulatedSweep.run(seed: UInt64($0), to: [500]) }
    // Each has 100 bytes.
    var script = try started([short] + others + [long], kept: 250)
    _ = finish(short, in: &script)
    for trial in others { _ = finish(trial, in: &script) }
    let dropped = script.journal.compactMap { record -> TrialID? in
      if case .checkpointDropped(let trial) = record { trial } else { nil }
    }
    #expect(dropped == [others[0].id, others[1].id])
    #expect(
      script.coordinator.checkpointDigests
        == [last(of: short).digest, last(of: others[2]).digest])
  }

  @Test("discarding a shorter run also discards the longer one")
  func discarded() throws {
    // A trial that no worker finishes, so that the sweep does not end.
    var script = try started([short, long, SimulatedSweep.baseline(seed: 9)])
    _ = finish(short, in: &script)
    script.handle(.clockTicked)
    script.announce("w2")
    script.handle(
      .extensionPrepared(trial: long.id, checkpoint: extended, trajectory: beginning))
    let worker = script.coordinator.runningTrials.first { $0.trial == long.id }?.worker
    script.finish(long, on: try #require(worker).rawValue)
    #expect(script.coordinator.discarding([short.id]) == [short.id, long.id])
    let effects = script.handle(.discardRequested(trials: [short.id], reason: "no"))
    #expect(effects.discarded == [last(of: short).digest])
    #expect(script.coordinator.counts.complete == 0)
    #expect(try script.restarted().coordinator.ledger == script.coordinator.ledger)
  }

  @Test(
    "from which trials a longer run can resume",
    arguments: [
      ([500], [1000], true), ([300, 500], [1000], true), ([500], [300, 1000], false),
      ([300, 500], [300, 1000], true), ([1000], [500], false), ([500], [500], false),
    ])
  func extends(shorter: [Int], longer: [Int], canExtend: Bool) {
    var shorter = SimulatedSweep.run(seed: 1, to: shorter).configuration
    let longer = SimulatedSweep.run(seed: 1, to: longer).configuration
    #expect(longer.canExtend(shorter) == canExtend)
    var other = shorter
    other.seed += 1
    #expect(!longer.canExtend(other))
    // The record of latents is no obstacle in either direction.
    shorter.trainer.latentTraversals = .recorded
    #expect(longer.canExtend(shorter) == canExtend)
  }
}
