import Coordination
import Digests
import Logging
import Store
import Transfers
import Trials
import Wire

/// Grants workers storage for the trials they hold, and deletes blobs that no record names.
struct BlobAccounts {
  /// Interval between updates of the accounts.
  private static let reviewInterval = Duration.seconds(1)
  /// Interval between searches for unnamed blobs.
  private static let collectionInterval = Duration.seconds(60)
  /// How long a worker may store blobs of an unfinished trial after claiming it.
  private static let claimLifetime = Duration.seconds(60)

  /// The accounts that the blob server consults.
  let ledger: BlobLedger
  private let blobs: BlobStore
  private let store: SweepStore
  private let logger: Logger
  private var senders: [WorkerID: String] = [:]
  private var claimants: [String: Instant] = [:]
  private var isReviewDue = false
  private var nextReview = Instant(sinceStart: .zero)
  private var nextCollection = Instant(sinceStart: Self.collectionInterval)
  private var search: Search?

  private struct Search {
    var forgotten: [Digest]
    var named: BackgroundTask<Set<Digest>>
  }

  /// Creates accounts in which nobody holds a trial yet.
  init(_ ledger: BlobLedger, blobs: BlobStore, store: SweepStore, logger: Logger) {
    self.ledger = ledger
    self.blobs = blobs
    self.store = store
    self.logger = logger
  }

  /// Notes a worker's sender name on the data connection.
  mutating func introduce(_ worker: WorkerID, as sender: String) {
    guard senders[worker] != sender else { return }
    senders[worker] = sender
    isReviewDue = true
  }

  /// Notes a worker's claims; it may also store the result of a trial that it no longer holds.
  mutating func note(
    _ claims: [AttemptKey], of worker: WorkerID?, _ coordinator: Coordinator, at now: Instant
  ) {
    guard let worker, let sender = senders[worker] else { return }
    for claim in claims {
      guard let standing = coordinator.standing(of: claim.trial), standing.status != .complete,
        !(standing.status == .running && standing.worker == worker),
        claim.attempt > 0, claim.attempt <= standing.attempts
      else { continue }
      if claimants[sender] == nil { isReviewDue = true }
      claimants[sender] = now + Self.claimLifetime
      return
    }
  }

  /// Notes durable records.
  mutating func note(_ records: [JournalRecord]) {
    for record in records {
      switch record {
      case .trialLeased(_, _, let worker), .trialDuplicated(_, _, let worker):
        if let sender = senders[worker] { ledger.addTrial(of: sender) }
      case .checkpointRecorded(_, _, let checkpoint): ledger.settle([checkpoint.digest])
      case .resultRecorded(_, _, _, let received, let last):
        ledger.settle(received.result.artifacts.map(\.digest))
        if let last { ledger.settle([last.digest]) }
      default: continue
      }
    }
  }

  /// Updates the accounts if that is due; call it in every round.
  mutating func review(_ coordinator: Coordinator, at now: Instant) {
    collect(at: now)
    guard isReviewDue || now >= nextReview else { return }
    isReviewDue = false
    nextReview = now + Self.reviewInterval
    claimants = claimants.filter { $0.value > now }
    var counts = claimants.mapValues { _ in 1 }
    var present: [WorkerID: String] = [:]
    for worker in coordinator.workers {
      guard let sender = senders[worker.worker] else { continue }
      present[worker.worker] = sender
      if worker.leases > 0 { counts[sender, default: 0] += worker.leases }
    }
    senders = present
    ledger.setTrialCounts(counts)
  }

  /// Removes blobs that no record names.
  ///
  /// A background thread reads the record. Records are appended on this thread and mark the blobs
  /// that they name, so that no blob is removed that was named in the meantime.
  private mutating func collect(at now: Instant) {
    if let search, search.named.hasEnded {
      self.search = nil
      do {
        let named = try search.named.value()
        ledger.settle(search.forgotten.filter { named.contains($0) })
        var count = 0
        for digest in search.forgotten where !named.contains(digest) {
          let isCollected = try ledger.collect(digest) {
            try blobs.remove($0)
            try blobs.removeIncoming($0)
          }
          count += isCollected ? 1 : 0
        }
        if count > 0 { logger.info("removed \(count) blobs that no record names") }
      } catch {
        logger.warning("blobs that no record names stay for now: \(error)")
      }
    }
    guard now >= nextCollection, search == nil else { return }
    nextCollection = now + Self.collectionInterval
    let forgotten = ledger.forgotten()
    guard !forgotten.isEmpty else { return }
    search = Search(
      forgotten: forgotten,
      named: BackgroundTask { [store] in
        BlobHousekeeping.named(
          store.plan, try store.journal(), orphans: try store.orphanedFiles())
      })
  }
}
