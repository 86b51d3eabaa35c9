import Trials

/// Members that hand in what their trials cannot have computed. They are charged, not the trials,
/// and are left out when it happens again and again, so that the others finish every trial.
extension Coordinator {
  /// How long a worker may hold a lease without a step before another one gets the trial.
  ///
  /// Its own supervision ends a trial that hangs much sooner; the images may take long to come.
  var idleLimit: Duration { settings.stallTimeout * 6 }

  /// Whether a worker only says that it works on a trial, while another one could.
  func isIdle(_ lease: Lease, on worker: Int, at now: Instant) -> Bool {
    now - lease.progressAt >= idleLimit && holders.count(of: lease.trial) == 1
      && roster.hasUsable(besides: roster[worker].place)
  }

  /// Whether a checkpoint that an attempt could go on from was handed in from elsewhere.
  func wasGivenCheckpointsOfOthers(_ trial: Int, attempt: Int) -> Bool {
    let history = ledger.history(of: trial)
    guard let lease = history.attempts[attempt], lease.wasGivenCheckpoints else { return false }
    let entries = ledger.checkpointEntries(of: trial).filter { $0.attempt < attempt }
    return entries.isEmpty
      || entries.contains { entry in
        history.attempts[entry.attempt].map { place(of: $0.worker) } != place(of: lease.worker)
      }
  }

  /// Holds something false against a worker's member.
  ///
  /// When it was false about several trials, with no sound result in between, it gets no more,
  /// and loses what it has.
  mutating func charge(_ worker: Int, with trial: Int, reason: String, at now: Instant) {
    let member = roster[worker].member
    let count = health.noteFalsehood(about: trial, by: member)
    if count >= settings.hostFailureLimit {
      leaveOut(member, because: Self.words(count, reason), at: now)
    }
    // A key may be several hosts'; or one's that calls itself ever differently.
    guard let key = roster[worker].id.keyMember else { return }
    let keyCount = health.noteFalsehood(about: trial, by: key)
    if keyCount >= Self.hostsPerKey * settings.hostFailureLimit {
      leaveOut(key, because: Self.words(keyCount, reason), at: now)
    }
  }

  private static func words(_ count: Int, _ reason: String) -> String {
    "it was false about \(count) different trials, with no sound result in between; the last time: "
      + reason
  }

  /// Holds a checkpoint that another worker could not go on from against the member that had handed
  /// it in.
  ///
  /// Only under keys: where anybody may call itself several hosts, it could speak ill of any other.
  mutating func charge(
    _ uploader: WorkerID, withCheckpointOf trial: Int, refusedBy worker: Int, at now: Instant
  ) {
    let member = place(of: uploader)
    guard let key = uploader.key, member != roster[worker].place else { return }
    // A key may call itself several hosts; of another key than the member's it is one witness.
    let refuser =
      roster[worker].id.key == key
      ? roster[worker].place : roster[worker].id.keyMember ?? roster[worker].place
    let found = health.noteBadCheckpoint(of: trial, by: member, refusedAt: refuser)
    guard found.trials >= settings.hostFailureLimit, found.isProved else { return }
    leaveOut(
      member, because: "others could not go on from its checkpoints of \(found.trials) trials",
      at: now)
  }

  /// As many hosts' worth of falsehoods speak against the key that they share.
  private static let hostsPerKey = 3

  private mutating func leaveOut(_ member: String, because reason: String, at now: Instant) {
    guard settings.isOpen, ledger.drainedHosts[member] == nil else { return }
    drain(exactly: member, reason: reason)
    let failure = TrialFailure(cause: .stopped, message: "\(member) is not believed any more")
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
    settle(ended + acquitted(), at: now, delaying: true)
  }

  /// Has trials wait again that were given up for what members handed in that are not believed any
  /// more; which ones, and what needs them.
  private mutating func acquitted() -> [Int] {
    let trials = ledger.standings.indices.filter {
      ledger.standings[$0].status == .failed
        && ledger.standings[$0].failure?.cause == .resultRefused && !isRefusedEverywhere($0)
    }
    for trial in trials { retry(trial) }
    return trials.flatMap { [$0] + graph.successors(of: $0) }
  }

  /// Whether so much was handed in that cannot be a trial's, by members that are believed
  /// otherwise, that the trial itself must be at fault.
  ///
  /// One place alone proves nothing, unless there is no other.
  func isRefusedEverywhere(_ trial: Int) -> Bool {
    let refused = ledger.history(of: trial).refusedWorkers
    guard refused.count >= settings.attemptLimit else { return false }
    let believed = refused.filter(isBelieved)
    guard believed.count >= settings.attemptLimit else { return false }
    // Where nobody can join, waiting for somebody else would never end.
    guard settings.isOpen else { return true }
    let known = ledger.hosts.keys.filter(isBelieved)
    func isShared(by witness: (WorkerID) -> String) -> Bool {
      Set(believed.map(witness)).count > 1 || Set(known.map(witness)).count < 2
    }
    // A key may call itself several hosts.
    return isShared(by: place) && isShared { $0.keyMember ?? place(of: $0) }
  }

  /// Where a worker ran that has had a lease.
  private func place(of worker: WorkerID) -> String {
    worker.place(onHost: ledger.hosts[worker] ?? worker.rawValue)
  }

  /// Whether a worker is not left out, by the coordinator or, for whatever reason, by people.
  private func isBelieved(_ worker: WorkerID) -> Bool {
    drainReason(of: worker, onHost: ledger.hosts[worker] ?? worker.rawValue) == nil
  }
}
