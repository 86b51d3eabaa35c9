import Trials

/// Which worker a trial goes to: the one that is expected to finish it first.
///
/// Trials are leased in order of priority: longest critical path first. If all workers are about
/// equally fast, or trials are short, the fastest free worker takes the trial in O(log workers). If
/// a busy worker is clearly faster, the next trials are scheduled over all slots, free and busy
/// (list scheduling with earliest finish times; for unequal machines, Gonzalez, Ibarra and Sahni
/// 1977). A trial that a busy worker would finish first stays queued for it. If it would wait long,
/// it starts on a free slot and moves later, so that no slot stays idle for long. A schedule is
/// computed when something has changed, in at most ``scheduleWork`` steps. It is then discarded;
/// each schedule uses fresh estimates.
extension Coordinator {
  /// Trials that take less on the free worker go to it without a schedule.
  private static let worthPlanning = 10.0
  /// Interval at which a schedule is computed again if nothing has happened.
  private static let planInterval = Duration.seconds(5)
  /// Most pairs of trial and slot considered in one schedule.
  private static let scheduleWork = 200_000
  /// A free slot is taken if it finishes at most this factor later than the best one.
  private static let tolerance = 1.05
  /// Penalty factor for resuming from a checkpoint of another instruction set, which is possible
  /// but gives other bits.
  private static let foreignCheckpointFactor = 1.25
  /// Penalty factor for the worker on which a waiting trial has just failed.
  private static let failureFactor = 4.0

  /// Leases trials, in order of priority, while there is a trial and a worker for it.
  mutating func leaseReadyTrials(at now: Instant) {
    holdBlockedTrials()
    let wasPlanDue = isPlanDue
    moveToFree(at: now)
    if ready.first != nil, roster.fastestAvailable == nil {
      reclaimDuplicate(at: now)
      holdBlockedTrials()
    }
    while let trial = ready.first, let worker = freeWorker(for: trial) {
      guard
        !roster.hasFaster(than: worker) || duration(of: trial, on: worker) < Self.worthPlanning
      else {
        leaseBySchedule(at: now)
        return divideCores(at: now)
      }
      lease(trial, to: worker, progress: nil, isAdoption: false, at: now)
      holdBlockedTrials()
    }
    // Before others take trials over: a trial on a worker with idle cores gets them instead.
    divideCores(at: now)
    if ready.first == nil { duplicateStraggler(at: now) }
    if wasPlanDue { exchange(at: now) }
    divideCores(at: now)
  }

  /// The free worker that finishes a trial first.
  private func freeWorker(for trial: Int) -> Int? {
    guard ledger.standings[trial].failure != nil || ledger.newestCheckpoint(of: trial) != nil else {
      return roster.fastestAvailable
    }
    return roster.numbers.filter { roster[$0].canTakeWork }.map { worker in
      (worker, duration(of: trial, on: worker), roster[worker].share, roster[worker].joinNumber)
    }.min { ($0.1, $0.2, $0.3) < ($1.1, $1.2, $1.3) }?.0
  }

  /// The leasing priority, smallest first: the negative critical path from the trial's latest
  /// checkpoint.
  ///
  /// Ties follow the plan's order.
  ///
  /// Trials that had begun before the sweep resumed come first, so that their work is used soon.
  func priority(of trial: Int) -> Float {
    let path = min(Float(criticalPath(from: trial)), Self.longestPath)
    return interrupted.contains(trial) ? -path - Self.longestPath : -path
  }

  /// Upper bound of a critical path: about 30 years, in seconds.
  private static let longestPath: Float = 1e9

  /// The length of the critical path that begins with the rest of a trial, in expected seconds on
  /// one core of the reference speed.
  func criticalPath(from trial: Int) -> Double {
    let step = ledger.newestCheckpoint(of: trial)?.step ?? 0
    return graph.criticalPath(from: trial) - graph.cost(of: trial) * share(of: trial, doneAt: step)
  }

  /// The critical path of a running trial, from its reported step.
  func criticalPath(from lease: Lease) -> Double {
    guard let step = lease.progress?.step else { return criticalPath(from: lease.trial) }
    return graph.criticalPath(from: lease.trial) - graph.cost(of: lease.trial)
      * share(of: lease.trial, doneAt: step)
  }

  /// The fraction of a trial's steps done at a step; 0 if the number of its steps is unknown.
  private func share(of trial: Int, doneAt step: Int) -> Double {
    graph.steps(of: trial).map { min(Double(step) / Double($0), 1) } ?? 0
  }

  /// Seconds that a worker is expected to need for a trial from its latest checkpoint, with so many
  /// threads.
  func duration(of trial: Int, on worker: Int, threads: Int = 1) -> Double {
    let newest = ledger.newestCheckpoint(of: trial)
    let cost = graph.cost(of: trial) * (1 - share(of: trial, doneAt: newest?.step ?? 0))
    var seconds = cost / roster[worker].speed / speeds.factor(ofKind: graph.kind(of: trial))
    seconds /= speeds.speedUp(ofThreads: threads)
    if let newest, newest.instructionSet != roster[worker].instructionSet {
      seconds *= Self.foreignCheckpointFactor
    }
    let standing = ledger.standings[trial]
    if standing.status == .waiting, standing.failure != nil, let last = standing.worker,
      hasFailedNear(last, worker)
    {
      seconds = seconds * Self.failureFactor + 60
    }
    return seconds
  }

  private func hasFailedNear(_ last: WorkerID, _ worker: Int) -> Bool {
    guard let number = roster.number(of: last) else { return false }
    return number == worker
      || (!roster[worker].host.isEmpty && roster[number].host == roster[worker].host)
  }

  /// Expected seconds until a lease's result.
  ///
  /// An overdue lease is expected to need as long again as it is overdue, so that nothing waits for
  /// a stalled trial.
  func remaining(of lease: Lease, on worker: Int, at now: Instant) -> Double {
    let left: Double
    let since: Double
    if let progress = lease.progress, progress.stepsPerSecond > 0 {
      // Its threads may be changing.
      let factor =
        canDivide(worker)
        ? speeds.speedUp(ofThreads: lease.progressThreads)
          / speeds.speedUp(ofThreads: lease.threads) : 1
      left = Double(progress.totalSteps - progress.step) / progress.stepsPerSecond * factor
      // A worker that is not at work may make no progress.
      since = roster[worker].isAtWork ? (now - lease.progressAt).seconds : 0
    } else {
      left = duration(
        of: lease.trial, on: worker, threads: canDivide(worker) ? lease.threads : 1)
      since = (now - lease.begunAt).seconds
    }
    return abs(left - since)
  }

  // MARK: - Schedules

  private struct Slot {
    var worker: Int
    var isFree: Bool
    var freeIn: Double
  }

  private func slots(at now: Instant) -> [Slot] {
    var slots: [Slot] = []
    for number in roster.numbers where roster[number].isUsable {
      let worker = roster[number]
      for lease in worker.leases.prefix(worker.usableSlots) {
        slots.append(
          Slot(
            worker: number, isFree: false, freeIn: remaining(of: lease, on: number, at: now)))
      }
      for _ in 0..<worker.freeSlots {
        slots.append(Slot(worker: number, isFree: true, freeIn: 0))
      }
    }
    return slots
  }

  private mutating func leaseBySchedule(at now: Instant) {
    guard isPlanDue(at: now) else { return }
    var slots = slots(at: now)
    var freeCount = slots.count(where: \.isFree)
    let trialLimit = min(max(Self.scheduleWork / max(slots.count, 1), 16), 512)
    var queued: [(trial: Int, slot: Slot)] = []
    while freeCount > 0, queued.count < trialLimit, let trial = ready.first {
      let (best, bestFree) = choose(for: trial, among: slots)
      guard let bestFree else { break }
      if bestFree.end <= best.end * Self.tolerance {
        let worker = slots[bestFree.slot].worker
        slots[bestFree.slot].isFree = false
        // An earlier trial may have taken several of its cores.
        guard roster[worker].canTakeWork else {
          slots[bestFree.slot].freeIn = .infinity
          freeCount -= 1
          continue
        }
        slots[bestFree.slot].freeIn = bestFree.end
        freeCount -= 1
        lease(trial, to: worker, progress: nil, isAdoption: false, at: now)
      } else {
        queued.append((trial, slots[best.slot]))
        slots[best.slot].freeIn = best.end
        ready[trial] = nil
      }
      holdBlockedTrials()
    }
    // The schedule reached its limit: too many trials would finish sooner elsewhere.
    while freeCount > 0, let trial = ready.first, let worker = roster.fastestAvailable {
      lease(trial, to: worker, progress: nil, isAdoption: false, at: now)
      freeCount -= 1
      holdBlockedTrials()
    }
    for (trial, _) in queued { ready[trial] = priority(of: trial) }
    beginEarly(queued, at: now)
  }

  /// Lets free workers start trials that the schedule assigned to busy slots, the longest wait
  /// first.
  ///
  /// Such a trial makes progress and moves with its checkpoint when the slot is free.
  private mutating func beginEarly(_ queued: [(trial: Int, slot: Slot)], at now: Instant) {
    guard settings.duplicatesStragglers else { return }
    for (trial, slot) in queued.reversed() {
      guard roster.fastestAvailable != nil else { return }
      guard slot.freeIn >= settings.worthMoving.seconds, graph.steps(of: trial) != nil,
        !isBlocked(trial)
      else { continue }
      let instructionSet = roster[slot.worker].instructionSet
      let worker = roster.numbers.filter {
        roster[$0].canTakeWork && roster[$0].instructionSet == instructionSet
      }.min { duration(of: trial, on: $0) < duration(of: trial, on: $1) }
      guard let worker else { continue }
      lease(trial, to: worker, progress: nil, isAdoption: false, at: now)
      holdBlockedTrials()
    }
  }

  private typealias Choice = (slot: Int, end: Double)

  private func choose(
    for trial: Int, among slots: [Slot]
  ) -> (best: Choice, bestFree: Choice?) {
    var best: Choice = (0, .infinity)
    var bestFree: Choice?
    var known: (worker: Int, seconds: Double)?
    for (index, slot) in slots.enumerated() {
      if known?.worker != slot.worker {
        known = (slot.worker, duration(of: trial, on: slot.worker))
      }
      let end = slot.freeIn + (known?.seconds ?? 0)
      if end < best.end { best = (index, end) }
      if slot.isFree, end < bestFree?.end ?? .infinity { bestFree = (index, end) }
    }
    return (best, bestFree)
  }

  mutating func isPlanDue(at now: Instant) -> Bool {
    guard isPlanDue || plannedAt.map({ now - $0 >= Self.planInterval }) ?? true else {
      return false
    }
    isPlanDue = false
    plannedAt = now
    return true
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { self / .seconds(1) }
}
