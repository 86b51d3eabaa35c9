import Foundation
import Trials

/// When a sweep is expected to end, from expected costs, learned speeds and the order of trials.
package struct SweepForecast: Hashable, Sendable {
  /// Median estimate; nil while no worker can be used.
  package var remaining: Duration?
  /// The sweep ends in this interval with probability 0.8; nil while no worker can be used.
  package var interval: ClosedRange<Duration>?
  /// Remaining work of all trials, on one slot of the reference speed.
  package var work: Duration
  /// Remaining length of the critical path, on a slot of the reference speed.
  package var criticalPath: Duration
  /// How many slots can be used.
  package var slots: Int
}

extension Coordinator {
  /// The 90th percentile of the normal distribution.
  private static let ninetiethPercentile = 1.2816
  /// Variance that remains if all speeds are known: failures, other load, order of ends.
  private static let ownVariance = 0.0025

  /// When the sweep is expected to end if nothing fails.
  ///
  /// Simulates the leasing of the unfinished trials to the present slots. Takes O(n log n) for n
  /// trials, so it is not computed for every event. The interval follows from the variances of the
  /// speed model.
  package func forecast(at now: Instant) -> SweepForecast {
    var plan = ForecastPlan(self, at: now)
    plan.deal(self)
    var forecast = SweepForecast(
      work: Duration(bounded: plan.work), criticalPath: Duration(bounded: plan.criticalPath),
      slots: plan.slotCount)
    guard plan.slotCount > 0 else { return forecast }
    forecast.remaining = Duration(bounded: plan.end)
    let deviation = (plan.variance + Self.ownVariance).squareRoot()
    let factor = exp(Self.ninetiethPercentile * deviation)
    forecast.interval = Duration(bounded: plan.end / factor)...Duration(bounded: plan.end * factor)
    return forecast
  }
}

extension Duration {
  /// So many seconds, at most 10¹²; NaN gives 10¹².
  ///
  /// The standard conversion traps if the number is too large.
  init(bounded seconds: Double) {
    self = .seconds(seconds < 1e12 ? max(seconds, 0) : 1e12)
  }
}

/// A simulated schedule: trials in order of priority, each on the slot that ends it first among
/// those that become free first.
///
/// A core that can be divided is a slot. If more of them are free than trials wait, a trial takes
/// several.
private struct ForecastPlan {
  private struct Slot {
    var speed: Double
    var isDivisible = false
    var freeAt: Double
    var trial: Int?
  }

  private var slots: [Slot] = []
  private var queue = IndexedHeap<Double>()
  private var waitingParents: [Int: Int] = [:]
  private var ready = IndexedHeap<Float>()
  private var shares: [Int: Double] = [:]
  private(set) var hostVariance = 0.0
  private(set) var work = 0.0
  private(set) var criticalPath = 0.0
  private(set) var end = 0.0

  var slotCount: Int { slots.count }

  /// Variance of the logarithm of the end: of the kinds by their shares of the work, and of the
  /// hosts together.
  private(set) var variance = 0.0

  init(_ coordinator: Coordinator, at now: Instant) {
    let (roster, graph) = (coordinator.roster, coordinator.graph)
    var left: [Int: Double] = [:]
    for number in roster.numbers where roster[number].isUsable {
      let worker = roster[number]
      let host = coordinator.speeds.host(worker.host)
      hostVariance += host.variance * Double(worker.slots)
      let isDivisible = worker.divisibleCores > 0
      for lease in worker.leases.prefix(worker.slots) {
        let seconds = coordinator.remaining(of: lease, on: number, at: now)
        // A worker may claim any number.
        let threads = isDivisible ? ThreadCounts.largest(in: lease.threads) : 1
        left[lease.trial] = min(
          left[lease.trial] ?? .infinity,
          seconds * worker.speed * coordinator.speeds.speedUp(ofThreads: threads))
        var slot = Slot(
          speed: worker.speed, isDivisible: isDivisible, freeAt: seconds, trial: lease.trial)
        add(slot)
        slot.trial = nil
        for _ in 1..<threads { add(slot) }
      }
      for _ in 0..<worker.freeSlots {
        add(Slot(speed: worker.speed, isDivisible: isDivisible, freeAt: 0, trial: nil))
      }
    }
    if !slots.isEmpty { hostVariance /= Double(slots.count * slots.count) }
    var paths: [Int: Double] = [:]
    for trial in graph.trials.indices.reversed() {
      let standing = coordinator.ledger.standings[trial]
      guard standing.status == .waiting || standing.status == .running else { continue }
      let cost = left[trial] ?? coordinator.costLeft(of: trial)
      work += cost
      shares[graph.kind(of: trial), default: 0] += cost
      let rest = graph.children(of: trial).reduce(0) { max($0, paths[Int($1)] ?? 0) }
      paths[trial] = cost + rest
      criticalPath = max(criticalPath, cost + rest)
      if left[trial] == nil {
        if standing.unfinishedParents == 0 {
          ready[trial] = coordinator.priority(of: trial)
        } else {
          waitingParents[trial] = Int(standing.unfinishedParents)
        }
      }
    }
    variance = hostVariance
    guard work > 0 else { return }
    for (kind, share) in shares.sorted(by: { $0.key < $1.key }) {
      variance += coordinator.speeds.kind(kind).variance * (share / work) * (share / work)
    }
  }

  private mutating func add(_ slot: Slot) {
    queue[slots.count] = slot.freeAt
    slots.append(slot)
  }

  /// Runs the schedule until no work is left.
  mutating func deal(_ coordinator: Coordinator) {
    let graph = coordinator.graph
    var idle = IndexedHeap<Double>()
    while let index = queue.first, let time = queue.firstKey {
      queue[index] = nil
      if let trial = slots[index].trial {
        end = max(end, time)
        for child in graph.children(of: trial).map(Int.init) {
          guard let waiting = waitingParents[child] else { continue }
          waitingParents[child] = waiting - 1
          if waiting == 1 { ready[child] = coordinator.priority(of: child) }
        }
      }
      slots[index].trial = nil
      idle[index] = -slots[index].speed
      while let trial = ready.first, let slot = idle.first {
        idle[slot] = nil
        ready[trial] = nil
        slots[slot].trial = trial
        var end = time + coordinator.costLeft(of: trial) / slots[slot].speed
        if slots[slot].isDivisible {
          let threads = ThreadCounts.largest(in: (idle.count + 1) / (ready.count + 1))
          end = time + (end - time) / coordinator.speeds.speedUp(ofThreads: threads)
          for _ in 1..<threads {
            guard let other = idle.first else { break }
            idle[other] = nil
            queue[other] = end
          }
        }
        queue[slot] = end
      }
    }
  }
}

extension Coordinator {
  /// Remaining seconds of a trial from its latest checkpoint, on a slot of the reference speed.
  fileprivate func costLeft(of trial: Int) -> Double {
    var cost = graph.cost(of: trial) / speeds.factor(ofKind: graph.kind(of: trial))
    if let newest = ledger.newestCheckpoint(of: trial), let steps = graph.steps(of: trial) {
      cost *= max(0, 1 - Double(newest.step) / Double(steps))
    }
    return cost
  }
}
