import Digests
import Trials

/// The durable part of the coordinator's state: what the journal records.
///
/// Only ``apply(_:)`` changes it, both in a live coordinator and in replay. A restarted coordinator
/// therefore has exactly the state that the previous one recorded.
package struct Ledger: Sendable {
  let graph: TrialGraph
  private(set) var standings: [TrialStanding]
  /// How many trials have each status.
  package private(set) var counts = TrialCounts()
  /// Expected seconds of all waiting and running trials, on one core of the reference speed.
  private(set) var unfinishedCost: Double
  /// How many trials failed for a reason other than a parent's failure.
  private(set) var ownFailureCount = 0
  /// How many trials of each stage have a result.
  private(set) var completeCounts: [Int32]
  /// The reasons why hosts are drained, by host.
  private(set) var drainedHosts: [String: String] = [:]
  /// Why stages are paused, by stage number.
  private(set) var pausedStages: [Int: TrialFailure] = [:]
  /// The last report of each complete trial that others wait for.
  private var reports: [Int: MilestoneReport] = [:]
  private var images: [Dataset: Digest] = [:]
  private var checkpoints = CheckpointRecords()
  /// The trials that resumed from a shorter run's last checkpoint.
  private var extended: Set<Int> = []
  /// Reports and trajectory pieces of trials without a result.
  private var handedIn: [Int: HandedIn] = [:]
  /// What the attempts at trials without a result have shown.
  private var histories: [Int: TrialHistory] = [:]
  /// The hosts of workers that had a lease.
  private(set) var hosts: [WorkerID: String] = [:]
  /// The open leases of trials that have, or had, two at once; any other running trial has one,
  /// which its standing names.
  private var severalLeases: [Int: [OpenLease]] = [:]

  /// A ledger in which every trial of the plan waits.
  init(graph: TrialGraph) {
    self.graph = graph
    standings = graph.trials.indices.map {
      TrialStanding(unfinishedParents: graph.parents(of: $0).count)
    }
    counts.waiting = graph.trials.count
    unfinishedCost = graph.stageCosts.reduce(0, +)
    completeCounts = [Int32](repeating: 0, count: graph.stageNames.count)
  }

  /// The image archive that the trials of a data set train on, once it is pinned.
  func images(of dataset: Dataset) -> Digest? { images[dataset] }

  /// The checkpoints that an unfinished trial can resume from, most steps first, at most two.
  func checkpoints(of number: Int) -> [TrialCheckpoint] { checkpoints[number].map(\.checkpoint) }

  /// The same checkpoints, each with its position in the trajectory.
  func resumePoints(of number: Int) -> [ResumePoint] {
    let handedIn = handedIn(by: number)
    return checkpoints(of: number).map { checkpoint in
      guard let start = handedIn.start(at: checkpoint.trajectory) else {
        preconditionFailure("a checkpoint is recorded after its trajectory")
      }
      return ResumePoint(checkpoint: checkpoint, trajectory: start)
    }
  }

  /// A trial's checkpoint of the most steps.
  func newestCheckpoint(of number: Int) -> TrialCheckpoint? {
    checkpoints[number].first?.checkpoint
  }

  /// A trial's checkpoints with the attempts that uploaded them, most steps first.
  func checkpointEntries(of number: Int) -> [CheckpointRecords.Entry] { checkpoints[number] }

  /// Reports and trajectory pieces of an unfinished trial.
  func handedIn(by number: Int) -> HandedIn { handedIn[number] ?? HandedIn() }

  /// What the attempts at a trial without a result have shown.
  func history(of number: Int) -> TrialHistory { histories[number] ?? TrialHistory() }

  /// Whether a trial resumes, or resumed, from a shorter run's last checkpoint.
  func isExtended(_ number: Int) -> Bool { extended.contains(number) }

  /// The last checkpoint of a complete trial, if it is kept.
  func lastCheckpoint(of number: Int) -> TrialCheckpoint? { checkpoints.last(of: number) }

  /// Complete trials whose last checkpoint is kept, the first completed one first, and the bytes of
  /// all of these checkpoints.
  var keptCheckpoints: (trials: [Int], byteCount: Int) {
    (checkpoints.lastInOrder, checkpoints.lastByteCount)
  }

  /// Whether a trial can resume from a checkpoint of this digest.
  func refers(to digest: Digest) -> Bool { checkpoints.refers(to: digest) }

  /// The digests of all checkpoints that trials can resume from.
  var checkpointDigests: Set<Digest> { checkpoints.digests }

  /// The leases of a trial that have not ended, the latest last.
  func openLeases(of number: Int) -> [OpenLease] {
    if let leases = severalLeases[number] { return leases }
    let standing = standings[number]
    guard standing.status == .running, let worker = standing.worker else { return [] }
    return [OpenLease(attempt: standing.attempts, worker: worker)]
  }

  /// A trial's configuration with its parents' recorded numbers.
  ///
  /// - Throws: ``ConfigurationError`` when a parent has no result yet, or its number does not fit.
  func configuration(of number: Int) throws(ConfigurationError) -> TrialConfiguration {
    try graph.trials[number].configuration.resolved { parent in
      graph.number(of: parent).flatMap { reports[$0] }
    }
  }

  /// Applies a record; a record of a trial that is not in the plan changes nothing.
  ///
  /// - Returns: Checkpoints that no trial can resume from any more.
  /// - Throws: ``JournalContradiction`` when the record cannot follow the earlier ones; the ledger
  ///   is then unchanged.
  @discardableResult
  mutating func apply(_ record: JournalRecord) throws(JournalContradiction) -> [Digest] {
    switch record {
    case .imagesPinned(let dataset, let digest):
      if let pinned = images[dataset], pinned != digest {
        throw JournalContradiction(
          record: "images \(digest) pinned for \(dataset.name)",
          found: "images \(pinned) pinned before", expected: "the same images")
      }
      images[dataset] = digest
    case .workerIntroduced(let worker, let host): hosts[worker] = host
    case .trialLeased(let trial, let attempt, let worker):
      guard let number = graph.number(of: trial) else { return [] }
      let standing = standings[number]
      try require(
        standing.status == .waiting && standing.unfinishedParents == 0
          && attempt == standing.attempts + 1, record: "attempt \(attempt) leased", of: number,
        expected:
          "a waiting trial whose parents are complete, leased before attempt \(attempt) only")
      change(number, to: .running) {
        $0.attempts = attempt
        $0.worker = worker
      }
      noteLease(of: number, attempt: attempt, worker: worker)
    case .trialDuplicated(let trial, let attempt, let worker):
      guard let number = graph.number(of: trial) else { return [] }
      try duplicate(number, attempt: attempt, worker: worker)
    case .checkpointRecorded(let trial, let attempt, let checkpoint):
      guard let number = graph.number(of: trial) else { return [] }
      let standing = standings[number]
      try require(
        (standing.status == .running || standing.status == .waiting)
          && attempt <= standing.attempts
          && handedIn(by: number).start(at: checkpoint.trajectory) != nil,
        record: "a checkpoint of attempt \(attempt)", of: number,
        expected:
          "an unfinished trial that attempt \(attempt) was made at, its trajectory recorded")
      if attempt == 0 { extended.insert(number) }
      return checkpoints.insert(checkpoint, attempt: attempt, of: number)
    case .reportRecorded(
      let trial, let attempt, let worker, let instructionSet, let index, let report):
      guard let number = graph.number(of: trial) else { return [] }
      try requireWithoutResult(number, attempt: attempt, record: "report \(index)")
      handedIn[number, default: HandedIn()].take(
        HandedIn.Report(
          worker: worker, attempt: attempt, instructionSet: instructionSet, report: report),
        at: index)
    case .trajectoryExtended(let trial, let attempt, let piece):
      guard let number = graph.number(of: trial) else { return [] }
      try requireWithoutResult(number, attempt: attempt, record: "a piece of the trajectory")
      try require(
        handedIn(by: number).start(at: piece.start) != nil,
        record: "a piece of the trajectory after byte \(piece.start.byteCount)", of: number,
        expected: "the bytes before it")
      handedIn[number, default: HandedIn()].extend(by: piece, of: attempt)
    case .attemptEnded(let trial, let attempt, let failure):
      guard let number = graph.number(of: trial) else { return [] }
      try endAttempt(attempt, of: number, failure: failure)
      return noteEnd(of: number, attempt: attempt, failure: failure)
    case .checkpointDistrusted(let trial, let attempt, _, let checkpoint, _):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status == .running && attempt <= standings[number].attempts,
        record: "a checkpoint of attempt \(attempt) refused", of: number,
        expected: "a running trial, and an attempt that was made")
      var history = history(of: number)
      history.refused.insert(checkpoint)
      // The latest attempt still runs. Its further checkpoints are judged one by one.
      if attempt < standings[number].attempts {
        history.distrustedThrough = max(history.distrustedThrough, attempt)
      }
      history.distrustCount += 1
      histories[number] = history
      return checkpoints.remove(checkpoint, of: number)
    case .resultRecorded(let trial, let attempt, let worker, let result, let checkpoint):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status != .complete && standings[number].unfinishedParents == 0
          && attempt > standings[number].voidThrough && attempt <= TrialStanding.attemptMaximum,
        record: "the result of attempt \(attempt)", of: number,
        expected: "a trial without a result whose parents are complete, and a valid attempt")
      try recordResult(result, of: number, attempt: attempt, worker: worker)
      // Before the others are removed, since they may have the same digest.
      if let checkpoint { checkpoints.keepLast(checkpoint, of: number) }
      return checkpoints.remove(number)
    case .resultReused(let trial, _, let result):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status == .waiting && standings[number].unfinishedParents == 0
          && !standings[number].isDoubted,
        record: "a result of another sweep", of: number,
        expected: "a waiting trial whose parents are complete, none of its results discarded")
      try recordResult(result, of: number, attempt: 0, worker: nil)
      return checkpoints.remove(number)
    case .resultDiscarded(let trial, _):
      guard let number = graph.number(of: trial) else { return [] }
      return try discardResult(of: number)
    case .attemptsVoided(let trial, _):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status == .waiting || standings[number].status == .stopped,
        record: "attempts voided", of: number, expected: "a waiting or stopped trial")
      return void(number)
    case .checkpointDropped(let trial):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        checkpoints.last(of: number) != nil, record: "its last checkpoint dropped", of: number,
        expected: "a complete trial whose last checkpoint is kept")
      return checkpoints.dropLast(of: number)
    case .trialFailed(let trial, let failure):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status == .waiting, record: "given up", of: number,
        expected: "a waiting trial")
      change(number, to: .failed) { $0.failure = failure }
      return checkpoints.remove(number)
    case .trialStopped(let trial, let reason):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status == .waiting, record: "stopped", of: number,
        expected: "a waiting trial")
      change(number, to: .stopped) { $0.failure = TrialFailure(cause: .stopped, message: reason) }
    case .trialRetried(let trial):
      guard let number = graph.number(of: trial) else { return [] }
      try require(
        standings[number].status == .failed || standings[number].status == .stopped,
        record: "retried", of: number, expected: "a failed or stopped trial")
      change(number, to: .waiting) {
        $0.chargedFailures = 0
        $0.unchargedFailures = 0
        $0.failure = nil
      }
      histories[number]?.hasDivergedForGood = false
      histories[number]?.endings = []
      histories[number]?.refusedWorkers = []
      histories[number]?.distrustCount = 0
    case .hostDrained(let host, let reason): drainedHosts[host] = reason
    case .hostUndrained(let host): drainedHosts[host] = nil
    case .stagePaused(let stage, let failure):
      if let stage = graph.stage(named: stage) { pausedStages[stage] = failure }
    case .stageResumed(let stage):
      if let stage = graph.stage(named: stage) { pausedStages[stage] = nil }
    // The limits come from the command that starts the coordinator, not from the journal.
    case .limitsSet: break
    }
    return []
  }

  private mutating func duplicate(
    _ number: Int, attempt: Int, worker: WorkerID
  ) throws(JournalContradiction) {
    let open = openLeases(of: number)
    try require(
      open.count == 1 && open[0].worker != worker && attempt == standings[number].attempts + 1,
      record: "attempt \(attempt) leased besides", of: number,
      expected: "a trial that one other worker runs, leased before attempt \(attempt) only")
    severalLeases[number] = open + [OpenLease(attempt: attempt, worker: worker)]
    noteLease(of: number, attempt: attempt, worker: worker)
    standings[number].attempts = attempt
    standings[number].worker = worker
  }

  private mutating func endAttempt(
    _ attempt: Int, of number: Int, failure: TrialFailure
  ) throws(JournalContradiction) {
    var open = openLeases(of: number)
    guard let index = open.firstIndex(where: { $0.attempt == attempt }) else {
      return try require(
        false, record: "attempt \(attempt) ended", of: number,
        expected: "a lease of attempt \(attempt)")
    }
    let ended = open.remove(at: index)
    if severalLeases[number] != nil { severalLeases[number] = open.isEmpty ? nil : open }
    // One of two attempts was withdrawn. This is no failure; the other attempt continues.
    let isWithdrawn = failure.cause == .stopped && !open.isEmpty
    change(number, to: open.isEmpty ? .waiting : .running) {
      if !isWithdrawn {
        if failure.cause.chargesTrial { $0.chargedFailures += 1 } else { $0.unchargedFailures += 1 }
        $0.failure = failure
      }
      $0.worker = (open.last ?? ended).worker
    }
  }

  private mutating func noteLease(of number: Int, attempt: Int, worker: WorkerID) {
    histories[number, default: TrialHistory()].attempts[attempt] = TrialHistory.Attempt(
      worker: worker, wasGivenCheckpoints: !checkpoints[number].isEmpty)
  }

  /// Updates the trial's history after an attempt ended.
  ///
  /// - Returns: Checkpoints that no trial can resume from any more.
  private mutating func noteEnd(
    of number: Int, attempt: Int, failure: TrialFailure
  ) -> [Digest] {
    var history = history(of: number)
    if let divergence = failure.divergence, let worker = history.attempts[attempt]?.worker {
      let host = hosts[worker] ?? worker.rawValue
      history.note(
        TrialHistory.Ending(host: host, divergence: divergence), of: attempt,
        isOnlyHost: Set(hosts.values).count < 2)
    }
    if failure.cause == .resultRefused, let worker = history.attempts[attempt]?.worker {
      history.noteRefusal(of: worker)
    }
    // A checkpoint of a diverged computation would diverge again or is wrong.
    let isDoubted = failure.cause == .badCheckpoint || failure.cause == .notANumber
    if isDoubted { history.distrustedThrough = max(history.distrustedThrough, attempt) }
    if failure.cause == .badCheckpoint { history.distrustCount += 1 }
    histories[number] = history
    return isDoubted ? checkpoints.remove(number) : []
  }

  private mutating func recordResult(
    _ received: ReceivedResult, of number: Int, attempt: Int, worker: WorkerID?
  ) throws(JournalContradiction) {
    let children = graph.children(of: number)
    if !children.isEmpty {
      guard let report = received.result.milestones.last else {
        throw JournalContradiction(
          record: "the result of trial \(graph.trials[number].id)", found: "no milestone",
          expected: "at least one")
      }
      reports[number] = report
    }
    severalLeases[number] = nil
    handedIn[number] = nil
    histories[number] = nil
    change(number, to: .complete) {
      $0.attempts = max($0.attempts, attempt)
      $0.worker = worker
      $0.failure = nil
      $0.contentBits = received.contentDigest.leadingBits
    }
    completeCounts[graph.stage(of: number)] += 1
    for child in children { standings[Int(child)].unfinishedParents -= 1 }
  }

  private mutating func discardResult(of number: Int) throws(JournalContradiction) -> [Digest] {
    let children = graph.children(of: number)
    try require(
      standings[number].status == .complete
        && children.allSatisfy {
          let status = standings[Int($0)].status
          return status != .complete && status != .running
        },
      record: "its result discarded", of: number,
      expected: "a complete trial of whose children none is complete or running")
    reports[number] = nil
    completeCounts[graph.stage(of: number)] -= 1
    for child in children { standings[Int(child)].unfinishedParents += 1 }
    change(number, to: .waiting) {
      $0.worker = nil
      $0.contentBits = 0
    }
    return void(number) + checkpoints.dropLast(of: number)
  }

  /// Forgets all that the attempts of a trial have left, and counts its failures from 0.
  private mutating func void(_ number: Int) -> [Digest] {
    handedIn[number] = nil
    histories[number] = nil
    extended.remove(number)
    standings[number].voidThrough = Int32(standings[number].attempts)
    standings[number].isDoubted = true
    standings[number].chargedFailures = 0
    standings[number].unchargedFailures = 0
    return checkpoints.remove(number)
  }

  private func requireWithoutResult(
    _ number: Int, attempt: Int, record: String
  ) throws(JournalContradiction) {
    let standing = standings[number]
    try require(
      standing.status != .complete && attempt <= standing.attempts
        && (attempt == 0 || attempt > standing.voidThrough), record: record, of: number,
      expected: "a trial without a result that attempt \(attempt) was made at")
  }

  private mutating func change(
    _ number: Int, to status: TrialStatus, _ update: (inout TrialStanding) -> Void
  ) {
    if standings[number].hasFailedByItself { ownFailureCount -= 1 }
    counts[standings[number].status] -= 1
    counts[status] += 1
    let wasUnfinished = standings[number].status.isUnfinished
    if wasUnfinished != status.isUnfinished {
      unfinishedCost += wasUnfinished ? -graph.cost(of: number) : graph.cost(of: number)
    }
    standings[number].status = status
    update(&standings[number])
    if standings[number].hasFailedByItself { ownFailureCount += 1 }
  }

  private func require(
    _ condition: Bool, record: String, of number: Int, expected: String
  ) throws(JournalContradiction) {
    guard !condition else { return }
    let standing = standings[number]
    throw JournalContradiction(
      record: "trial \(graph.trials[number].id), \(record)",
      found: "a \(standing.status.rawValue) trial after \(standing.attempts) attempts",
      expected: expected)
  }
}

extension TrialStatus {
  /// Whether the trial waits or runs.
  fileprivate var isUnfinished: Bool { self == .waiting || self == .running }
}

extension Ledger: Equatable {
  /// Compares the recorded state of two ledgers of one plan.
  package static func == (left: Ledger, right: Ledger) -> Bool {
    left.standings == right.standings && left.counts == right.counts
      && left.reports == right.reports && left.images == right.images
      && left.checkpoints == right.checkpoints && left.handedIn == right.handedIn
      && left.extended == right.extended && left.histories == right.histories
      && left.hosts == right.hosts
      && left.severalLeases == right.severalLeases
      && left.drainedHosts == right.drainedHosts && left.pausedStages == right.pausedStages
      && left.ownFailureCount == right.ownFailureCount
      && left.completeCounts == right.completeCounts
  }
}
