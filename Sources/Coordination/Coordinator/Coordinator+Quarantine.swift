import Trials

/// Excludes members that repeatedly deliver false results. The failures count against the member,
/// not the trials, so that the others can finish every trial.
extension Coordinator {
  /// How long a worker may hold a lease without a step before another worker gets the trial.
  ///
  /// A worker ends a stalled trial itself much sooner. The limit allows for a long download of the
  /// images.
  var idleLimit: Duration { settings.stallTimeout * 6 }

  /// Whether a worker has claimed a lease without progress for too long while another worker could
  /// run the trial.
  func isIdle(_ lease: Lease, on worker: Int, at now: Instant) -> Bool {
    now - lease.progressAt >= idleLimit && holders.count(of: lease.trial) == 1
      && roster.hasUsable(besides: roster[worker].member)
  }

  /// Whether an attempt was given a checkpoint that another member had uploaded.
  func wasGivenCheckpointsOfOthers(_ trial: Int, attempt: Int) -> Bool {
    let history = ledger.history(of: trial)
    guard let lease = history.attempts[attempt], lease.wasGivenCheckpoints else { return false }
    let entries = ledger.checkpointEntries(of: trial).filter { $0.attempt < attempt }
    return entries.isEmpty
      || entries.contains { entry in
        history.attempts[entry.attempt].map { member(of: $0.worker) } != member(of: lease.worker)
      }
  }

  /// Counts a false result against a worker's member.
  ///
  /// After false results of several trials without a good one in between, the member is drained and
  /// its leases end.
  mutating func charge(_ worker: Int, with trial: Int, reason: String, at now: Instant) {
    let member = roster[worker].member
    let count = health.noteFalsehood(about: trial, by: member)
    if count >= settings.hostFailureLimit {
      exclude(member, because: Self.words(count, reason), at: now)
    }
    // Also count against the key: one host may announce itself under ever new names.
    guard let key = roster[worker].id.keyMember else { return }
    let keyCount = health.noteFalsehood(about: trial, by: key)
    if keyCount >= Self.hostsPerKey * settings.hostFailureLimit {
      exclude(key, because: Self.words(keyCount, reason), at: now)
    }
  }

  private static func words(_ count: Int, _ reason: String) -> String {
    "it delivered invalid data or took no step in \(count) different trials, with no valid result "
      + "in between; the last case: \(reason)"
  }

  /// Counts a refused checkpoint against the member that uploaded it.
  ///
  /// Only with encrypted connections. Otherwise one peer could pose as several hosts and accuse
  /// others.
  mutating func charge(
    _ uploader: WorkerID, withCheckpointOf trial: Int, refusedBy worker: Int, at now: Instant
  ) {
    let member = place(of: uploader)
    guard let key = uploader.key, member != roster[worker].place else { return }
    // A key may pose as several hosts, so another key counts as one witness.
    let refuser =
      roster[worker].id.key == key
      ? roster[worker].place : roster[worker].id.keyMember ?? roster[worker].place
    let found = health.noteBadCheckpoint(of: trial, by: member, refusedAt: refuser)
    guard found.trials >= settings.hostFailureLimit, found.isProved else { return }
    exclude(
      member,
      because: "other workers could not resume from its checkpoints of \(found.trials) "
        + "trials",
      at: now)
  }

  /// A key is excluded after this many times the false results of a single member.
  private static let hostsPerKey = 3

  private mutating func exclude(_ member: String, because reason: String, at now: Instant) {
    guard settings.isOpen, ledger.drainedHosts[member] == nil else { return }
    drain(exactly: member, reason: reason)
    let failure = TrialFailure(cause: .stopped, message: "\(member) gets no more trials")
    var ended: [Int] = []
    for number in workers(of: member) {
      for lease in roster[number].leases {
        endLease(of: lease.trial, on: number, failure: failure)
        send(
          .abandon(
            trial: graph.trials[lease.trial].id, attempt: lease.attempt, reason: failure.message),
          to: number)
        ended.append(lease.trial)
      }
    }
    settle(ended + retryAfterExclusion(), at: now, delaying: true)
  }

  /// Retries trials that failed because of refused results from members that are excluded now;
  /// returns these trials and those that need them.
  private mutating func retryAfterExclusion() -> [Int] {
    let trials = ledger.standings.indices.filter {
      ledger.standings[$0].status == .failed
        && ledger.standings[$0].failure?.cause == .resultRefused && !isRefusedEverywhere($0)
    }
    for trial in trials { retry(trial) }
    return trials.flatMap { [$0] + graph.successors(of: $0) }
  }

  /// Whether trusted members delivered so many refused results that the trial itself must be at
  /// fault.
  ///
  /// One place is not enough, unless there is no other.
  func isRefusedEverywhere(_ trial: Int) -> Bool {
    let refused = ledger.history(of: trial).refusedWorkers
    guard refused.count >= settings.attemptLimit else { return false }
    let trusted = refused.filter(isTrusted)
    guard trusted.count >= settings.attemptLimit else { return false }
    // If no worker can join, the trial would wait forever.
    guard settings.isOpen else { return true }
    let known = ledger.hosts.keys.filter(isTrusted)
    func isShared(by witness: (WorkerID) -> String) -> Bool {
      Set(trusted.map(witness)).count > 1 || Set(known.map(witness)).count < 2
    }
    // A key may pose as several hosts.
    return isShared(by: place) && isShared { $0.keyMember ?? place(of: $0) }
  }

  /// Who is responsible for a worker that has had a lease.
  private func member(of worker: WorkerID) -> String {
    worker.member(onHost: ledger.hosts[worker] ?? worker.rawValue)
  }

  /// Where a worker ran that has had a lease.
  private func place(of worker: WorkerID) -> String {
    worker.place(onHost: ledger.hosts[worker] ?? worker.rawValue)
  }

  /// Whether a worker is not drained, by the coordinator or by people.
  private func isTrusted(_ worker: WorkerID) -> Bool {
    drainReason(of: worker, onHost: ledger.hosts[worker] ?? worker.rawValue) == nil
  }
}
