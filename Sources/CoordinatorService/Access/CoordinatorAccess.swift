import Enrolment
import Files
import Foundation
import Logging
import Messaging

/// Who may connect to a coordinator: holders of admitted keys; on this machine, or if requested,
/// anybody.
struct CoordinatorAccess: Sendable {
  /// The options of the command line.
  struct Options: Sendable {
    var keys: URL?
    var isPlain: Bool
    var isEncrypted: Bool
  }

  /// Decides about keys; nil for unencrypted connections.
  let gatekeeper: Gatekeeper?
  private let desk: AdmissionDesk?
  private let keys: URL?
  private let logger: Logger

  /// Prepares a context for authentication, before its sockets bind.
  ///
  /// - Throws: `AccessError` if keys or lists cannot be used, `MessagingError` if libzmq does not
  ///   support encryption.
  init(
    _ context: Context, endpoint: Endpoint, options: Options, logger: Logger
  ) throws {
    self.logger = logger
    keys = options.keys
    guard options.isEncrypted || !(endpoint.isLocal || options.isPlain) else {
      (gatekeeper, desk) = (nil, nil)
      if !endpoint.isLocal {
        logger.warning(
          """
          \(endpoint) is open to the network, neither encrypted nor authenticated, as --plain \
          asks: everyone who can reach it can take trials and deliver results
          """)
      }
      return
    }
    guard SocketSecurity.hasCurve else { throw AccessError.noCurve }
    let gatekeeper = try Gatekeeper(KeyFolder(options.keys)) { logger.warning("\($0)") }
    desk = try gatekeeper.openDesk(context)
    self.gatekeeper = gatekeeper
  }

  /// Socket options with the chosen security.
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

  /// The line of keys for the workers that this process starts; nil for unencrypted connections.
  func makeLocalCredentials() throws(AccessError) -> String? {
    guard let gatekeeper else { return nil }
    return WorkerCredentials(
      keys: try gatekeeper.makeLocalKeys(), coordinator: gatekeeper.keys.publicKey
    ).exposedLine
  }

  /// Tests that bound endpoints refuse unknown keys, before they serve anybody.
  ///
  /// - Throws: `AdmissionProofError`. The coordinator must not run then.
  func prove(_ context: Context, at endpoints: [Endpoint]) throws {
    guard let gatekeeper else { return }
    for endpoint in endpoints {
      try AdmissionProof.check(
        context, endpoint: endpoint.reachableHere.description,
        server: gatekeeper.keys.publicKey)
    }
    gatekeeper.startLogging()
    if gatekeeper.admittedCount == 0 {
      logger.notice(
        """
        no worker is admitted yet: `coordinator enroll --address HOST:PORT\
        \(keys.map { " --keys \($0.shellWord)" } ?? "")` prints the command for a worker's host
        """)
    }
  }

  /// Closes the desk, so that the context can end.
  func close() { desk?.close() }
}

extension Endpoint {
  /// Whether it is bound to every address of this machine.
  var isOnEveryAddress: Bool {
    guard case .tcp(let host, _) = self else { return false }
    return ["*", "0.0.0.0", "[::]"].contains(host)
  }

  /// The endpoint as a process of this machine connects to it.
  var reachableHere: Endpoint {
    guard case .tcp(let host, let port) = self else { return self }
    if isOnEveryAddress { return .tcp(host: "127.0.0.1", port: port) }
    // An IPv4-mapped IPv6 address.
    guard host.hasPrefix("[::ffff:"), host.contains(".") else { return self }
    return .tcp(host: String(host.dropFirst(8).dropLast()), port: port)
  }
}
