import Files
import Foundation
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Store
import Synchronization
import UnixSignals

/// `dashboard`: shows sweeps in a browser.
package enum DashboardServer {
  /// The options of the dashboard.
  package struct Options: Sendable {
    /// The sweeps' folders.
    package var folders: [URL]
    package var address: ListenAddress
    /// Whether trials may be cancelled and so on.
    package var allowsControl: Bool
    /// Whether to require the token even on a loopback address.
    package var needsToken: Bool
    /// The token's file; nil for the one in the user's folder.
    package var tokenFile: URL?
    /// Whether another program started it: exit when standard input closes, and take any free port
    /// if the requested one is in use.
    package var isSupervised: Bool

    /// Options of the given parts.
    package init(
      folders: [URL], address: ListenAddress, allowsControl: Bool, needsToken: Bool,
      tokenFile: URL?, isSupervised: Bool
    ) {
      self.folders = folders
      self.address = address
      self.allowsControl = allowsControl
      self.needsToken = needsToken
      self.tokenFile = tokenFile
      self.isSupervised = isSupervised
    }

    /// Required if users who cannot read the record could reach the pages, or if pages can change
    /// the sweep.
    var requiresToken: Bool { needsToken || allowsControl || !address.isLoopback }
  }

  /// Connections at the same time; further ones wait until one ends.
  private static let connectionCountMaximum = 128
  /// How long a connection may be idle, and how long a write may take.
  private static let (idleTimeout, writeTimeout) = (TimeAmount.seconds(60), TimeAmount.seconds(20))
  /// Limits of header fields: size of one, of all, and number.
  private static let headerLimits = HTTP1Channel.Configuration.DecoderConfiguration(
    maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 64)

  /// Serves until a signal ends the process.
  ///
  /// - Parameter announce: Called with the lines to print once it listens.
  /// - Throws: `StoreError` when a folder holds no sweep, ``ListeningError``, and the token's errors.
  package static func run(
    _ options: Options, announce: @escaping @Sendable (String) -> Void
  ) async throws {
    var logger = Logger(label: "dashboard")
    // At lower levels Hummingbird logs every connection and request.
    logger.logLevel = .notice
    let monitors = try options.folders.map { try SweepMonitor($0) }
    let token =
      try options.requiresToken
      ? AccessToken(
        file: options.tokenFile ?? UserFolders().configuration.appending(path: "dashboard.token"))
      : nil
    for monitor in monitors { monitor.start() }
    defer { for monitor in monitors { monitor.stop() } }
    if options.isSupervised { endWithInput() }
    var options = options
    while true {
      do {
        return try await serve(options, monitors, token, logger, announce: announce)
      } catch let error as ListeningError where error.code == EADDRINUSE {
        // Another run's pages may be there.
        guard options.isSupervised, options.address.port != 0 else { throw error }
        options.address = ListenAddress(host: options.address.host, port: 0)
      }
    }
  }

  private static func serve(
    _ options: Options, _ monitors: [SweepMonitor], _ token: AccessToken?, _ logger: Logger,
    announce: @escaping @Sendable (String) -> Void
  ) async throws {
    let rules = Mutex(
      AccessRules(
        address: options.address, token: token, allowsControl: options.allowsControl))
    let shared = Shared(rules: rules)
    let routes = DashboardRoutes(
      monitors: monitors, rules: { shared.rules.withLock { $0 } }, logger: logger)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let application = Application(
      router: routes.router(), server: server(writeTimeout: writeTimeout),
      configuration: ApplicationConfiguration(
        address: .hostname(options.address.host, port: options.address.port), backlog: 64,
        availableConnectionsDelegate: .maximum(connectionCountMaximum, logger: logger)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? options.address.port
        let bound = ListenAddress(host: options.address.host, port: port)
        shared.rules.withLock { $0.address = bound }
        announce(Self.announcement(of: bound, options, token: token))
      },
      eventLoopGroupProvider: .shared(group), logger: logger)
    var configuration = ServiceGroupConfiguration(
      services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    // Listening pages would otherwise delay the shutdown forever.
    configuration.maximumGracefulShutdownDuration = .milliseconds(500)
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch let error as IOError {
      try await group.shutdownGracefully()
      throw ListeningError(address: options.address, code: error.errnoCode)
    }
    try await group.shutdownGracefully()
  }

  /// Connections with the limits of this server.
  static func server(writeTimeout: TimeAmount) -> HTTPServerBuilder {
    .http1(
      configuration: .init(
        additionalChannelHandlers: [WriteDeadline(limit: writeTimeout)],
        idleTimeout: idleTimeout, httpDecoderConfiguration: headerLimits))
  }

  /// Holds the rules, since the port is known only once it is bound.
  private final class Shared: Sendable {
    let rules: Mutex<AccessRules>
    init(rules: consuming sending Mutex<AccessRules>) { self.rules = rules }
  }

  private static func announcement(
    of address: ListenAddress, _ options: Options, token: AccessToken?
  ) -> String {
    let port = address.port
    let host = ProcessInfo.processInfo.hostName
    let shown = address.isWildcard ? "\(host):\(port)" : address.description
    var lines = ["dashboard: http://\(shown)/"]
    if address.isLoopback {
      lines.append(
        "from another machine: ssh -L \(port):\(address) \(host), then http://localhost:\(port)/")
    } else {
      lines.append(
        "the connection is not encrypted, so others on the network can read it; to encrypt it, use ssh "
          + "(--listen 127.0.0.1:\(port), then ssh -L \(port):127.0.0.1:\(port) \(host))")
    }
    if let token { lines.append("the token that it asks for: cat \(token.file.path)") }
    if options.allowsControl { lines.append("its pages may cancel, retry, drain and resume") }
    return lines.joined(separator: "\n")
  }

  /// Exits when standard input closes.
  private static func endWithInput() {
    Thread.detachNewThread {
      var piece = [UInt8](repeating: 0, count: 256)
      while true {
        let count = Glibc.read(STDIN_FILENO, &piece, piece.count)
        if count == 0 || (count < 0 && errno != EINTR) { break }
      }
      kill(getpid(), SIGTERM)
    }
  }
}

/// Why the dashboard cannot listen at its address.
package struct ListeningError: Error, Hashable, Sendable, CustomStringConvertible {
  let address: ListenAddress
  let code: Int32

  package var description: String {
    let reason = String(cString: strerror(code))
    return code == EADDRINUSE
      ? "\(address): found another program that listens there; choose another port with --listen"
      : "\(address): cannot listen there: \(reason)"
  }
}
