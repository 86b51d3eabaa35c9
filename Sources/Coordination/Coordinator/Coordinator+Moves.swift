import Trials

/// Trials that move from worker to worker with their checkpoints.
///
/// Towards the end of a sweep the trials left are few, and the longest ones belong on the fastest
/// workers (the level algorithm; Horvath, Lam and Sethi 1977). So a worker that becomes free goes
/// on with a trial that runs on a slower one, and takes it over; and a worker whose trial is clearly
/// shorter than another one leaves it to the others for that. Every move costs what was computed
/// since the latest checkpoint, so it must save much more.
extension Coordinator {
  /// A trial that waits or runs elsewhere is longer than the one of a busy worker by this share of
  /// it, and ``CoordinationSettings/worthMoving``, before it takes its place: they change places no
  /// sooner than those who run again have fallen that far behind.
  private static let exchangeShare = 0.2
  /// A duplicate must save this share of what the straggler still needs, and this many seconds.
  private static let duplicateShare = 0.1
  private static let duplicateSeconds = 60.0

  /// Whether fewer trials wait than there are slots, so that which of them run decides about the
  /// sweep's end.
  private var isNearEnd: Bool {
    settings.duplicatesStragglers && ready.count < roster.usableSlotCount
  }

  private var worthMoving: Double { settings.worthMoving.seconds }

  // MARK: - Duplicates

  /// Has the fastest free worker go on with a trial that runs on a slower one, rather than begin
  /// one with a shorter way to the sweep's end.
  mutating func moveToFree(at now: Instant) {
    guard isPlanDue, isNearEnd, let waiting = ready.first, let free = roster.fastestAvailable,
      let trial = straggler(for: free, longerThan: way(from: waiting), at: now)
    else { return }
    duplicate(trial, on: free, at: now)
  }

  /// Has an idle worker run the trial that would end last as well, from its latest checkpoint, if
  /// that brings its result clearly sooner.
  mutating func duplicateStraggler(at now: Instant) {
    guard settings.duplicatesStragglers, let idle = roster.fastestAvailable,
      ledger.counts.running > 0, isPlanDue(at: now),
      let trial = straggler(for: idle, longerThan: nil, at: now)
    else { return }
    duplicate(trial, on: idle, at: now)
    isPlanDue = true
  }

  /// The trial that would end last of those that a free worker finishes clearly sooner.
  ///
  /// - Parameter way: If others wait, the way from the longest of them: then only a trial that has
  ///   a longer one moves, and only from a slower worker.
  private func straggler(for free: Int, longerThan way: Double?, at now: Instant) -> Int? {
    let leastSaved = way == nil ? Self.duplicateSeconds : worthMoving
    var straggler: (trial: Int, left: Double)?
    for number in roster.numbers where number != free {
      if way != nil, roster.slowness(of: number) <= roster.slowness(of: free) { continue }
      for lease in roster[number].leases where canDuplicate(lease) {
        let left = remaining(of: lease, on: number, at: now)
        guard left > straggler?.left ?? 0,
          saving(of: lease.trial, left: left, on: free)
            >= max(leastSaved, Self.duplicateShare * left),
          way.map({ self.way(from: lease) > $0 }) ?? true
        else { continue }
        straggler = (lease.trial, left)
      }
    }
    return straggler?.trial
  }

  /// How many seconds sooner another worker would end a trial, from its checkpoint.
  private func saving(of trial: Int, left: Double, on worker: Int) -> Double {
    // A result made on two instruction sets would not have the bits of either.
    let newest = ledger.newestCheckpoint(of: trial)
    guard newest == nil || newest?.instructionSet == roster[worker].instructionSet else { return 0 }
    return left - duration(of: trial, on: worker)
  }

  /// Whether a second worker may run a lease's trial.
  ///
  /// Once beside each lease, and never a trial that has died by itself: with two leases in turn it
  /// would go on dying for ever, without being given up.
  private func canDuplicate(_ lease: Lease) -> Bool {
    let standing = ledger.standings[lease.trial]
    return holders.count(of: lease.trial) == 1 && standing.attempts == lease.attempt
      && standing.chargedFailures == 0 && !isBlocked(lease.trial)
  }

  // MARK: - Exchanges

  /// Has the fastest worker for which there is a clearly longer trial, waiting or on a slower
  /// worker, go on with that one; its own one waits.
  ///
  /// Looks at every worker, so only where some trial is long enough: of such ones few end in a
  /// second, however many workers there are.
  mutating func exchange(at now: Instant) {
    guard isNearEnd, ledger.counts.running > 0, graph.longestWay > worthMoving else { return }
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

  private typealias Run = (trial: Int, worker: Int, way: Double, left: Double)

  private func nextExchange(at now: Instant) -> (worker: Int, shorter: Int, longer: Int)? {
    let numbers = roster.numbers.filter { roster[$0].isUsable }
    let instructionSets = Set(numbers.map { roster[$0].instructionSet })
    // What waits goes to any worker, but should go on where it has the same bits.
    guard instructionSets.count == 1 else { return nil }
    let waiting = ready.first.map { (trial: $0, way: way(from: $0)) }
    var exchange: (worker: Int, shorter: Int, longer: Int)?
    var slower: Run?
    var equallyFast: Run?
    var slowness: Int?
    for worker in numbers.sorted(by: { roster.slowness(of: $0) > roster.slowness(of: $1) }) {
      if roster.slowness(of: worker) != slowness {
        slowness = roster.slowness(of: worker)
        if let run = equallyFast, run.way > slower?.way ?? 0 { slower = run }
      }
      let runs = roster[worker].leases.filter(canDuplicate).map { lease -> Run in
        (lease.trial, worker, way(from: lease), remaining(of: lease, on: worker, at: now))
      }
      if let longest = runs.max(by: { $0.way < $1.way }), longest.way > equallyFast?.way ?? 0 {
        equallyFast = longest
      }
      guard let shortest = runs.min(by: { $0.way < $1.way }) else { continue }
      let least = shortest.way * (1 + Self.exchangeShare) + worthMoving
      var longer: (trial: Int, way: Double)?
      if let run = slower,
        saving(of: run.trial, left: run.left, on: worker)
          >= max(worthMoving, Self.duplicateShare * run.left)
      {
        longer = (run.trial, run.way)
      }
      if let waiting, waiting.way > longer?.way ?? 0 { longer = waiting }
      guard let longer, longer.way > least, canResumeSoon(shortest.trial, on: worker) else {
        continue
      }
      exchange = (worker, shortest.trial, longer.trial)
    }
    return exchange
  }

  /// Whether a trial has a checkpoint that is not much older than what its worker has computed.
  private func canResumeSoon(_ trial: Int, on worker: Int) -> Bool {
    guard graph.steps(of: trial) != nil, let newest = ledger.newestCheckpoint(of: trial),
      let progress = lease(of: trial, on: worker)?.progress, progress.stepsPerSecond > 0
    else { return false }
    let lost = Double(progress.step - newest.step) / progress.stepsPerSecond
    return lost < worthMoving
  }

  // MARK: - Withdrawals

  /// Takes back the slower lease of a trial that two workers run, for a trial that waits: of
  /// several the one furthest behind the other, which is the least likely to be of use.
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
      because: "another worker finishes it sooner, and this one is needed")
  }

  /// Takes a duplicated trial from the worker that the other one has overtaken, and will be ahead
  /// of to the end: with that the trial has moved.
  ///
  /// - Parameter worker: The one whose progress was just heard of; the one that began first never
  ///   takes the trial back, so that estimates that differ do not move it to and fro.
  mutating func withdrawIfOvertaken(_ trial: Int, by worker: Int, at now: Instant) {
    guard holders.count(of: trial) == 2,
      let other = holders[trial].first(where: { $0 != worker }),
      let mine = lease(of: trial, on: worker), let theirs = lease(of: trial, on: other),
      mine.attempt > theirs.attempt, let step = mine.progress?.step, step > 0,
      step >= theirs.progress?.step ?? 0,
      expectedEnd(of: trial, on: worker, at: now) < expectedEnd(of: trial, on: other, at: now)
    else { return }
    withdraw(trial, from: other, because: "another worker is ahead of this one")
  }

  private func lease(of trial: Int, on worker: Int) -> Lease? {
    roster[worker].leaseIndex(of: trial).map { roster[worker].leases[$0] }
  }

  /// Ends a worker's lease of a trial, which goes on or waits.
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
