import Coordination
import SimulatedCluster
import Testing
import Trials

/// A coordinator, its journal and a clock, driven line by line.
struct Script {
  let plan: [PlannedTrial]
  let settings: CoordinationSettings
  var coordinator: Coordinator
  var journal: [JournalRecord] = []
  var seconds = 0.0

  init(
    _ plan: [PlannedTrial], expectedCost: [TrialID: Double] = [:],
    settings: CoordinationSettings = CoordinationSettings(), journal: [JournalRecord] = []
  ) throws {
    self.plan = plan
    self.settings = settings
    coordinator = Coordinator(plan: plan, expectedCost: expectedCost, settings: settings)
    for record in journal { try coordinator.replay(record) }
    self.journal = journal
  }

  /// The script's coordinator after a crash: a fresh one, with the journal as it is now.
  func restarted(settings: CoordinationSettings? = nil) throws -> Script {
    try Script(plan, settings: settings ?? self.settings, journal: journal)
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
    _ worker: String, slots: Int = 1, on connection: String? = nil, claims: [Claim] = []
  ) -> [Effect] {
    handle(
      .workerAnnounced(
        WorkerAnnouncement(
          worker: WorkerID(worker), host: "host-\(worker)", slots: slots, claims: claims),
        on: Self.connection(connection ?? worker)))
  }

  @discardableResult
  mutating func beat(_ connection: String, claims: [Claim] = []) -> [Effect] {
    handle(.heartbeatReceived(claims: claims, on: Self.connection(connection)))
  }

  @discardableResult
  mutating func finish(
    _ trial: PlannedTrial, attempt: Int = 1, on connection: String, result: TrialResult? = nil
  ) -> [Effect] {
    handle(
      .trialFinished(
        trial: trial.id, attempt: attempt,
        result: result ?? SimulatedSweep.result(of: trial.configuration),
        on: Self.connection(connection)))
  }

  @discardableResult
  mutating func fail(
    _ trial: PlannedTrial, attempt: Int, cause: FailureCause = .exitCode, on connection: String
  ) -> [Effect] {
    handle(
      .attemptFailed(
        trial: trial.id, attempt: attempt, failure: TrialFailure(cause: cause, message: "it broke"),
        checkpoint: nil, on: Self.connection(connection)))
  }

  /// Lets time pass with a tick in each half second; workers beat as told.
  @discardableResult
  mutating func pass(_ duration: Double, beating: [String: [Claim]] = [:]) -> [Effect] {
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

  /// The assignments, as trial and attempt, sent on a connection.
  func assigned(to connection: String) -> [Claim] {
    sent(to: connection).compactMap {
      guard case .assign(let assignment) = $0 else { return nil }
      return Claim(trial: assignment.trial, attempt: assignment.attempt)
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
  func claim(attempt: Int = 1, step: Int? = nil) -> Claim {
    Claim(
      trial: id, attempt: attempt,
      progress: step.map {
        TrialProgress(
          step: $0, totalSteps: 1000, mse: 9, gatesOpen: 4, multiplier: 1, stepsPerSecond: 50)
      })
  }
}
