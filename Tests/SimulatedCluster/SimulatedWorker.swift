import Coordination
import Digests
import Trials

/// The bytes of a checkpoint: whose state after how many steps they are.
package struct SimulatedBlob: Hashable, Sendable {
  package var trial: TrialID
  package var step: Int
}

/// A worker that follows the protocol and computes nothing.
///
/// It never drops finished work unless it is told that the result is not needed.
struct SimulatedWorker {
  let id: WorkerID
  let host: String
  let slots: Int
  /// How much faster it computes than the slowest.
  let speed: Int
  let instructionSet: String
  let repeatsFailures: Bool
  /// Whether it heeds an acknowledgement only of its own attempt number or a later one; the
  /// protocol allows either.
  let fencesAcknowledgements: Bool
  var connection: ConnectionID
  var isWelcome = false
  var isDraining = false
  var lastHeard: Int
  var pausedUntil = 0
  /// The network drops what the worker says, or what it is told, until then.
  var silencedUntil = 0
  var deafenedUntil = 0
  /// Its disk has no room for another trial until then.
  var fullUntil = 0
  private(set) var works: [Work] = []

  /// What it works on or holds.
  struct Work {
    let trial: TrialID
    var attempt: Int
    let configuration: TrialConfiguration
    /// Tells a computation from a later one of the same trial.
    let run: Int
    /// Steps done.
    var step: Int
    /// The latest checkpoint that the coordinator's blob store has.
    var checkpoint: TrialCheckpoint?
    var stepsPerSecond = 0.0
    /// When the steps since `step` began.
    var since: Int
    var outcome: Outcome?
    var reportedAt = 0
  }

  enum Outcome {
    case finished(TrialResult)
    case failed(TrialFailure)
  }

  /// What a worker does in answer to something.
  enum Deed {
    case say(Event)
    case compute(trial: TrialID, run: Int)
    /// It forgot a finished result because it was told to.
    case forgetResult(TrialID, TrialResult)
    case exit
  }

  init(
    number: Int, slots: Int, speed: Int, options: SimulationOptions, connection: ConnectionID,
    now: Int
  ) {
    id = WorkerID("w\(number)")
    host = "h\(number % options.hostCount)"
    instructionSet = options.trialsMove || number.isMultiple(of: 2) ? "avx512" : "avx2"
    self.slots = slots
    self.speed = speed
    repeatsFailures = options.failureReportsAreRepeated
    fencesAcknowledgements = options.acknowledgementsAreFenced
    self.connection = connection
    lastHeard = now
  }

  /// The results that survive a crash of the process when its spool does.
  var finishedWorks: [Work] {
    works.filter { if case .finished = $0.outcome { true } else { false } }
  }

  mutating func inherit(_ spool: [Work]) { works = spool }

  private var claims: [Claim] {
    works.map { work in
      Claim(
        trial: work.trial, attempt: work.attempt,
        progress: work.step == 0
          ? nil
          : TrialProgress(
            step: work.step, totalSteps: SimulatedSweep.steps, mse: 9, gatesOpen: 4,
            multiplier: 1, stepsPerSecond: work.stepsPerSecond), checkpoint: work.checkpoint)
    }
  }

  private func obstacle(at now: Int) -> String? {
    isDraining ? "it leaves" : now < fullUntil ? "its disk is full" : nil
  }

  func announcement(at now: Int) -> Deed {
    .say(
      .workerAnnounced(
        WorkerAnnouncement(
          worker: id, host: host, slots: slots, instructionSet: instructionSet, claims: claims,
          obstacle: obstacle(at: now)),
        on: connection))
  }

  /// What it says to be alive; nothing before it is welcome.
  func heartbeat(at now: Int) -> [Deed] {
    guard isWelcome else { return [] }
    return [
      .say(.heartbeatReceived(claims: claims, obstacle: obstacle(at: now), on: connection))
    ]
  }

  mutating func receive(
    _ directive: Directive, nextRun: Int, blobs: [Digest: SimulatedBlob], at now: Int
  ) -> [Deed] {
    lastHeard = now
    switch directive {
    case .welcome:
      let wasWelcome = isWelcome
      isWelcome = true
      return wasWelcome ? [] : reports(at: now, all: true)
    case .heartbeat: return []
    case .announceAgain: return [announcement(at: now)]
    case .drain: return drain(at: now)
    case .shutDown: return [.exit]
    case .assign(let assignment): return accept(assignment, run: nextRun, blobs: blobs, at: now)
    case .acknowledge(let trial, let attempt):
      guard
        let index = works.firstIndex(where: {
          $0.trial == trial && ($0.attempt <= attempt || !fencesAcknowledgements)
        })
      else { return leaveIfDrained() }
      guard case .finished(let result) = works.remove(at: index).outcome else {
        return leaveIfDrained()
      }
      return [.forgetResult(trial, result)] + leaveIfDrained()
    case .abandon(let trial, let attempt, _):
      guard let index = works.firstIndex(where: { $0.trial == trial }) else { return [] }
      if case .finished = works[index].outcome { return [] }
      if works[index].attempt <= attempt { works.remove(at: index) }
      return leaveIfDrained()
    }
  }

  private mutating func accept(
    _ order: Assignment, run: Int, blobs: [Digest: SimulatedBlob], at now: Int
  ) -> [Deed] {
    if let index = works.firstIndex(where: { $0.trial == order.trial }) {
      guard order.attempt > works[index].attempt else { return [] }
      if case .failed = works[index].outcome {
        works.remove(at: index)
      } else {
        works[index].attempt = order.attempt
        return works[index].outcome == nil ? [] : [report(index, at: now)]
      }
    }
    let hasRoom = works.count(where: { $0.outcome == nil }) < slots
    if isDraining || now < fullUntil || !hasRoom {
      let failure = TrialFailure(
        cause: isDraining || now >= fullUntil ? .stopped : .diskFull, message: "not taken")
      return [
        .say(
          .attemptFailed(
            trial: order.trial, attempt: order.attempt, failure: failure, checkpoint: nil,
            on: connection))
      ]
    }
    // A checkpoint under way for long may have been deleted; then the one before, or the start.
    let usable = order.checkpoints.first { blobs[$0.digest]?.trial == order.trial }
    works.append(
      Work(
        trial: order.trial, attempt: order.attempt, configuration: order.configuration, run: run,
        step: usable?.step ?? 0, checkpoint: usable, since: now))
    return [.compute(trial: order.trial, run: run)]
  }

  /// Hands back what it works on; what is finished stays until it is acknowledged.
  private mutating func drain(at now: Int) -> [Deed] {
    let isFirst = !isDraining
    isDraining = true
    let heartbeat = isFirst ? heartbeat(at: now) : []
    let unfinished = works.filter { $0.outcome == nil }
    works.removeAll { $0.outcome == nil }
    return heartbeat
      + unfinished.map { work in
        .say(
          .attemptFailed(
            trial: work.trial, attempt: work.attempt,
            failure: TrialFailure(cause: .stopped, message: "drained"), checkpoint: work.checkpoint,
            on: connection))
      } + leaveIfDrained()
  }

  private func leaveIfDrained() -> [Deed] {
    guard isDraining, works.isEmpty else { return [] }
    return [.say(.workerLeft(reason: "drained", on: connection)), .exit]
  }

  /// A computation that goes on; nil if it was abandoned.
  func work(of trial: TrialID, run: Int) -> Work? {
    works.first { $0.trial == trial && $0.run == run && $0.outcome == nil }
  }

  /// Takes a computation further.
  mutating func advance(
    _ trial: TrialID, run: Int, to step: Int, stepsPerSecond: Double, storing: TrialCheckpoint?,
    at now: Int
  ) -> [Deed] {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.run == run }) else {
      return []
    }
    works[index].since = now
    works[index].step = step
    works[index].stepsPerSecond = stepsPerSecond
    guard let storing else { return [] }
    works[index].checkpoint = storing
    return heartbeat(at: now)
  }

  /// Steps done since the last ones that count, which die with the process.
  func stepsInHand(at now: Int) -> Int {
    works.filter { $0.outcome == nil && pausedUntil <= now }.reduce(0) { sum, work in
      let steps = Int(Double(now - work.since) / 1000 * work.stepsPerSecond)
      return sum + min(max(steps, 0), SimulatedSweep.interval)
    }
  }

  mutating func end(_ trial: TrialID, run: Int, _ outcome: Outcome, at now: Int) -> [Deed] {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.run == run }) else {
      return []
    }
    works[index].outcome = outcome
    let report = report(index, at: now)
    if case .failed = outcome, !repeatsFailures { works.remove(at: index) }
    return [report]
  }

  private mutating func report(_ index: Int, at now: Int) -> Deed {
    works[index].reportedAt = now
    let work = works[index]
    switch work.outcome {
    case .finished(let result):
      return .say(
        .trialFinished(
          trial: work.trial, attempt: work.attempt, result: result, on: connection))
    case .failed(let failure):
      return .say(
        .attemptFailed(
          trial: work.trial, attempt: work.attempt, failure: failure, checkpoint: work.checkpoint,
          on: connection))
    case nil: preconditionFailure("work that goes on has nothing to report")
    }
  }

  private mutating func reports(at now: Int, all: Bool) -> [Deed] {
    works.indices
      .filter { works[$0].outcome != nil && (all || now - works[$0].reportedAt >= 10_000) }
      .map { report($0, at: now) }
  }

  /// What it does once in every heartbeat interval.
  mutating func beat(at now: Int) -> [Deed] {
    guard isWelcome else { return [announcement(at: now)] }
    return heartbeat(at: now) + reports(at: now, all: false)
  }

  /// Changes to a new connection.
  mutating func reconnect(_ connection: ConnectionID, at now: Int) -> [Deed] {
    self.connection = connection
    isWelcome = false
    lastHeard = now
    return [announcement(at: now)]
  }
}
