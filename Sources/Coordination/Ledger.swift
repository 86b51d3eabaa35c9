import Digests
import Trials

/// What the journal says: the durable part of the coordinator's state.
///
/// ``apply(_:)`` is the only way to change it, in a live coordinator and in replay alike, so that
/// a restarted coordinator knows exactly what the one before had written down.
package struct Ledger: Sendable {
  let graph: TrialGraph
  private(set) var standings: [TrialStanding]
  /// How many trials have each status.
  package private(set) var counts = TrialCounts()
  /// The last milestones of trials that others wait for.
  private var reports: [Int: MilestoneReport] = [:]
  private var images: [Dataset: Digest] = [:]

  /// A ledger in which every trial of the plan waits.
  init(graph: TrialGraph) {
    self.graph = graph
    standings = graph.trials.indices.map {
      TrialStanding(unfinishedParents: graph.parents(of: $0).count)
    }
    counts.waiting = graph.trials.count
  }

  /// The image archive that the trials of a data set train on, once it is pinned.
  func images(of dataset: Dataset) -> Digest? { images[dataset] }

  /// A trial's configuration with its parents' recorded numbers.
  ///
  /// - Throws: ``ConfigurationError`` when a parent has no result yet, or its number does not fit.
  func configuration(of number: Int) throws(ConfigurationError) -> TrialConfiguration {
    try graph.trials[number].configuration.resolved { parent in
      graph.number(of: parent).flatMap { reports[$0] }
    }
  }

  /// Takes in a record; one of a trial that is not in the plan changes nothing.
  ///
  /// - Throws: ``JournalContradiction`` when the record cannot follow the earlier ones; the ledger
  ///   is then as before.
  mutating func apply(_ record: JournalRecord) throws(JournalContradiction) {
    switch record {
    case .imagesPinned(let dataset, let digest):
      if let pinned = images[dataset], pinned != digest {
        throw JournalContradiction(
          record: "images \(digest) pinned for \(dataset.rawValue)",
          found: "images \(pinned) pinned before", expected: "the same images")
      }
      images[dataset] = digest
    case .trialLeased(let trial, let attempt, let worker):
      guard let number = graph.number(of: trial) else { return }
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
    case .attemptEnded(let trial, let attempt, let failure):
      guard let number = graph.number(of: trial) else { return }
      try require(
        standings[number].status == .running && standings[number].attempts == attempt,
        record: "attempt \(attempt) ended", of: number, expected: "a lease of attempt \(attempt)")
      change(number, to: .waiting) {
        if failure.cause.chargesTrial { $0.chargedFailures += 1 } else { $0.unchargedFailures += 1 }
        $0.failure = failure
      }
    case .resultRecorded(let trial, let attempt, let worker, let result):
      guard let number = graph.number(of: trial) else { return }
      try recordResult(result, of: number, attempt: attempt, worker: worker)
    case .trialDuplicated, .checkpointRecorded, .trialStopped, .hostDrained, .hostUndrained,
      .stagePaused, .stageResumed:
      break
    case .trialFailed(let trial, let failure):
      guard let number = graph.number(of: trial) else { return }
      try require(
        standings[number].status == .waiting, record: "given up", of: number,
        expected: "a waiting trial")
      change(number, to: .failed) { $0.failure = failure }
    case .trialRetried(let trial):
      guard let number = graph.number(of: trial) else { return }
      try require(
        standings[number].status == .failed, record: "retried", of: number,
        expected: "a failed trial")
      change(number, to: .waiting) {
        $0.chargedFailures = 0
        $0.unchargedFailures = 0
        $0.failure = nil
      }
    }
  }

  private mutating func recordResult(
    _ result: TrialResult, of number: Int, attempt: Int, worker: WorkerID
  ) throws(JournalContradiction) {
    try require(
      standings[number].status != .complete && standings[number].unfinishedParents == 0,
      record: "the result of attempt \(attempt)", of: number,
      expected: "a trial without a result whose parents are complete")
    let children = graph.children(of: number)
    if !children.isEmpty {
      guard let report = result.milestones.last else {
        throw JournalContradiction(
          record: "the result of trial \(graph.trials[number].id)", found: "no milestone",
          expected: "at least one")
      }
      reports[number] = report
    }
    change(number, to: .complete) {
      $0.attempts = max($0.attempts, attempt)
      $0.worker = worker
      $0.failure = nil
      $0.contentHash = result.contentHash
    }
    for child in children { standings[Int(child)].unfinishedParents -= 1 }
  }

  private mutating func change(
    _ number: Int, to status: TrialStatus, _ update: (inout TrialStanding) -> Void
  ) {
    counts[standings[number].status] -= 1
    counts[status] += 1
    standings[number].status = status
    update(&standings[number])
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

extension Ledger: Equatable {
  /// Compares what was recorded; both ledgers are of one plan.
  package static func == (left: Ledger, right: Ledger) -> Bool {
    left.standings == right.standings && left.counts == right.counts
      && left.reports == right.reports && left.images == right.images
  }
}

/// A journal whose records cannot have happened in their order.
package struct JournalContradiction: Error, Hashable, Sendable, CustomStringConvertible {
  /// The record that does not fit, in words.
  package var record: String
  /// What the earlier records say.
  package var found: String
  /// What the record needs.
  package var expected: String

  package var description: String { "journal: \(record): found \(found), expected \(expected)" }
}
