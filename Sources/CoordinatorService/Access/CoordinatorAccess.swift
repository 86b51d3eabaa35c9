import Enrolment
import Foundation
import Logging
import Messaging

/// Who may connect to a coordinator: anybody, on this machine or by request; else holders of
/// admitted keys only.
struct CoordinatorAccess: Sendable {
  /// What a person asked for.
  struct Options: Sendable {
    var keys: URL?
    var isPlain: Bool
    var isEncrypted: Bool
  }

  /// Decides over keys; nil where connections are plain.
  let gatekeeper: Gatekeeper?
  private let desk: AdmissionDesk?
  private let logger: Logger

  /// Prepares what the sockets of a context need, before they bind.
  ///
  /// - Throws: `AccessError` when keys or lists cannot be used, `MessagingError` when libzmq
  ///   lacks what is needed.
  init(
    _ context: Context, endpoint: Endpoint, options: Options, logger: Logger
  ) throws {
    self.logger = logger
    guard options.isEncrypted || !(endpoint.isLocal || options.isPlain) else {
      (gatekeeper, desk) = (nil, nil)
      if !endpoint.isLocal {
        logger.warning(
          """
          \(endpoint) is open to the network, neither encrypted nor authenticated, as --plain \
          asks: whoever reaches it can take work and hand in results
          """)
      }
      return
    }
    guard SocketSecurity.hasCurve else { throw AccessError.noCurve }
    let gatekeeper = try Gatekeeper(KeyFolder(options.keys)) { logger.warning("\($0)") }
    desk = try gatekeeper.openDesk(context)
    self.gatekeeper = gatekeeper
  }

  /// Options of a socket with the protection that was chosen.
  func protected(_ options: SocketOptions) -> SocketOptions {
    options.with(gatekeeper?.serverSecurity ?? .plain)
  }

  /// Whether the sender of a message on the data connection may use it.
  var admits: @Sendable (_ userID: String?) -> Bool {
    guard let gatekeeper else { return { _ in true } }
    return { userID in
      if case .worker = gatekeeper.standing(of: userID) { true } else { false }
    }
  }

  /// The line of keys for the workers that this process starts; nil where connections are plain.
  func makeLocalCredentials() throws(AccessError) -> String? {
    guard let gatekeeper else { return nil }
    return WorkerCredentials(
      keys: try gatekeeper.makeLocalKeys(), coordinator: gatekeeper.keys.publicKey
    ).exposedLine
  }

  /// Proves that strangers are refused at bound endpoints, before anybody is served there.
  ///
  /// - Throws: `AdmissionProofError`; the coordinator must not run.
  func prove(_ context: Context, at endpoints: [Endpoint]) throws {
    guard let gatekeeper else { return }
    for endpoint in endpoints {
      try AdmissionProof.check(
        context, endpoint: endpoint.reachableHere.description,
        server: gatekeeper.keys.publicKey)
    }
    gatekeeper.beginTelling()
    if gatekeeper.admittedCount == 0 {
      logger.notice(
        """
        no worker is admitted yet: `coordinator enroll --address HOST:PORT` prints the command \
        for a worker's host
        """)
    }
  }

  /// Closes the desk, so that the context can end.
  func close() { desk?.close() }
}

extension Endpoint {
  /// Whether it is bound at every address of this machine.
  var isOnEveryAddress: Bool {
    guard case .tcp(let host, _) = self else { return false }
    return ["*", "0.0.0.0", "[::]"].contains(host)
  }

  /// The endpoint as a process of this machine connects to it.
  var reachableHere: Endpoint {
    guard case .tcp(let host, let port) = self else { return self }
    if isOnEveryAddress { return .tcp(host: "127.0.0.1", port: port) }
    // An IPv4 address as an IPv6 socket has it.
    guard host.hasPrefix("[::ffff:"), host.contains(".") else { return self }
    return .tcp(host: String(host.dropFirst(8).dropLast()), port: port)
  }
}
