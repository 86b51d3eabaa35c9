import Coordination
import Digests
import SimulatedCluster
import Testing
import Trials

/// A coordinator, its journal and a clock, driven line by line.
struct Script {
  let plan: [PlannedTrial]
  let settings: CoordinationSettings
  let expectedCost: [TrialID: Double]
  let expectedSteps: [TrialID: Int]
  var coordinator: Coordinator
  var journal: [JournalRecord] = []
  var seconds = 0.0

  init(
    _ plan: [PlannedTrial], expectedCost: [TrialID: Double] = [:],
    expectedSteps: [TrialID: Int] = [:],
    settings: CoordinationSettings = CoordinationSettings(), journal: [JournalRecord] = []
  ) throws {
    self.plan = plan
    self.settings = settings
    self.expectedCost = expectedCost
    self.expectedSteps = expectedSteps
    coordinator = Coordinator(
      plan: plan, expectedCost: expectedCost, expectedSteps: expectedSteps, settings: settings)
    for record in journal { try coordinator.replay(record) }
    self.journal = journal
  }

  /// The script's coordinator after a crash: a fresh one, with the journal as it is now.
  func restarted(settings: CoordinationSettings? = nil) throws -> Script {
    try Script(
      plan, expectedCost: expectedCost, expectedSteps: expectedSteps,
      settings: settings ?? self.settings, journal: journal)
  }

  var now: Instant { Instant(sinceStart: .milliseconds(Int(seconds * 1000))) }

  @discardableResult
  mutating func resume() -> [Effect] { keep(coordinator.resume(at: now)) }

  @discardableResult
  mutating func handle(_ event: Event) -> [Effect] { keep(coordinator.handle(event, at: now)) }

  private mutating func keep(_ effects: [Effect]) -> [Effect] {
    for case .append(let record) in effects { journal.append(record) }
    return effects
  }

  @discardableResult
  mutating func announce(
    _ worker: String, slots: Int = 1, cores: Int = 0, host: String? = nil,
    instructionSet: String = "",
    on connection: String? = nil, claims: [AttemptClaim] = [], obstacle: String? = nil
  ) -> [Effect] {
    handle(
      .workerAnnounced(
        WorkerAnnouncement(
          worker: WorkerID(worker), host: host ?? "host-\(worker)",
          slots: max(cores, slots), divisibleCores: cores,
          instructionSet: instructionSet, claims: claims, obstacle: obstacle),
        on: Self.connection(connection ?? worker)))
  }

  @discardableResult
  mutating func beat(
    _ connection: String, claims: [AttemptClaim] = [], obstacle: String? = nil
  ) -> [Effect] {
    handle(
      .heartbeatReceived(
        claims: claims, obstacle: obstacle, on: Self.connection(connection)))
  }

  @discardableResult
  mutating func finish(
    _ trial: PlannedTrial, attempt: Int = 1, on connection: String, result: ReceivedResult? = nil
  ) -> [Effect] {
    handle(
      .trialFinished(
        trial: trial.id, attempt: attempt,
        result: result ?? SimulatedSweep.result(of: trial.configuration),
        on: Self.connection(connection)))
  }

  @discardableResult
  mutating func fail(
    _ trial: PlannedTrial, attempt: Int, cause: FailureCause = .exitCode,
    checkpoint: TrialCheckpoint? = nil, on connection: String
  ) -> [Effect] {
    handle(
      .attemptFailed(
        trial: trial.id, attempt: attempt, failure: TrialFailure(cause: cause, message: "it broke"),
        checkpoint: checkpoint, on: Self.connection(connection)))
  }

  /// Lets time pass with a tick every half second; the given workers send heartbeats.
  @discardableResult
  mutating func pass(_ duration: Double, beating: [String: [AttemptClaim]] = [:]) -> [Effect] {
    var effects: [Effect] = []
    let end = seconds + duration
    while seconds < end {
      seconds += 0.5
      if seconds.truncatingRemainder(dividingBy: 5) == 0 {
        for worker in beating.keys.sorted() {
          effects += beat(worker, claims: beating[worker] ?? [])
        }
      }
      effects += handle(.clockTicked)
    }
    return effects
  }

  static func connection(_ name: String) -> ConnectionID { ConnectionID(Array(name.utf8)) }
}

extension [Effect] {
  /// What was sent on a connection.
  func sent(to connection: String) -> [Directive] {
    compactMap {
      guard case .send(let directive, Script.connection(connection)) = $0 else { return nil }
      return directive
    }
  }

  /// The assignments sent on a connection.
  func assignments(to connection: String) -> [Assignment] {
    sent(to: connection).compactMap {
      if case .assign(let assignment) = $0 { assignment } else { nil }
    }
  }

  /// The checkpoints to delete.
  var discarded: [Digest] {
    compactMap { if case .discardCheckpoint(let digest) = $0 { digest } else { nil } }
  }

  /// The assignments, as trial and attempt, sent on a connection.
  func assigned(to connection: String) -> [AttemptClaim] {
    sent(to: connection).compactMap {
      guard case .assign(let assignment) = $0 else { return nil }
      return AttemptClaim(trial: assignment.trial, attempt: assignment.attempt)
    }
  }

  var notices: [Notice] {
    compactMap { if case .notify(let notice) = $0 { notice } else { nil } }
  }

  var records: [JournalRecord] {
    compactMap { if case .append(let record) = $0 { record } else { nil } }
  }

  var ending: SweepEnding? {
    lazy.compactMap { if case .finish(let ending) = $0 { ending } else { nil } }.first
  }
}

extension PlannedTrial {
  func claim(
    attempt: Int = 1, step: Int? = nil, stepsPerSecond: Double = 50,
    checkpoint: TrialCheckpoint? = nil
  ) -> AttemptClaim {
    AttemptClaim(
      trial: id, attempt: attempt,
      progress: step.map {
        TrialProgress(
          step: $0, totalSteps: 1000, mse: 9, gatesOpen: 4, multiplier: 1,
          stepsPerSecond: stepsPerSecond)
      }, checkpoint: checkpoint)
  }
}

extension TrialCheckpoint {
  /// A checkpoint after a step, whose bytes are of that trial and step.
  static func of(
    _ trial: PlannedTrial, step: Int, instructionSet: String = "avx2"
  ) -> TrialCheckpoint {
    TrialCheckpoint(
      step: step, digest: Digest.of("\(trial.id) \(step) \(instructionSet)"), byteCount: 100,
      instructionSet: instructionSet, stateDigest: Digest.of("\(step)"), trajectory: .empty)
  }
}

extension Assignment {
  /// The checkpoints, without their positions in the trajectory.
  var checkpointsOnly: [TrialCheckpoint] { checkpoints.map(\.checkpoint) }
}
