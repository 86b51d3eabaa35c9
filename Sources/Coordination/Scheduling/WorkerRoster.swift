import Foundation
import Trials

/// The coordinator's current view of a worker; it is not durable.
struct Worker: Sendable {
  let id: WorkerID
  /// Rank in the order of joining; breaks ties between equally loaded workers.
  let joinNumber: Int
  var host = ""
  var slots = 0
  /// How many cores the coordinator may divide among its trials; 0 if every slot has fixed ones.
  var divisibleCores = 0
  var processor = ""
  var instructionSet = ""
  var coreCount = 0
  var memoryByteCount = 0
  var productVersion = ""
  /// Whether it gets no work because its host, its place, its key or the worker itself is drained.
  var isDrained = false
  /// Speed of one slot, relative to the reference speed of the expected costs.
  var speed = 1.0
  /// How many of its slots the roster counts as usable.
  fileprivate var countedSlots = 0
  /// How many of its divisible cores, and of those beyond one per lease, the roster counts.
  fileprivate var countedCores = (all: 0, unleased: 0)
  var link: Link
  var lastHeard: Instant
  /// Another connection that announces the worker's name while this one may still exist, and whether
  /// people were told.
  var rival: (connection: ConnectionID, isReported: Bool)?
  var isSuspect = false
  /// Whether it left repeated assignments unclaimed; reset by its next announcement.
  var isUnresponsive = false
  /// The worker's own text of what keeps it from taking further trials; nil if nothing does.
  var obstacle: String?
  /// The attempts leased to it; no lease is added when every slot has one.
  var leases: [Lease] = []

  /// The state of a worker's connection.
  enum Link: Hashable, Sendable {
    /// Connected; the next probe is due at the given time.
    case connected(ConnectionID, probeAt: Instant)
    /// Not connected since the connection broke or the coordinator started. The worker is lost at
    /// the given time.
    case away(until: Instant)
  }

  var connection: ConnectionID? {
    if case .connected(let connection, _) = link { return connection }
    return nil
  }

  /// Whether it is connected and responds.
  var isAtWork: Bool {
    connection != nil && !isSuspect && !isUnresponsive && !isDrained && slots > 0
  }

  /// The fewest and the most slots that a worker is believed to have before it has shown steps of
  /// any trial.
  private static let slotsBelieved = 8...64

  /// Slots that it is believed to have before it has shown steps of any trial: two per announced
  /// core, within ``slotsBelieved``; the most if it announces no cores.
  var believedSlots: Int {
    let (fewest, most) = (Self.slotsBelieved.lowerBound, Self.slotsBelieved.upperBound)
    guard coreCount > 0, coreCount < most / 2 else { return most }
    return max(fewest, 2 * coreCount)
  }

  /// The slots that are used: those announced, but at most ``believedSlots``, or twice as many as it
  /// has trials of which it has shown a step.
  ///
  /// Otherwise one worker that announces thousands would get every trial at once.
  var usableSlots: Int {
    guard slots > believedSlots else { return slots }
    return min(slots, max(believedSlots, 2 * leases.count { $0.hasBegun }))
  }

  /// Whether it is at work and has a free slot, so that it may keep an attempt that it claims.
  var canKeepWork: Bool { isAtWork && freeSlots > 0 }

  /// How many further trials it could run now.
  var freeSlots: Int {
    let slots = max(usableSlots - leases.count, 0)
    return divisibleCores > 0 ? min(slots, freeCores) : slots
  }

  /// How many of its divisible cores no lease takes.
  var freeCores: Int { max(divisibleCores - leases.reduce(0) { $0 + $1.coreCount }, 0) }

  /// How many of its divisible cores are left if every lease takes one.
  var unleasedCores: Int { max(min(divisibleCores, slots) - leases.count, 0) }

  /// Whether it takes trials as soon as a slot is free.
  var isUsable: Bool { isAtWork && obstacle == nil }

  /// Whether it can take a trial now.
  var canTakeWork: Bool { canKeepWork && obstacle == nil }

  /// The fraction of its slots that are leased.
  var share: Double { Double(leases.count) / Double(max(slots, 1)) }

  /// The ``WorkerID/member(onHost:)`` that is responsible for its messages.
  var member: String { id.member(onHost: host) }

  /// Where it runs.
  var place: String { id.place(onHost: host) }

  func leaseIndex(of trial: Int) -> Int? { leases.firstIndex { $0.trial == trial } }
}

/// The known workers by number, indexed by availability, host, connection and deadline.
///
/// A number belongs to its worker until ``remove(_:)``; a later worker reuses it.
struct WorkerRoster: Sendable {
  private var workers: [Worker?] = []
  private var freeNumbers: [Int] = []
  private var numbersByID: [WorkerID: Int] = [:]
  private var numbersByConnection: [ConnectionID: Int] = [:]
  private var joinCount = 0
  /// Workers that can take work: fastest first, then least loaded.
  private var available = IndexedHeap<Load>()
  /// Usable workers, free or busy, fastest first.
  private var usable = IndexedHeap<Int>()
  /// The slots of all usable workers, free or busy.
  private(set) var usableSlotCount = 0
  /// The divisible cores of all usable workers, and those that would be left if every lease took
  /// one.
  private(set) var divisibleCoreCount = 0
  private(set) var unleasedCoreCount = 0
  private var numbersByHost: [String: Set<Int>] = [:]
  private var hostsByName: [String: Set<String>] = [:]
  private var countsByKey: [String: Int] = [:]
  /// When to inspect each worker; may be too early, never too late.
  private var deadlines = IndexedHeap<Instant>()
  private let settings: CoordinationSettings

  private struct Load: Comparable, Sendable {
    var slowness: Int
    var share: Double
    var joinNumber: Int

    static func < (left: Load, right: Load) -> Bool {
      guard left.slowness == right.slowness else { return left.slowness < right.slowness }
      return left.share == right.share
        ? left.joinNumber < right.joinNumber : left.share < right.share
    }
  }

  init(settings: CoordinationSettings) { self.settings = settings }

  /// The numbers of all workers, ascending.
  var numbers: [Int] { workers.indices.filter { workers[$0] != nil } }

  /// Whether there is a worker of this number.
  func contains(_ number: Int) -> Bool {
    workers.indices.contains(number) && workers[number] != nil
  }

  /// How many workers are known.
  var count: Int { numbersByID.count }

  /// How many workers are known under a key.
  func count(ofKey key: String) -> Int { countsByKey[key] ?? 0 }

  func number(of worker: WorkerID) -> Int? { numbersByID[worker] }

  func number(of connection: ConnectionID) -> Int? { numbersByConnection[connection] }

  /// A worker, to read or change in place; after a change of its availability or deadline, call
  /// ``refresh(_:)``.
  subscript(number: Int) -> Worker {
    get {
      guard let worker = workers[number] else { preconditionFailure("no worker \(number)") }
      return worker
    }
    _modify {
      guard var worker = workers[number] else { preconditionFailure("no worker \(number)") }
      workers[number] = nil
      defer { workers[number] = worker }
      yield &worker
    }
  }

  /// Adds a new worker and returns its number.
  mutating func add(_ id: WorkerID, link: Worker.Link, at now: Instant) -> Int {
    precondition(numbersByID[id] == nil, "worker \(id) is added twice")
    let worker = Worker(id: id, joinNumber: joinCount, link: link, lastHeard: now)
    joinCount += 1
    let number: Int
    if let free = freeNumbers.popLast() {
      number = free
      workers[number] = worker
    } else {
      number = workers.count
      workers.append(worker)
    }
    numbersByID[id] = number
    if let key = id.key { countsByKey[key, default: 0] += 1 }
    if let connection = worker.connection { numbersByConnection[connection] = number }
    refresh(number)
    return number
  }

  /// Removes a worker that has no leases, and its connection.
  mutating func remove(_ number: Int) {
    let worker = self[number]
    precondition(worker.leases.isEmpty, "worker \(worker.id) is removed while it has leases")
    if let connection = worker.connection { numbersByConnection[connection] = nil }
    numbersByID[worker.id] = nil
    if let key = worker.id.key {
      countsByKey[key, default: 1] -= 1
      if countsByKey[key] == 0 { countsByKey[key] = nil }
    }
    leaveHost(of: number)
    available[number] = nil
    usable[number] = nil
    usableSlotCount -= worker.countedSlots
    divisibleCoreCount -= worker.countedCores.all
    unleasedCoreCount -= worker.countedCores.unleased
    deadlines[number] = nil
    workers[number] = nil
    freeNumbers.append(number)
  }

  /// Changes a worker's link and forgets its previous connection.
  mutating func setLink(_ link: Worker.Link, of number: Int) {
    if let connection = self[number].connection { numbersByConnection[connection] = nil }
    self[number].link = link
    if let connection = self[number].connection { numbersByConnection[connection] = number }
    refresh(number)
  }

  /// Updates the indexes after a worker has changed.
  mutating func refresh(_ number: Int) {
    let worker = self[number]
    available[number] =
      worker.canTakeWork
      ? Load(
        slowness: Self.slowness(of: worker),
        share: Double(worker.leases.count) / Double(worker.slots), joinNumber: worker.joinNumber)
      : nil
    usable[number] = worker.isUsable ? Self.slowness(of: worker) : nil
    let slots = worker.isUsable ? worker.usableSlots : 0
    if slots != worker.countedSlots {
      usableSlotCount += slots - worker.countedSlots
      self[number].countedSlots = slots
    }
    let cores = (
      all: worker.isUsable ? worker.divisibleCores : 0,
      unleased: worker.isUsable ? worker.unleasedCores : 0
    )
    if cores != worker.countedCores {
      divisibleCoreCount += cores.all - worker.countedCores.all
      unleasedCoreCount += cores.unleased - worker.countedCores.unleased
      self[number].countedCores = cores
    }
    switch worker.link {
    case .away(let until): deadlines[number] = until
    case .connected(_, let probeAt):
      let patience = worker.isSuspect ? settings.lostAfter : settings.suspectAfter
      deadlines[number] = min(probeAt, worker.lastHeard + patience)
    }
  }

  /// Speeds within 5 % of each other count as equal, so that work spreads over equal hosts.
  private static func slowness(of worker: Worker) -> Int {
    Int((-log(max(worker.speed, 1e-6)) / log(1.05)).rounded())
  }

  /// Sets the host that a worker announced.
  mutating func setHost(_ host: String, of number: Int) {
    leaveHost(of: number)
    self[number].host = host
    numbersByHost[host, default: []].insert(number)
    hostsByName[HostIdentity.name(in: host), default: []].insert(host)
  }

  private mutating func leaveHost(of number: Int) {
    let host = self[number].host
    numbersByHost[host]?.remove(number)
    guard numbersByHost[host]?.isEmpty == true else { return }
    numbersByHost[host] = nil
    let name = HostIdentity.name(in: host)
    hostsByName[name]?.remove(host)
    if hostsByName[name]?.isEmpty == true { hostsByName[name] = nil }
  }

  /// The workers of a host, or of all hosts of that name, in ascending order.
  func numbers(onHost host: String) -> [Int] {
    (hostsByName[host] ?? [host]).flatMap { numbersByHost[$0] ?? [] }.sorted()
  }

  /// The hosts of this name that have workers.
  func hosts(named name: String) -> Set<String> { hostsByName[name] ?? [] }

  /// Sets the speed of all workers of a host.
  mutating func setSpeed(_ speed: Double, ofHost host: String) {
    for number in numbersByHost[host] ?? [] {
      let before = Self.slowness(of: self[number])
      self[number].speed = speed
      if Self.slowness(of: self[number]) != before { refresh(number) }
    }
  }

  /// The fastest worker that can take work; of equally fast ones the least loaded.
  var fastestAvailable: Int? { available.first }

  /// How much slower than the reference speed a worker's slots are, in steps of 5 %.
  func slowness(of number: Int) -> Int { Self.slowness(of: self[number]) }

  /// Whether a usable worker, free or busy, is faster by more than 5 %.
  func hasFaster(than number: Int) -> Bool {
    guard let best = usable.firstKey else { return false }
    return best < Self.slowness(of: self[number])
  }

  /// Whether there is a usable worker of another member.
  func hasUsable(besides member: String) -> Bool {
    numbers.contains { self[$0].isUsable && self[$0].member != member }
  }

  /// When to inspect the next worker.
  var nextDeadline: Instant? { deadlines.firstKey }

  /// The worker whose deadline is the earliest, if that is not after `now`.
  func due(at now: Instant) -> Int? {
    guard let deadline = deadlines.firstKey, deadline <= now else { return nil }
    return deadlines.first
  }
}
