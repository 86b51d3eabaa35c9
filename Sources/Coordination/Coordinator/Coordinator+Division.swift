import Trials

/// Divides the cores of workers that allow it among their trials.
///
/// Every lease takes at least one core, and one of ``ThreadCounts/all``. The cores beyond these go
/// to the trial whose critical path would take longest, again and again, until no next number fits.
/// While trials wait for a core, or may soon, a worker's part of their number is kept free. A
/// critical trial takes cores before they do: one whose path takes ``criticalShare`` times as long
/// as all remaining work on all cores.
///
/// **When a running trial changes.** Its worker changes it at a checkpoint, which costs some
/// seconds. So it gets
///
/// - more threads if that saves ``CoordinationSettings/worthDividing`` and ``worthShare`` of the
///   time that it still needs;
/// - fewer if a trial waits that would otherwise wait so long, or if the longest path on this
///   worker becomes shorter by as much and by ``balanceShare``; and not if it ends within that time.
///
/// After a change it keeps its threads for twice that time, after ``interruptionLimit``
/// interruptions until it ends or is leased again. Before its first step a change costs
/// nothing, so none of this applies.
///
/// **Never more than there are.** A lease counts with the larger of the ordered and the claimed
/// number, so a core is given away only after a claim has shown that it is free.
///
/// A worker is looked at when its leases change and every ``divisionInterval``. A look takes
/// O(n log n) for its n leases, and O(n) while the queue is long.
extension Coordinator {
  /// A path that takes so many times as long as all work on all cores is critical.
  ///
  /// Below 2 the order of the trials can still hide it.
  private static let criticalShare = 2.0
  /// More threads must save this fraction of a trial's remaining time.
  private static let worthShare = 0.05
  /// Cores move from one running trial to another only if the longest path becomes shorter by this
  /// fraction, so that two trials do not alternate.
  private static let balanceShare = 0.2
  /// The next number of threads must be faster by this factor.
  private static let leastGain = 1.1
  /// A running trial that was interrupted so often keeps its threads, so that changing them cannot
  /// keep it from ending.
  private static let interruptionLimit = 3
  /// How often the division is looked at if no lease has changed.
  private static let divisionInterval = Duration.seconds(10)

  private var worth: Double { settings.worthDividing.seconds }

  /// Whether a worker's cores may be divided.
  func canDivide(_ worker: Int) -> Bool { roster[worker].divisibleCores > 0 }

  /// Notes that a worker's leases or cores have changed.
  mutating func noteDivisionDue(_ worker: Int) {
    if canDivide(worker) { divisionDue.insert(worker) }
  }

  // MARK: - Numbers of threads

  /// How many threads a lease may have, for its assignment; nil if its worker decides.
  func threads(of trial: Int, on worker: Int) -> Int? {
    guard canDivide(worker), let index = roster[worker].leaseIndex(of: trial) else { return nil }
    return roster[worker].leases[index].threads
  }

  /// With how many threads a lease is computed, for the speed model: 1 on a worker whose slots are
  /// alike, since its speed is that of a slot.
  func workingThreads(of index: Int, on worker: Int) -> Int {
    guard canDivide(worker) else { return 1 }
    let lease = roster[worker].leases[index]
    return lease.claimedThreads ?? lease.threads
  }

  /// The same of a worker's trial; 1 if it has no lease of it.
  func claimedThreads(of trial: Int, on worker: Int) -> Int {
    roster[worker].leaseIndex(of: trial).map { workingThreads(of: $0, on: worker) } ?? 1
  }

  /// How many threads a further trial would get on a worker.
  func threadsForOneMore(on worker: Int) -> Int {
    guard canDivide(worker), coreDemand == 0 else { return 1 }
    return ThreadCounts.largest(in: roster[worker].freeCores)
  }

  /// How many threads a trial begins with: one, unless it is critical.
  func firstThreads(of trial: Int, on worker: Int) -> Int {
    guard canDivide(worker) else { return 1 }
    let (free, path) = (roster[worker].freeCores, criticalPath(from: trial))
    var threads = 1
    while let next = nextThreads(after: threads), next <= free, isCritical(path, threads: threads) {
      threads = next
    }
    return threads
  }

  private func isCritical(_ path: Double, threads: Int) -> Bool {
    let mean = ledger.unfinishedCost / Double(max(roster.usableSlotCount, 1))
    return path / speeds.speedUp(ofThreads: threads) > Self.criticalShare * mean
  }

  /// The next larger number of threads that is clearly faster.
  private func nextThreads(after threads: Int) -> Int? {
    guard let next = ThreadCounts.next(after: threads),
      speeds.speedUp(ofThreads: next) >= speeds.speedUp(ofThreads: threads) * Self.leastGain
    else { return nil }
    return next
  }

  /// How many trials want a core now, or may soon.
  private var coreDemand: Int {
    let heldCount = held.reduce(0) { sum, entry in
      guard ledger.pausedStages[entry.key] == nil, case .flying = canaries[entry.key] else {
        return sum
      }
      return sum + entry.value.count
    }
    return ready.count + delayed.count + heldCount
  }

  // MARK: - Claims

  /// Notes how many threads a worker claims for a lease; repeats the order if it is another number.
  mutating func noteThreads(_ claimed: Int?, of index: Int, on worker: Int, at now: Instant) {
    let before = roster[worker].leases[index].claimedThreads
    roster[worker].leases[index].claimedThreads = claimed
    guard canDivide(worker), let claimed else { return }
    if !roster[worker].leases[index].knowsThreads {
      roster[worker].leases[index].knowsThreads = true
      roster[worker].leases[index].threads = claimed
    }
    if before != claimed {
      // What it has learned of the lease was with other threads.
      roster[worker].leases[index].learnedStep = 0
      roster.refresh(worker)
      noteDivisionDue(worker)
      isPlanDue = true
    }
    let lease = roster[worker].leases[index]
    guard claimed != lease.threads, now - lease.threadsSentAt >= settings.claimTimeout else {
      return
    }
    if lease.threadsResends >= settings.claimLimit {
      // The worker does not follow; its number counts.
      roster[worker].leases[index].threads = claimed
      roster[worker].leases[index].threadsChangedAt = now
      roster.refresh(worker)
    } else {
      roster[worker].leases[index].threadsResends += 1
      sendThreads(of: index, on: worker, at: now)
    }
  }

  private mutating func sendThreads(of index: Int, on worker: Int, at now: Instant) {
    roster[worker].leases[index].threadsSentAt = now
    let lease = roster[worker].leases[index]
    send(
      .assignThreads(
        trial: graph.trials[lease.trial].id, attempt: lease.attempt, threads: lease.threads),
      to: worker)
  }

  // MARK: - Division

  /// Divides the cores of the workers that are due.
  mutating func divideCores(at now: Instant) {
    guard roster.divisibleCoreCount > 0 else { return }
    if dividedAt.map({ now - $0 >= Self.divisionInterval }) ?? true {
      dividedAt = now
      for worker in roster.numbers { noteDivisionDue(worker) }
    }
    guard !divisionDue.isEmpty else { return }
    let due = divisionDue.sorted()
    divisionDue = []
    for worker in due where roster.contains(worker) { divide(worker, at: now) }
  }

  private mutating func divide(_ worker: Int, at now: Instant) {
    let state = roster[worker]
    let spare = state.unleasedCores
    let free = state.freeCores
    guard state.isUsable, canDivide(worker), !state.leases.isEmpty else { return }
    // Every lease has one core, and no further core is free.
    guard free > 0 || state.leases.contains(where: { $0.threads > 1 }) else { return }
    let demand = coreDemand
    let capacity = max(roster.unleasedCoreCount, 1)
    let kept =
      demand >= capacity
      ? spare : Int((Double(demand) * Double(spare) / Double(capacity)).rounded(.up))
    let ideal = idealThreads(on: worker, keeping: kept)
    apply(ideal, to: worker, keeping: kept, at: now)
  }

  /// How many threads each lease of a worker would have if changes cost nothing.
  ///
  /// - Parameter kept: So many cores are kept for trials that wait, except from critical ones.
  private func idealThreads(on worker: Int, keeping kept: Int) -> [Int] {
    let leases = roster[worker].leases
    var spare = roster[worker].unleasedCores
    var unkept = spare - kept
    var threads = [Int](repeating: 1, count: leases.count)
    let paths = leases.map { criticalPath(from: $0) }
    var longest = IndexedHeap<Double>()
    for (index, path) in paths.enumerated() { longest[index] = -path }
    while spare > 0, let index = longest.first {
      guard let next = nextThreads(after: threads[index]), next - threads[index] <= spare,
        next - threads[index] <= unkept || isCritical(paths[index], threads: threads[index])
      else {
        longest[index] = nil
        continue
      }
      spare -= next - threads[index]
      unkept -= next - threads[index]
      threads[index] = next
      longest[index] = -paths[index] / speeds.speedUp(ofThreads: next)
    }
    return threads
  }

  /// Orders the changes towards a division that are worth their cost, those to fewer threads first.
  ///
  /// - Parameter kept: How many cores are to be left for trials that wait.
  private mutating func apply(_ ideal: [Int], to worker: Int, keeping kept: Int, at now: Instant) {
    let leases = roster[worker].leases
    let left = leases.map { remaining(of: $0, on: worker, at: now) }
    let paths = leases.map { criticalPath(from: $0) / roster[worker].speed }
    func longest(_ threads: [Int]) -> Double {
      zip(paths, threads).reduce(0) { max($0, $1.0 / speeds.speedUp(ofThreads: $1.1)) }
    }
    let before = longest(leases.map(\.threads))
    let balances = before - longest(ideal) >= max(worth, Self.balanceShare * before)
    let waitIsLong = ready.first != nil && (left.min() ?? 0) >= worth
    var fewer = leases.map(\.threads)
    if balances {
      fewer = zip(fewer, ideal).map { min($0, $1) }
    } else if waitIsLong {
      fewer = withdrawn(kept - roster[worker].freeCores, from: leases, paths: paths)
    }
    for (index, lease) in leases.enumerated() where fewer[index] < lease.threads {
      guard lease.progress == nil || (rests(lease, at: now) && left[index] >= worth) else {
        continue
      }
      setThreads(fewer[index], of: index, on: worker, at: now)
    }
    for (index, lease) in leases.enumerated()
    where ideal[index] > lease.threads && fewer[index] == lease.threads {
      let cores = lease.coreCount + roster[worker].freeCores
      let threads = min(ideal[index], ThreadCounts.largest(in: cores))
      guard threads > lease.threads else { continue }
      let share =
        1 - speeds.speedUp(ofThreads: lease.threads) / speeds.speedUp(ofThreads: threads)
      let saved = left[index] * share
      guard
        lease.progress == nil
          || (rests(lease, at: now) && saved >= max(worth, Self.worthShare * left[index]))
      else { continue }
      setThreads(threads, of: index, on: worker, at: now)
    }
  }

  /// The threads of leases after so many cores are withdrawn, step by step from the one that then
  /// ends first, but not from critical ones.
  private func withdrawn(_ cores: Int, from leases: [Lease], paths: [Double]) -> [Int] {
    var threads = leases.map(\.threads)
    var lacking = cores
    var shortest = IndexedHeap<Double>()
    func offer(_ index: Int) {
      shortest[index] = ThreadCounts.previous(before: threads[index]).map {
        paths[index] / speeds.speedUp(ofThreads: $0)
      }
    }
    for index in leases.indices { offer(index) }
    while lacking > 0, let index = shortest.first {
      guard let fewer = ThreadCounts.previous(before: threads[index]),
        !isCritical(criticalPath(from: leases[index]), threads: fewer)
      else {
        shortest[index] = nil
        continue
      }
      lacking -= threads[index] - fewer
      threads[index] = fewer
      offer(index)
    }
    return threads
  }

  /// Whether a running trial's threads may change: it has kept them for long enough, and has not
  /// been interrupted again and again.
  private func rests(_ lease: Lease, at now: Instant) -> Bool {
    guard ledger.standings[lease.trial].unchargedFailures < Self.interruptionLimit else {
      return false
    }
    return lease.threadsChangedAt == lease.begunAt
      || now - lease.threadsChangedAt >= settings.worthDividing * 2
  }

  private mutating func setThreads(
    _ threads: Int, of index: Int, on worker: Int, at now: Instant
  ) {
    roster[worker].leases[index].threads = threads
    roster[worker].leases[index].threadsResends = 0
    roster[worker].leases[index].threadsChangedAt = now
    sendThreads(of: index, on: worker, at: now)
    roster.refresh(worker)
  }
}
