import Coordination
import Digests
import Trials

/// A simulated checkpoint: its trial content and step.
package struct SimulatedBlob: Hashable, Sendable {
  /// What the trial computes, whatever its milestones.
  package var content: TrialID
  package var step: Int
  /// Its flaw; nil if it is correct.
  package var flaw: CheckpointFlaw?

  /// Whether it passes the check for a trial of this content and step.
  func isWhole(of content: TrialID, step: Int) -> Bool {
    self.content == content && self.step == step && flaw != .visible
  }
}

/// A flaw of a checkpoint with valid digests.
package enum CheckpointFlaw: Hashable, Sendable, CaseIterable {
  /// Its numbers are not finite or out of range, so that a check refuses it.
  case visible
  /// Its numbers are within their ranges, and training from it diverges some steps later.
  case hidden
}

/// A worker that follows the protocol and computes nothing, also in ways that the real worker does
/// not use.
///
/// It drops finished work only when told that the result is not needed.
struct SimulatedWorker {
  let repeatsFailures: Bool
  /// Whether it accepts acknowledgements only for its own attempt number or a later one; the
  /// protocol allows both.
  let fencesAcknowledgements: Bool
  var isWelcome = false
  var isDraining = false
  var lastHeard: Int
  private(set) var works: [Work] = []

  /// What it works on or holds.
  struct Work {
    let trial: TrialID
    var attempt: Int
    let configuration: TrialConfiguration
    /// Identifies a computation among those of a trial.
    let run: Int
    /// The attempt under which this computation began; it may continue under later ones.
    let begunUnder: Int
    /// Steps done.
    var step: Int
    /// Its reports and rows.
    var stream: SimulatedStream
    /// The last checkpoint of a finished one, if it is stored.
    var last: TrialCheckpoint?
    /// The latest checkpoint that the coordinator's blob store has.
    var checkpoint: TrialCheckpoint?
    /// The assigned checkpoints that it refused.
    var refused: [RefusedCheckpoint] = []
    /// Whether it went on from a state that leads to no end.
    var isTainted = false
    var stepsPerSecond = 0.0
    /// When the steps since `step` began.
    var since: Int
    var outcome: Outcome?
    var reportedAt = 0
  }

  enum Outcome {
    case finished(ReceivedResult)
    case failed(TrialFailure)
  }

  /// An action of a worker.
  enum Deed {
    case say(Event)
    case compute(trial: TrialID, run: Int)
    /// It forgot a finished result because it was told to.
    case forgetResult(TrialID, ReceivedResult, begunUnder: Int)
    case exit
  }

  /// A worker that finds a spool.
  init(_ spool: Spool, options: SimulationOptions, now: Int) {
    repeatsFailures = options.failureReportsAreRepeated
    fencesAcknowledgements = options.acknowledgementsAreFenced
    lastHeard = now
    works = spool.results.map { entry in
      var work = Work(
        trial: entry.trial, attempt: entry.attempt, configuration: entry.configuration, run: 0,
        begunUnder: entry.begunUnder, step: SimulatedSweep.steps(of: entry.configuration),
        stream: SimulatedStream(after: entry.base), since: now, outcome: .finished(entry.result))
      work.stream.append(entry.rows)
      return work
    }
  }

  /// The files that survive a crash of the process.
  var spool: Spool {
    Spool(
      results: works.compactMap { work in
        guard case .finished = work.outcome else { return nil }
        return Spool.Entry(
          trial: work.trial, attempt: work.attempt, begunUnder: work.begunUnder,
          configuration: work.configuration, base: work.stream.base, rows: work.stream.rows)
      })
  }

  private var claims: [AttemptClaim] {
    works.map { work in
      AttemptClaim(
        trial: work.trial, attempt: work.attempt,
        progress: work.step == 0
          ? nil
          : TrialProgress(
            step: work.step, totalSteps: SimulatedSweep.steps(of: work.configuration), mse: 9,
            gatesOpen: 4,
            multiplier: 1, stepsPerSecond: work.stepsPerSecond),
        // A checkpoint without its trajectory cannot be resumed from.
        checkpoint: work.checkpoint.flatMap { work.stream.hasTaken($0.trajectory) ? $0 : nil },
        refusedCheckpoints: work.refused)
    }
  }

  private func obstacle(_ station: Station, at now: Int) -> String? {
    isDraining ? "it leaves" : now < station.fullUntil ? "its disk is full" : nil
  }

  func announcement(from station: Station, at now: Int) -> Deed {
    .say(
      .workerAnnounced(
        WorkerAnnouncement(
          worker: station.id, host: station.host, slots: station.slots,
          instructionSet: station.instructionSet, claims: claims,
          obstacle: obstacle(station, at: now)),
        on: station.connection))
  }

  /// Its heartbeat; nothing before the welcome.
  func heartbeat(from station: Station, at now: Int) -> [Deed] {
    guard isWelcome else { return [] }
    return [
      .say(
        .heartbeatReceived(
          claims: claims, obstacle: obstacle(station, at: now), on: station.connection))
    ]
  }

  mutating func receive(
    _ directive: Directive, at station: Station, nextRun: Int, blobs: [Digest: SimulatedBlob],
    now: Int
  ) -> [Deed] {
    lastHeard = now
    switch directive {
    case .welcome:
      let wasWelcome = isWelcome
      isWelcome = true
      return wasWelcome ? [] : reports(from: station, at: now, all: true)
    case .heartbeat: return []
    case .announceAgain: return [announcement(from: station, at: now)]
    case .drain: return drain(station, at: now)
    case .shutDown, .refuse: return [.exit]
    case .assign(let assignment):
      return accept(assignment, at: station, run: nextRun, blobs: blobs, now: now)
    case .acknowledge(let trial, let attempt):
      guard
        let index = works.firstIndex(where: {
          $0.trial == trial && ($0.attempt <= attempt || !fencesAcknowledgements)
        })
      else { return leaveIfDrained(station) }
      let work = works.remove(at: index)
      guard case .finished(let result) = work.outcome else { return leaveIfDrained(station) }
      return [.forgetResult(trial, result, begunUnder: work.begunUnder)] + leaveIfDrained(station)
    // It has announced no cores to divide, as workers that do not know the message.
    case .assignThreads: return []
    case .reportTaken(let trial, let attempt, let index):
      change(trial, attempt) { $0.stream.noteTaken(report: index) }
      return hand(in: trial, from: station, at: now)
    case .pieceTaken(let trial, let attempt, let byteCount):
      change(trial, attempt) { $0.stream.noteTaken(byteCount: byteCount) }
      return hand(in: trial, from: station, at: now)
    case .trajectoryUnknown(let trial, let attempt, _):
      change(trial, attempt) { $0.stream.rewind() }
      return hand(in: trial, from: station, at: now)
    case .abandon(let trial, let attempt, _):
      guard let index = works.firstIndex(where: { $0.trial == trial }) else { return [] }
      if case .finished = works[index].outcome { return [] }
      if works[index].attempt <= attempt { works.remove(at: index) }
      return leaveIfDrained(station)
    }
  }

  private mutating func accept(
    _ assignment: Assignment, at station: Station, run: Int, blobs: [Digest: SimulatedBlob],
    now: Int
  ) -> [Deed] {
    works.removeAll { $0.trial == assignment.trial && $0.attempt <= assignment.voidThrough }
    if let index = works.firstIndex(where: { $0.trial == assignment.trial }) {
      guard assignment.attempt > works[index].attempt else { return [] }
      if case .failed = works[index].outcome {
        works.remove(at: index)
      } else {
        works[index].attempt = assignment.attempt
        return reports(of: index, from: station, at: now, anew: true)
      }
    }
    let hasRoom = works.count(where: { $0.outcome == nil }) < station.slots
    if isDraining || now < station.fullUntil || !hasRoom {
      let failure = TrialFailure(
        cause: isDraining || now >= station.fullUntil ? .stopped : .diskFull, message: "not taken")
      return [
        .say(
          .attemptFailed(
            trial: assignment.trial, attempt: assignment.attempt, failure: failure, checkpoint: nil,
            on: station.connection))
      ]
    }
    // A checkpoint may have been deleted during its transfer; then use the previous one or start
    // from step 0.
    let content = SimulatedSweep.content(of: assignment.configuration)
    let usable = assignment.checkpoints.first {
      blobs[$0.checkpoint.digest]?.isWhole(of: content, step: $0.checkpoint.step) == true
    }
    let refused = assignment.checkpoints.filter {
      blobs[$0.checkpoint.digest]?.isWhole(of: content, step: $0.checkpoint.step) == false
    }
    works.append(
      Work(
        trial: assignment.trial, attempt: assignment.attempt,
        configuration: assignment.configuration, run: run,
        begunUnder: assignment.attempt, step: usable?.checkpoint.step ?? 0,
        stream: SimulatedStream(after: usable?.trajectory ?? .beginning),
        checkpoint: usable?.checkpoint,
        refused: refused.map { RefusedCheckpoint(digest: $0.checkpoint.digest, reason: "flawed") },
        isTainted: usable.map { blobs[$0.checkpoint.digest]?.flaw == .hidden } ?? false, since: now)
    )
    return [.compute(trial: assignment.trial, run: run)]
  }

  /// Hands back its running trials; finished ones stay until they are acknowledged.
  private mutating func drain(_ station: Station, at now: Int) -> [Deed] {
    let isFirst = !isDraining
    isDraining = true
    let heartbeat = isFirst ? heartbeat(from: station, at: now) : []
    let unfinished = works.filter { $0.outcome == nil }
    works.removeAll { $0.outcome == nil }
    return heartbeat
      + unfinished.map { work in
        .say(
          .attemptFailed(
            trial: work.trial, attempt: work.attempt,
            failure: TrialFailure(cause: .stopped, message: "drained"),
            checkpoint: handedBack(work), on: station.connection))
      } + leaveIfDrained(station)
  }

  private func handedBack(_ work: Work) -> TrialCheckpoint? {
    work.checkpoint.flatMap { work.stream.hasTaken($0.trajectory) ? $0 : nil }
  }

  private func leaveIfDrained(_ station: Station) -> [Deed] {
    guard isDraining, works.isEmpty else { return [] }
    return [.say(.workerLeft(reason: "drained", on: station.connection)), .exit]
  }

  /// A running computation; nil if it was abandoned.
  func work(of trial: TrialID, run: Int) -> Work? {
    works.first { $0.trial == trial && $0.run == run && $0.outcome == nil }
  }

  /// Advances a computation.
  mutating func advance(
    _ trial: TrialID, run: Int, to step: Int, stepsPerSecond: Double, storing: TrialCheckpoint?,
    from station: Station, at now: Int
  ) -> [Deed] {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.run == run }) else {
      return []
    }
    works[index].since = now
    works[index].step = step
    works[index].stepsPerSecond = stepsPerSecond
    if let storing { works[index].checkpoint = storing }
    return hand(in: trial, from: station, at: now)
      + (storing == nil ? [] : heartbeat(from: station, at: now))
  }

  /// Steps done since the last ones that count, which die with the process.
  func stepsInHand(at now: Int) -> Int {
    works.filter { $0.outcome == nil }.reduce(0) { sum, work in
      let steps = Int(Double(now - work.since) / 1000 * work.stepsPerSecond)
      return sum + min(max(steps, 0), SimulatedSweep.interval)
    }
  }

  mutating func end(
    _ trial: TrialID, run: Int, _ outcome: Outcome, from station: Station, at now: Int
  ) -> [Deed] {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.run == run }) else {
      return []
    }
    works[index].outcome = outcome
    let said = reports(of: index, from: station, at: now, anew: false)
    if case .failed = outcome, !repeatsFailures { works.remove(at: index) }
    return said
  }

  /// Adds rows and reports of a computation, to be sent.
  mutating func note(
    _ trial: TrialID, run: Int, row: [UInt8], reports: [(index: Int, report: MilestoneReport)]
  ) {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.run == run }) else {
      return
    }
    works[index].stream.append(row)
    for (place, report) in reports { works[index].stream.reach(report, index: place) }
  }

  /// The trajectory of a computation so far.
  func trajectory(of trial: TrialID, run: Int) -> TrajectoryPrefix? {
    works.first { $0.trial == trial && $0.run == run }?.stream.end
  }

  /// Notes the stored state at a computation's end.
  mutating func noteLast(_ checkpoint: TrialCheckpoint, of trial: TrialID, run: Int) {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.run == run }) else {
      return
    }
    works[index].last = checkpoint
  }

  private mutating func change(_ trial: TrialID, _ attempt: Int, _ body: (inout Work) -> Void) {
    guard let index = works.firstIndex(where: { $0.trial == trial && $0.attempt == attempt })
    else { return }
    body(&works[index])
  }

  /// Sends reports and rows of a work; reports its end when all were acknowledged.
  private mutating func hand(in trial: TrialID, from station: Station, at now: Int) -> [Deed] {
    guard let index = works.firstIndex(where: { $0.trial == trial }) else { return [] }
    return reports(of: index, from: station, at: now, anew: false)
  }

  /// The messages of a work: its stream first, then its end.
  private mutating func reports(
    of index: Int, from station: Station, at now: Int, anew: Bool
  ) -> [Deed] {
    guard isWelcome else { return [] }
    if case .failed = works[index].outcome { return [report(index, from: station, at: now)] }
    let work = works[index]
    if !work.stream.isTaken {
      return works[index].stream.say(
        work.trial, attempt: work.attempt, on: station.connection, at: now, anew: anew
      ).map { .say($0) }
    }
    return work.outcome == nil ? [] : [report(index, from: station, at: now)]
  }

  private mutating func report(_ index: Int, from station: Station, at now: Int) -> Deed {
    works[index].reportedAt = now
    let work = works[index]
    switch work.outcome {
    case .finished(let result):
      return .say(
        .trialFinished(
          trial: work.trial, attempt: work.attempt, result: result, checkpoint: work.last,
          on: station.connection))
    case .failed(let failure):
      return .say(
        .attemptFailed(
          trial: work.trial, attempt: work.attempt, failure: failure,
          checkpoint: handedBack(work), on: station.connection))
    case nil: preconditionFailure("work that goes on has nothing to report")
    }
  }

  private mutating func reports(from station: Station, at now: Int, all: Bool) -> [Deed] {
    works.indices.filter {
      works[$0].outcome == nil || all || now - works[$0].reportedAt >= 10_000
        || !works[$0].stream.isTaken
    }.flatMap { reports(of: $0, from: station, at: now, anew: all) }
  }

  /// Its actions once per heartbeat interval.
  mutating func beat(from station: Station, at now: Int) -> [Deed] {
    guard isWelcome else { return [announcement(from: station, at: now)] }
    return heartbeat(from: station, at: now) + reports(from: station, at: now, all: false)
  }

  /// Announces itself on the station's new connection.
  mutating func reconnect(from station: Station, at now: Int) -> [Deed] {
    isWelcome = false
    lastHeard = now
    return [announcement(from: station, at: now)]
  }
}
