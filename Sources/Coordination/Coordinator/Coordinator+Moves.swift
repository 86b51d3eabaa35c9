import Trials

/// Moves trials between workers with their checkpoints.
///
/// Near the end of a sweep few trials are left, and the longest ones should run on the fastest
/// workers (the level algorithm; Horvath, Lam and Sethi 1977). A free worker takes over a trial
/// from a slower worker. A worker with a clearly shorter trial exchanges it for a longer one. Every
/// move loses the steps since the latest checkpoint, so it must save much more.
extension Coordinator {
  /// Another trial replaces a busy worker's trial only if its critical path is longer by this
  /// fraction and ``CoordinationSettings/worthMoving``, so that two trials do not alternate.
  private static let exchangeShare = 0.2
  /// A duplicate must save this fraction of the straggler's remaining time, and this many seconds.
  private static let duplicateShare = 0.1
  private static let duplicateSeconds = 60.0

  /// Whether fewer trials wait than there are slots; then the choice of running trials determines
  /// the sweep's end.
  private var isNearEnd: Bool {
    settings.duplicatesStragglers && ready.count < roster.usableSlotCount
  }

  private var worthMoving: Double { settings.worthMoving.seconds }

  // MARK: - Duplicates

  /// Lets the fastest free worker take over a trial from a slower one if that has a longer critical
  /// path than every waiting trial.
  mutating func moveToFree(at now: Instant) {
    guard isPlanDue, isNearEnd, let waiting = ready.first, let free = roster.fastestAvailable,
      let trial = straggler(for: free, longerThan: criticalPath(from: waiting), at: now)
    else { return }
    duplicate(trial, on: free, at: now)
  }

  /// Lets an idle worker also run the trial that would end last, from its latest checkpoint, if
  /// that ends clearly sooner.
  mutating func duplicateStraggler(at now: Instant) {
    guard settings.duplicatesStragglers, let idle = roster.fastestAvailable,
      ledger.counts.running > 0, isPlanDue(at: now),
      let trial = straggler(for: idle, longerThan: nil, at: now)
    else { return }
    duplicate(trial, on: idle, at: now)
    isPlanDue = true
  }

  /// Of the trials that a free worker would finish clearly sooner, the one that would end last.
  ///
  /// - Parameter path: The critical path of the longest waiting trial, if any. Then only a trial
  ///   with a longer one moves, and only from a slower worker.
  private func straggler(for free: Int, longerThan path: Double?, at now: Instant) -> Int? {
    let leastSaved = path == nil ? Self.duplicateSeconds : worthMoving
    var straggler: (trial: Int, left: Double)?
    for number in roster.numbers where number != free {
      if path != nil, roster.slowness(of: number) <= roster.slowness(of: free) { continue }
      for lease in roster[number].leases where canDuplicate(lease) {
        let left = remaining(of: lease, on: number, at: now)
        guard left > straggler?.left ?? 0,
          saving(of: lease.trial, left: left, on: free)
            >= max(leastSaved, Self.duplicateShare * left),
          path.map({ self.criticalPath(from: lease) > $0 }) ?? true
        else { continue }
        straggler = (lease.trial, left)
      }
    }
    return straggler?.trial
  }

  /// How many seconds sooner another worker would end a trial, from its checkpoint.
  private func saving(of trial: Int, left: Double, on worker: Int) -> Double {
    // A result computed on two instruction sets would match neither bit for bit.
    let newest = ledger.newestCheckpoint(of: trial)
    guard newest == nil || newest?.instructionSet == roster[worker].instructionSet else { return 0 }
    return left - duration(of: trial, on: worker, threads: threadsForOneMore(on: worker))
  }

  /// Whether a second worker may run a lease's trial.
  ///
  /// At most once per lease, and never a trial that has failed by itself: with alternating leases
  /// it would fail forever without being given up.
  private func canDuplicate(_ lease: Lease) -> Bool {
    let standing = ledger.standings[lease.trial]
    return holders.count(of: lease.trial) == 1 && standing.attempts == lease.attempt
      && standing.chargedFailures == 0 && !isBlocked(lease.trial)
  }

  // MARK: - Exchanges

  /// Finds the fastest worker for which there is a clearly longer trial, waiting or on a slower
  /// worker.
  ///
  /// The worker continues that one; its own trial waits.
  ///
  /// Visits every worker, so it runs only if some trial is long enough. Few such trials end per
  /// second, however many workers there are.
  mutating func exchange(at now: Instant) {
    guard isNearEnd, ledger.counts.running > 0, graph.criticalPathSeconds > worthMoving else {
      return
    }
    guard let exchange = nextExchange(at: now) else {
      if roster.fastestAvailable == nil { isPlanDue = false }
      return
    }
    withdraw(exchange.shorter, from: exchange.worker, because: "a longer trial needs this worker")
    settle([exchange.shorter], at: now, delaying: false)
    if ledger.standings[exchange.longer].status == .running {
      duplicate(exchange.longer, on: exchange.worker, at: now)
    } else {
      lease(exchange.longer, to: exchange.worker, progress: nil, isAdoption: false, at: now)
    }
  }

  private typealias Run = (trial: Int, worker: Int, path: Double, left: Double)

  private func nextExchange(at now: Instant) -> (worker: Int, shorter: Int, longer: Int)? {
    let numbers = roster.numbers.filter { roster[$0].isUsable }
    let instructionSets = Set(numbers.map { roster[$0].instructionSet })
    // With several instruction sets, a moved trial could resume on another one and change its bits.
    guard instructionSets.count == 1 else { return nil }
    let waiting = ready.first.map { (trial: $0, path: criticalPath(from: $0)) }
    var exchange: (worker: Int, shorter: Int, longer: Int)?
    var slower: Run?
    var equallyFast: Run?
    var slowness: Int?
    for worker in numbers.sorted(by: { roster.slowness(of: $0) > roster.slowness(of: $1) }) {
      if roster.slowness(of: worker) != slowness {
        slowness = roster.slowness(of: worker)
        if let run = equallyFast, run.path > slower?.path ?? 0 { slower = run }
      }
      let runs = roster[worker].leases.filter(canDuplicate).map { lease -> Run in
        (lease.trial, worker, criticalPath(from: lease), remaining(of: lease, on: worker, at: now))
      }
      if let longest = runs.max(by: { $0.path < $1.path }), longest.path > equallyFast?.path ?? 0 {
        equallyFast = longest
      }
      guard let shortest = runs.min(by: { $0.path < $1.path }) else { continue }
      // A waiting trial gets a core of this worker without that.
      guard !canDivide(worker) || roster[worker].unleasedCores == 0 else { continue }
      let least = shortest.path * (1 + Self.exchangeShare) + worthMoving
      var longer: (trial: Int, path: Double)?
      if let run = slower,
        saving(of: run.trial, left: run.left, on: worker)
          >= max(worthMoving, Self.duplicateShare * run.left)
      {
        longer = (run.trial, run.path)
      }
      if let waiting, waiting.path > longer?.path ?? 0 { longer = waiting }
      guard let longer, longer.path > least, canResumeSoon(shortest.trial, on: worker) else {
        continue
      }
      exchange = (worker, shortest.trial, longer.trial)
    }
    return exchange
  }

  /// Whether a trial has a recent checkpoint compared with its worker's progress.
  private func canResumeSoon(_ trial: Int, on worker: Int) -> Bool {
    guard graph.steps(of: trial) != nil, let newest = ledger.newestCheckpoint(of: trial),
      let progress = lease(of: trial, on: worker)?.progress, progress.stepsPerSecond > 0
    else { return false }
    let lost = Double(progress.step - newest.step) / progress.stepsPerSecond
    return lost < worthMoving
  }

  // MARK: - Withdrawals

  /// Frees a slot for a waiting trial by withdrawing one lease of a duplicated trial: the one that
  /// is furthest behind the other.
  mutating func reclaimDuplicate(at now: Instant) {
    guard isPlanDue else { return }
    var choice: (trial: Int, worker: Int, behind: Double)?
    for trial in holders.duplicates {
      let ends = holders[trial].map { (worker: $0, end: expectedEnd(of: trial, on: $0, at: now)) }
      guard let slower = ends.max(by: { $0.end < $1.end }), roster[slower.worker].isUsable,
        let faster = ends.map(\.end).min()
      else { continue }
      let behind = slower.end - faster
      if behind > choice?.behind ?? -1 { choice = (trial, slower.worker, behind) }
    }
    guard let choice else { return }
    withdraw(
      choice.trial, from: choice.worker,
      because: "another worker will finish the trial sooner, and a waiting trial needs this worker")
  }

  /// Withdraws a duplicated trial from the worker that the other one has overtaken for good; this
  /// completes the move.
  ///
  /// - Parameter worker: The worker that just reported progress. The first of the two never takes
  ///   the trial back, so that changing estimates do not move it back and forth.
  mutating func withdrawIfOvertaken(_ trial: Int, by worker: Int, at now: Instant) {
    guard holders.count(of: trial) == 2,
      let other = holders[trial].first(where: { $0 != worker }),
      let mine = lease(of: trial, on: worker), let theirs = lease(of: trial, on: other),
      mine.attempt > theirs.attempt, let step = mine.progress?.step, step > 0,
      step >= theirs.progress?.step ?? 0,
      expectedEnd(of: trial, on: worker, at: now) < expectedEnd(of: trial, on: other, at: now)
    else { return }
    withdraw(trial, from: other, because: "another worker has taken more steps of the trial")
  }

  private func lease(of trial: Int, on worker: Int) -> Lease? {
    roster[worker].leaseIndex(of: trial).map { roster[worker].leases[$0] }
  }

  /// Ends a worker's lease of a trial, which continues elsewhere or waits.
  private mutating func withdraw(_ trial: Int, from worker: Int, because reason: String) {
    guard let attempt = lease(of: trial, on: worker)?.attempt else { return }
    endLease(of: trial, on: worker, failure: TrialFailure(cause: .stopped, message: reason))
    send(.abandon(trial: graph.trials[trial].id, attempt: attempt, reason: reason), to: worker)
  }

  private func expectedEnd(of trial: Int, on worker: Int, at now: Instant) -> Double {
    guard let index = roster[worker].leaseIndex(of: trial), roster[worker].isAtWork else {
      return .infinity
    }
    return remaining(of: roster[worker].leases[index], on: worker, at: now)
  }
}
