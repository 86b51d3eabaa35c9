import Coordination
import Digests
import Enrolment
import Logging
import Messaging
import Transfers
import Trials
import Wire

/// Decodes and encodes the messages of the coordinator's control socket.
///
/// Invalid frames and messages of another protocol version are dropped and counted; a peer of
/// another version is told so. On encrypted connections the name of the key is appended to the
/// worker's name, so that no worker can pose as one of another key. Messages under a revoked key
/// are dropped.
struct ControlGateway: ~Copyable {
  private let socket: RouterSocket
  private let monitor: SocketMonitor
  private let gatekeeper: Gatekeeper?
  private let logger: Logger
  private let start = ContinuousClock.now
  private var register = PeerRegister()
  private var dismissals: [(connection: ConnectionID, reason: String)] = []
  private var nextReview = Duration.zero
  private var notes = RepeatedNotes()
  private var introduction: (sweep: String, dataPort: UInt16) = ("", 0)
  /// Where it listens, with the actual port.
  let endpoint: Endpoint
  /// Where it listens, as libzmq reports it.
  let boundEndpoint: Endpoint
  /// How many messages were dropped, by reason.
  private(set) var droppedCounts: [String: Int] = [:]

  /// What a peer delivered.
  enum Delivery {
    case message(WorkerMessage)
    /// A result, report or piece of an attempt that cannot be read, and why.
    case unreadable(AttemptKey, reason: String)

    /// How many messages it counts as in the sender's quota; 0 for a goodbye, which is always
    /// handled.
    var weight: Int {
      let claims: [WorkerMessage.Claim]
      switch self {
      case .message(.announcement(let announcement)): claims = announcement.claims
      case .message(.heartbeat(let heartbeat)): claims = heartbeat.claims
      case .message(.goodbye): return 0
      case .message, .unreadable: claims = []
      }
      return Event.weight(
        ofClaims: claims.count, checkpoints: claims.count { $0.checkpoint != nil })
    }
  }

  /// How often the allow-list and failed connections are checked.
  private static let reviewInterval = Duration.milliseconds(250)

  /// Binds the control socket.
  ///
  /// - Throws: `MessagingError` when the endpoint is taken or not this machine's.
  init(
    _ context: Context, endpoint: Endpoint, access: CoordinatorAccess, logger: Logger
  ) throws {
    let socket = try RouterSocket(context, options: access.protected(.control))
    let monitor = try socket.monitor(failuresOnly: true)
    let boundEndpoint = try Endpoint(try socket.bind(to: endpoint.description))
    self.boundEndpoint = boundEndpoint
    self.endpoint = endpoint.with(port: boundEndpoint.port) ?? endpoint
    self.socket = socket
    self.monitor = monitor
    self.logger = logger
    gatekeeper = access.gatekeeper
  }

  /// Waits for messages.
  var pollItem: PollItem { socket.pollItem }

  /// Sets the answer to inquiries.
  mutating func introduce(sweep: String, dataPort: UInt16) {
    introduction = (sweep, dataPort)
  }

  /// Receives the next message, and its sender's name on the data connection; nil if none is left.
  ///
  /// There is no delivery if the message was answered here or is dropped.
  mutating func receive() throws(MessagingError) -> (
    delivery: Delivery?, from: ConnectionID, sender: String
  )? {
    guard let routed = try socket.receive() else { return nil }
    var delivery: Delivery?
    do throws(WireError) {
      delivery = try read(routed)
    } catch {
      droppedCounts[error.kind, default: 0] += 1
      note(kind: error.kind, "dropped a message of \(routed.peerAddress ?? "a peer"): \(error)")
      if case .otherMajor = error {
        _ = try send(
          .refusal(
            reason: "\(error)",
            remedy: "run the worker of the same release as the coordinator, "
              + "\(ProductVersion.release)"),
          to: ConnectionID(routed.routingID))
      }
    }
    return (
      delivery, ConnectionID(routed.routingID),
      BlobSender(
        userID: routed.userID, peerAddress: routed.peerAddress, connection: routed.routingID
      ).account
    )
  }

  /// Sends a message; it is lost if the worker's queue is full.
  func send(
    _ message: CoordinatorMessage, to connection: ConnectionID
  ) throws(MessagingError) -> SendOutcome {
    try socket.send(
      Self.frames { () throws(WireError) in try message.frames() }, to: connection.bytes)
  }

  private func send(_ reply: AccessReply, to routed: RoutedMessage) throws(MessagingError) {
    _ = try socket.send(
      Self.frames { () throws(WireError) in try reply.frames() }, to: routed.routingID)
  }

  private static func frames(_ encode: () throws(WireError) -> [[UInt8]]) -> [[UInt8]] {
    do throws(WireError) {
      return try encode()
    } catch {
      preconditionFailure("a message of ours that breaks the protocol: \(error)")
    }
  }

  private var now: Duration { ContinuousClock.now - start }
}

// MARK: - Who speaks

extension ControlGateway {
  /// The connections of workers that are no longer allowed, and why; each is returned once.
  ///
  /// Call it in every round. It also logs failed connections.
  mutating func takeDismissals() throws(MessagingError) -> [(
    connection: ConnectionID, reason: String
  )] {
    defer { dismissals = [] }
    guard now >= nextReview else { return dismissals }
    nextReview = now + Self.reviewInterval
    while let event = try monitor.next() { noteFailure(event.kind) }
    for text in notes.due(at: now) { logger.warning("\(text)") }
    guard let gatekeeper else { return dismissals }
    gatekeeper.refresh()
    let leaving = register.dismissed { key in
      if case .worker = gatekeeper.standing(of: key) { true } else { false }
    }
    for (connection, name) in leaving {
      logger.notice("\(name) is dismissed: its key was revoked")
      _ = try send(Self.revocation(of: name), to: connection)
      dismissals.append((connection, "its key was revoked"))
    }
    return dismissals
  }

  /// What a worker delivered; nil if it was answered here or is dropped.
  private mutating func read(_ routed: RoutedMessage) throws(WireError) -> Delivery? {
    guard let gatekeeper else { return try read(routed, name: nil).map(Self.withoutKey) }
    let connection = ConnectionID(routed.routingID)
    switch gatekeeper.standing(of: routed.userID) {
    case .worker(let name):
      guard let key = routed.userID, let delivery = try read(routed, name: name) else { return nil }
      return admit(delivery, key: key, name: name, on: connection)
    case .token(let token):
      let reply = try AccessClerk.answer(routed.frames, token: token, gatekeeper: gatekeeper) {
        logger.notice("enrolled \($0)")
      }
      if let reply { try? send(reply, to: routed) }
    case .revoked(let name):
      droppedCounts["revoked key", default: 0] += 1
      _ = try? send(Self.revocation(of: name), to: connection)
    case .stranger:
      droppedCounts["stranger", default: 0] += 1
    }
    return nil
  }

  /// An announcement without a mark of a key in its name, since no key was shown.
  private static func withoutKey(_ delivery: Delivery) -> Delivery {
    guard case .message(.announcement(var announcement)) = delivery else { return delivery }
    announcement.worker = announcement.worker.replacing("@", with: "-")
    return .message(.announcement(announcement))
  }

  private mutating func read(
    _ routed: RoutedMessage, name: String?
  ) throws(WireError) -> Delivery? {
    do {
      return .message(try WorkerMessage(frames: routed.frames))
    } catch .unknownBody {
      guard
        let reply = try AccessClerk.answer(
          inquiry: routed.frames, dataPort: introduction.dataPort, sweep: introduction.sweep,
          name: name)
      else { return nil }
      try? send(reply, to: routed)
      return nil
    } catch {
      guard let attempt = WorkerMessage.attempt(inUnreadable: routed.frames) else { throw error }
      droppedCounts[error.kind, default: 0] += 1
      return .unreadable(attempt, reason: "\(error)")
    }
  }

  /// Ties an announcement to the key of its connection.
  private mutating func admit(
    _ delivery: Delivery, key: String, name: String, on connection: ConnectionID
  ) -> Delivery? {
    guard case .message(.announcement(var announcement)) = delivery else {
      register.heard(key, name: name, on: connection, at: now)
      return delivery
    }
    let isShared = gatekeeper?.isShared(key) ?? false
    let host = HostIdentity.text(name: announcement.host, id: announcement.hostID)
    if !isShared, let other = register.claim(key, host: host, at: now) {
      let otherName = HostIdentity.name(in: other)
      let owner = otherName == announcement.host ? "another host of that name" : otherName
      droppedCounts["shared key", default: 0] += 1
      note(
        kind: "shared \(key)",
        """
        refused a worker on \(announcement.host): its key, \(name), is in use on \(owner); one of \
        them has a copy
        """)
      _ = try? send(
        .refusal(
          reason: "this host's key is in use on \(owner)",
          remedy:
            "give this host a folder of its own with --keys and enrol it, or admit the key with --shared"
        ),
        to: connection)
      return nil
    }
    register.heard(key, name: name, on: connection, at: now)
    _ = register.claim(key, host: host, at: now)
    announcement.worker = Self.workerName(announcement.worker, key: name)
    return .message(.announcement(announcement))
  }

  /// A worker's name with its key's name appended, within the length of an identifier.
  private static func workerName(_ worker: String, key: String) -> String {
    "\(worker.prefix(WireLimits.identifierCount - key.count - 1))@\(key)"
  }

  private static func revocation(of name: String) -> CoordinatorMessage {
    .refusal(
      reason: "the key of \(name) was revoked",
      remedy: "if that was a mistake: `worker key --new` on this host, and enrol it again")
  }

  private mutating func noteFailure(_ kind: ConnectionEvent.Kind) {
    switch kind {
    case .protocolViolated where kind.isMechanismMismatch:
      note(
        kind: "mechanism",
        gatekeeper == nil
          ? "refused a connection: the peer encrypts, expected a plain one"
          : "refused a connection: the peer does not encrypt; it was started with --plain, or "
            + "connects to a loopback address without --curve")
    case .protocolViolated(let number):
      note(
        kind: "protocol",
        "refused a connection: it does not speak ZMTP, or not to this coordinator's key "
          + "(\(String(number, radix: 16)))")
    case .handshakeFailed(let code):
      note(kind: "handshake", "a connection failed the handshake (\(code))")
    case .acceptFailed(let code):
      note(kind: "accept", "a connection could not be accepted: \(code)")
    case .accepted, .connected, .handshakeSucceeded, .admissionRefused, .disconnected: return
    }
  }

  private mutating func note(kind: String, _ text: String) {
    if let text = notes.note(kind: kind, text, at: now) { logger.warning("\(text)") }
  }
}

extension WireError {
  /// The kind of error, used as the counter's key.
  fileprivate var kind: String {
    switch self {
    case .otherMajor: "other protocol version"
    case .unknownBody: "unknown message"
    case .malformed: "malformed message"
    case .tooLarge: "oversized message"
    }
  }
}
