import Benches
import Digests
import Foundation
import Messaging
import Transfers
import Trials
import Wire

/// Many workers in one process, each with its own connection, that finish every trial at once.
///
/// They follow the whole protocol: a result is repeated until it is acknowledged, and a worker that
/// lost its coordinator reconnects after a random time and announces itself and its work.
final class SimulatedFleet {
  private final class Member {
    let name: String
    let socket: DealerSocket
    var sweepID: String?
    var isWelcome = false
    /// Its announcement, while no coordinator has welcomed it, and when to repeat it.
    var announcement: [[UInt8]]?
    var nextAnnouncement = ContinuousClock.now
    var sequence: UInt64 = 0
    var finished: [AttemptKey: [[UInt8]]] = [:]

    init(_ name: String, _ context: Context, _ endpoint: String) throws {
      self.name = name
      var options = SocketOptions.control
      // Each worker draws its own.
      options.reconnectInterval = .milliseconds(Int.random(in: 500...2000))
      socket = try DealerSocket(context, options: options)
      try socket.connect(to: endpoint)
    }
  }

  private let members: [Member]
  private let items: [PollItem]
  private var trial: NoOpTrial
  private let clock = ContinuousClock()
  private var nextBeat: ContinuousClock.Instant
  /// When to check next for newly connected members.
  private var nextLook: ContinuousClock.Instant
  private static let lookInterval = Duration.milliseconds(10)
  /// How often a worker without a welcome announces itself.
  private static let announcementInterval = Duration.seconds(2)
  /// The interval of heartbeats.
  var beatInterval = Duration.seconds(5) {
    didSet { nextBeat = min(nextBeat, clock.now + beatInterval) }
  }
  /// Trials assigned, and results acknowledged.
  private(set) var assignedCount = 0
  private(set) var acknowledgedCount = 0
  /// The time of the first assignment since ``forgetTimes()``.
  private(set) var firstAssignment: ContinuousClock.Instant?
  private(set) var lastAcknowledgement: ContinuousClock.Instant?
  /// The port of the data connection, if a coordinator has sent it.
  private(set) var dataPort: UInt16?
  /// Whether a coordinator has reported that there is no more work.
  private(set) var isDismissed = false

  init(count: Int, endpoint: String, context: Context, trial: NoOpTrial) throws {
    members = try (1...count).map { try Member("bench-\($0)", context, endpoint) }
    items = members.map { $0.socket.pollItem() }
    self.trial = trial
    nextBeat = clock.now
    nextLook = clock.now
  }

  /// The number of workers that a coordinator has welcomed.
  var welcomeCount: Int { members.count(where: \.isWelcome) }

  /// Discards the received messages of a stopped coordinator; later messages are the next one's.
  func forgetCoordinator() throws {
    let begin = clock.now
    try run(until: { clock.now >= begin + .milliseconds(300) })
    for member in members {
      member.isWelcome = false
      member.announcement = nil
      member.nextAnnouncement = clock.now
    }
    firstAssignment = nil
    lastAcknowledgement = nil
    dataPort = nil
  }

  /// Runs all workers until a condition holds.
  func run(until condition: () -> Bool, within limit: Duration = .seconds(300)) throws {
    let deadline = clock.now + limit
    while !condition() {
      guard clock.now < deadline else {
        throw BenchmarkError(
          "after \(limit) the fleet has \(assignedCount) trials and \(acknowledgedCount) "
            + "acknowledgements, \(welcomeCount) of its workers are welcome")
      }
      let pause = min(nextBeat, nextLook) - clock.now
      let ready = try Poller.wait(for: items, timeout: max(.zero, pause))
      for (member, readiness) in zip(members, ready) where !readiness.isEmpty {
        while let frames = try member.socket.receive() { try take(frames, by: member) }
      }
      if clock.now >= nextLook { try look() }
      if clock.now >= nextBeat { try beat() }
    }
  }

  private func look() throws {
    nextLook = clock.now + Self.lookInterval
    for member in members where !member.isWelcome && member.nextAnnouncement <= clock.now {
      try announce(member)
    }
  }

  private func beat() throws {
    nextBeat = clock.now + beatInterval
    for member in members where member.isWelcome {
      member.sequence += 1
      let claims = member.finished.keys.map { WorkerMessage.Claim(attempt: $0) }
      let beat = WorkerMessage.heartbeat(.init(sequence: member.sequence, claims: claims))
      _ = try member.socket.send(try beat.frames())
      try report(member)
    }
  }

  /// Sends the results that are not acknowledged.
  private func report(_ member: Member) throws {
    for frames in member.finished.values { _ = try member.socket.send(frames) }
  }

  private func announce(_ member: Member) throws {
    let frames =
      try member.announcement
      ?? WorkerMessage.announcement(
        .init(
          productVersion: ProductVersion.current, worker: member.name, host: "bench",
          processor: "none", instructionSet: "none", coreCount: 1, memoryByteCount: 1 << 30,
          slotCount: 1, sweepID: member.sweepID,
          claims: member.finished.keys.map { WorkerMessage.Claim(attempt: $0) })
      ).frames()
    member.announcement = frames
    // Without a connection nothing is sent; the next check tries again.
    if try member.socket.send(frames) == .sent {
      member.nextAnnouncement = clock.now + Self.announcementInterval
    }
  }

  private func take(_ frames: [[UInt8]], by member: Member) throws {
    switch try CoordinatorMessage(frames: frames) {
    case .welcome(let welcome):
      member.isWelcome = true
      member.announcement = nil
      member.sweepID = welcome.sweepID
      if case .port(let port) = welcome.dataLocation { dataPort = port }
      try report(member)
    case .announceAgain:
      member.isWelcome = false
      member.announcement = nil
      try announce(member)
    case .assignment(let assignment):
      assignedCount += 1
      if firstAssignment == nil { firstAssignment = clock.now }
      let message = WorkerMessage.finished(
        .init(
          attempt: assignment.attempt,
          result: try trial.serialised(
            configuration: assignment.configurationJSON, images: assignment.images)))
      let frames = try message.frames()
      member.finished[assignment.attempt] = frames
      _ = try member.socket.send(frames)
    case .acknowledgement(let attempt):
      guard member.finished.removeValue(forKey: attempt) != nil else { break }
      acknowledgedCount += 1
      lastAcknowledgement = clock.now
    case .abandon(let attempt, _): member.finished[attempt] = nil
    case .shutDown: isDismissed = true
    case .refusal(let reason, _): throw BenchmarkError("the coordinator refuses: \(reason)")
    // The result is sent again with the next heartbeat.
    case .artifactsWanted: break
    default: break
    }
  }
}
