import Console
import Enrolment
import Files
import Foundation
import Logging
import Messaging
import Wire

/// `coordinator enroll`: makes a token, and serves it if no coordinator runs.
package enum EnrolmentRun {
  /// Where the worker reaches the coordinator.
  package enum Place: Sendable {
    /// HOST:PORT, or the endpoint.
    case address(String)
    /// Where the coordinator that runs the sweep in a folder listens.
    case sweep(URL)
  }

  /// What to enrol and where.
  package struct Options: Sendable {
    var keys: URL?
    var name: String?
    var isShared: Bool
    var validity: Duration
    var coordinator: Place
    var waits: Bool

    /// The options of one enrolment.
    ///
    /// - Parameters:
    ///   - keys: The key folder; nil for the standard one.
    ///   - name: The worker's name; nil for the name of its host.
    ///   - isShared: Whether several hosts may use the worker's key.
    ///   - validity: How long the token can be used.
    ///   - coordinator: Where the worker reaches the coordinator.
    ///   - waits: Whether to listen for the worker if no coordinator does.
    package init(
      keys: URL?, name: String?, isShared: Bool, validity: Duration, coordinator: Place,
      waits: Bool
    ) {
      self.keys = keys
      self.name = name
      self.isShared = isShared
      self.validity = validity
      self.coordinator = coordinator
      self.waits = waits
    }
  }

  /// How long a worker may take to receive the answer and disconnect.
  private static let farewellLimit = Duration.seconds(10)

  /// Prints the command for the worker's host; if no coordinator listens, serves the token until it
  /// is used or has expired.
  ///
  /// - Throws: `AccessError`, `EndpointError` if the address is invalid, ``AdministrationError``
  ///   when the running sweep does not answer.
  package static func perform(_ options: Options) throws {
    let logger = Logger(label: "coordinator")
    let (endpoint, port) = try endpoint(options.coordinator)
    let folder = KeyFolder(options.keys)
    let token = try folder.makeToken(
      name: options.name, isShared: options.isShared, validity: options.validity, at: Date())
    TerminalText.show("worker enroll \(ShellWord.quoted("\(endpoint)")) \(token.exposed)\n")
    if endpoint.isLocal {
      logger.notice(
        "only this host reaches \(endpoint); for others: coordinator run --listen, or --address")
    }
    // Show the command before waiting.
    fflush(nil)
    guard options.waits else { return }

    let context = try Context()
    let access = try CoordinatorAccess(
      context, endpoint: endpoint,
      options: .init(keys: options.keys, isPlain: false, isEncrypted: true), logger: logger)
    defer { access.close() }
    guard let gatekeeper = access.gatekeeper else { return }
    let router = try RouterSocket(context, options: access.protected(.control))
    do throws(MessagingError) {
      _ = try router.bind(to: "tcp://*:\(port)")
    } catch {
      guard error.code == .addressInUse else {
        throw ListenError(
          role: .enrolment, endpoint: .tcp(host: "*", port: port), code: error.code)
      }
      try confirmServed(token, port: port, context: context, logger: logger)
      return
    }
    let monitor = try router.monitor()
    gatekeeper.startLogging()
    logger.notice("no coordinator listens on port \(port) here: waiting for the worker")
    try serve(
      router, monitor, token: token.keys.publicKey, gatekeeper: gatekeeper, folder: folder, logger)
  }

  /// The endpoint for the worker, and its port.
  private static func endpoint(_ place: Place) throws -> (Endpoint, port: UInt16) {
    switch place {
    case .address(let text):
      let endpoint = try Endpoint(text.contains("://") ? text : "tcp://\(text)")
      guard let port = endpoint.port else {
        throw AccessError(
          "--address: found \(text), expected HOST:PORT",
          remedy: "give the port of `coordinator run --listen`")
      }
      return (endpoint, port)
    case .sweep(let folder):
      guard let endpoint = try RunningSweep.endpoint(in: folder), let port = endpoint.port else {
        throw AccessError(
          "--out \(folder.relativePath): no coordinator runs a sweep there",
          remedy: "start it, or give --address HOST:PORT")
      }
      guard endpoint.isOnEveryAddress else { return (endpoint, port) }
      let name = ProcessInfo.processInfo.hostName
      guard let named = try? Endpoint(connectingTo: "tcp://\(name):\(port)"), !named.isLocal else {
        throw AccessError(
          "this machine calls itself \(String(reflecting: name)), by which no other can reach it",
          remedy: "give --address HOST:PORT")
      }
      return (named, port)
    }
  }

  /// Answers until the token is used or has expired, and the worker has disconnected; an answer
  /// that was only queued would be lost if this process ended.
  private static func serve(
    _ router: borrowing RouterSocket, _ monitor: borrowing SocketMonitor, token: CurvePublicKey,
    gatekeeper: Gatekeeper, folder: KeyFolder, _ logger: Logger
  ) throws {
    var leaveBy: ContinuousClock.Instant?
    serving: while try leaveBy.map({ ContinuousClock.now < $0 })
      ?? folder.isOpen(token, at: Date())
    {
      _ = try Poller.wait(for: [router.pollItem, monitor.pollItem], timeout: .milliseconds(500))
      while let routed = try router.receive() {
        guard case .token(let sender) = gatekeeper.standing(of: routed.userID) else { continue }
        let reply = try? AccessClerk.answer(routed.frames, token: sender, gatekeeper: gatekeeper) {
          logger.notice("enrolled \($0)")
        }
        if let frames = try? reply?.frames() {
          _ = try router.send(frames, to: routed.routingID)
        }
        if case .enrolled = reply { leaveBy = leaveBy ?? ContinuousClock.now + farewellLimit }
      }
      while let event = try monitor.next() {
        if event.kind == .disconnected, leaveBy != nil { break serving }
      }
    }
    guard try folder.isUsed(token) else {
      throw AccessError("the token has expired, unused", remedy: "run this command again")
    }
  }

  /// Checks that the process that listens on the port accepts the token.
  private static func confirmServed(
    _ token: EnrolmentToken, port: UInt16, context: Context, logger: Logger
  ) throws {
    var options = SocketOptions.control
    options.linger = .zero
    options.security = .curveClient(token.keys, server: token.coordinator)
    let dealer = try DealerSocket(context, options: options)
    let monitor = try dealer.monitor()
    try dealer.connect(to: "tcp://127.0.0.1:\(port)")
    let deadline = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < deadline {
      _ = try Poller.wait(for: [monitor.pollItem], timeout: .milliseconds(100))
      while let event = try monitor.next() {
        if event.kind == .handshakeSucceeded {
          logger.notice("the coordinator that runs on port \(port) here will enrol the worker")
          return
        }
      }
    }
    throw AccessError(
      "port \(port) of this machine is in use by something that does not take the token",
      remedy: "if it is a coordinator, it was started with other --keys, or is plain: see its port "
        + "and keys, or end it")
  }
}
