import Trials

/// A worker as the coordinator sees it now; none of this is durable.
struct Worker: Sendable {
  let id: WorkerID
  /// Place in the order of joining, which breaks ties between equally loaded workers.
  let joinNumber: Int
  var host = ""
  var slots = 0
  var link: Link
  var lastHeard: Instant
  var isSuspect = false
  /// Whether it left its assignments unclaimed until we gave up; an announcement ends this.
  var isDeaf = false
  /// The attempts leased to it; at most one for each slot when they are leased.
  var leases: [Lease] = []

  /// Whether a message can reach a worker.
  enum Link: Hashable, Sendable {
    /// There is a connection, to be probed at the given time.
    case connected(ConnectionID, probeAt: Instant)
    /// The connection broke, or has not been made since the coordinator started; the worker is
    /// given up at the given time.
    case away(until: Instant)
  }

  var connection: ConnectionID? {
    if case .connected(let connection, _) = link { return connection }
    return nil
  }

  var canTakeWork: Bool {
    connection != nil && !isSuspect && !isDeaf && leases.count < slots
  }

  func leaseIndex(of trial: Int) -> Int? { leases.firstIndex { $0.trial == trial } }
}

/// A leased attempt as its worker's messages show it.
struct Lease: Sendable {
  /// The trial's number in the plan.
  let trial: Int
  let attempt: Int
  /// When the assignment was last sent.
  var sentAt: Instant
  /// When the worker last claimed the attempt.
  var claimedAt: Instant?
  /// How often the assignment was sent again without being claimed since.
  var resends = 0
  var progress: TrialProgress?

  init(trial: Int, attempt: Int, sentAt: Instant) {
    self.trial = trial
    self.attempt = attempt
    self.sentAt = sentAt
  }

  /// The latest moment at which the worker is known, or may be thought, to have the attempt.
  var lastSign: Instant { max(sentAt, claimedAt ?? sentAt) }
}

/// The known workers by number, with the orders in which they are asked for.
///
/// A number stays with its worker until ``remove(_:)``, then goes to a later one.
struct WorkerRoster: Sendable {
  private var workers: [Worker?] = []
  private var freeNumbers: [Int] = []
  private var numbersByID: [WorkerID: Int] = [:]
  private var numbersByConnection: [ConnectionID: Int] = [:]
  private var joinCount = 0
  /// Workers that can take work, least loaded first.
  private var available = IndexedHeap<Load>()
  /// When each worker needs looking at; never later than it does.
  private var deadlines = IndexedHeap<Instant>()
  private let settings: CoordinationSettings

  private struct Load: Comparable, Sendable {
    var share: Double
    var joinNumber: Int

    static func < (left: Load, right: Load) -> Bool {
      left.share == right.share ? left.joinNumber < right.joinNumber : left.share < right.share
    }
  }

  init(settings: CoordinationSettings) { self.settings = settings }

  /// The numbers of all workers, ascending.
  var numbers: [Int] { workers.indices.filter { workers[$0] != nil } }

  func number(of worker: WorkerID) -> Int? { numbersByID[worker] }

  func number(of connection: ConnectionID) -> Int? { numbersByConnection[connection] }

  /// A worker, to read or to change in place; whoever changes what makes it available or due
  /// calls ``refresh(_:)``.
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

  /// Adds a worker that is not known yet and returns its number.
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
    if let connection = worker.connection { numbersByConnection[connection] = number }
    refresh(number)
    return number
  }

  /// Forgets a worker that has no leases any more; its connection becomes unknown.
  mutating func remove(_ number: Int) {
    let worker = self[number]
    precondition(worker.leases.isEmpty, "worker \(worker.id) is removed while it has leases")
    if let connection = worker.connection { numbersByConnection[connection] = nil }
    numbersByID[worker.id] = nil
    available[number] = nil
    deadlines[number] = nil
    workers[number] = nil
    freeNumbers.append(number)
  }

  /// Gives a worker another link; the connection that it had becomes unknown.
  mutating func setLink(_ link: Worker.Link, of number: Int) {
    if let connection = self[number].connection { numbersByConnection[connection] = nil }
    self[number].link = link
    if let connection = self[number].connection { numbersByConnection[connection] = number }
    refresh(number)
  }

  /// Brings a worker's place in the orders up to date.
  mutating func refresh(_ number: Int) {
    let worker = self[number]
    available[number] =
      worker.canTakeWork
      ? Load(
        share: Double(worker.leases.count) / Double(worker.slots), joinNumber: worker.joinNumber)
      : nil
    switch worker.link {
    case .away(let until): deadlines[number] = until
    case .connected(_, let probeAt):
      let patience = worker.isSuspect ? settings.lostAfter : settings.suspectAfter
      deadlines[number] = min(probeAt, worker.lastHeard + patience)
    }
  }

  /// The least loaded worker that can take work; another than `avoided` if there is one.
  func leastLoaded(avoiding avoided: WorkerID?) -> Int? {
    available.first(otherThan: avoided.flatMap { numbersByID[$0] }) ?? available.first
  }

  /// When the next worker needs looking at.
  var nextDeadline: Instant? { deadlines.firstKey }

  /// The worker whose deadline is the earliest, if that is not after `now`.
  func due(at now: Instant) -> Int? {
    guard let deadline = deadlines.firstKey, deadline <= now else { return nil }
    return deadlines.first
  }
}
