import Messaging

/// The two endpoints at which a coordinator listens: one for control, one for data.
struct ListeningPlaces {
  /// The default control port.
  private static let standardPort: UInt16 = 5750
  /// The default control endpoint.
  static let standard = Endpoint.tcp(host: "127.0.0.1", port: standardPort)

  /// Where workers connect.
  let control: Endpoint
  /// The data endpoint if it follows from the control endpoint; nil for any free port.
  private let chosenData: Endpoint?

  /// The endpoints for the given options.
  ///
  /// The data port is the one after the control port, so that a firewall needs one rule. If no
  /// control port was given, both may be any free port.
  ///
  /// - Parameters:
  ///   - listen: The control endpoint; nil for a loopback address.
  ///   - hasLocalWorkers: Whether to use any free port if none is given.
  /// - Throws: `EndpointError` if the text is invalid or the port is 65535.
  init(listen: String?, hasLocalWorkers: Bool) throws(EndpointError) {
    guard let listen else {
      control =
        hasLocalWorkers ? .tcp(host: "127.0.0.1", port: nil) : Self.standard
      chosenData = Self.next(control)
      return
    }
    var endpoint = try Endpoint(listen)
    // libzmq connects to names, but listens at addresses and interfaces only.
    if case .tcp("localhost", let port) = endpoint {
      endpoint = .tcp(host: "127.0.0.1", port: port)
    }
    guard endpoint.port != UInt16.max else {
      throw EndpointError(
        found: listen,
        expected: "a port up to \(UInt16.max - 1): the data connection takes the port after it")
    }
    control = endpoint
    chosenData = Self.next(endpoint)
  }

  /// The data endpoint for a bound control socket.
  ///
  /// - Parameter bound: The control endpoint with its actual port.
  func data(besides bound: Endpoint) -> Endpoint {
    chosenData ?? bound.with(port: nil) ?? .tcp(host: "127.0.0.1", port: nil)
  }

  /// The endpoints that are known before binding, with their roles.
  var all: [(role: ListenError.Role, endpoint: Endpoint)] {
    [(.control, control)] + (chosenData.map { [(.data, $0)] } ?? [])
  }

  private static func next(_ endpoint: Endpoint) -> Endpoint? {
    guard let port = endpoint.port, port < UInt16.max else { return nil }
    return endpoint.with(port: port + 1)
  }
}

/// An endpoint at which a coordinator cannot listen, and what to do.
struct ListenError: Error, CustomStringConvertible {
  /// Which endpoint it is.
  enum Role {
    /// Where workers connect.
    case control
    /// The port after it.
    case data
    /// Where a worker that is to be enrolled connects while no coordinator runs.
    case enrolment
  }

  /// Which endpoint it is.
  let role: Role
  /// The endpoint.
  let endpoint: Endpoint
  /// Why libzmq could not bind it.
  let code: MessagingError.Code

  /// Binds an endpoint; an error names which one it was.
  static func explain<Value: ~Copyable>(
    _ role: Role, _ endpoint: Endpoint, _ bind: () throws -> Value
  ) throws -> Value {
    do {
      return try bind()
    } catch let error as MessagingError where error.operation == "zmq_bind" {
      throw ListenError(role: role, endpoint: endpoint, code: error.code)
    }
  }

  /// What prevents listening.
  var found: String {
    let place =
      switch role {
      case .control, .enrolment: "\(endpoint)"
      case .data: "\(endpoint) (the data port, which is the one after --listen)"
      }
    switch code {
    case .addressInUse: return "\(place) is in use by another program"
    case .addressNotAvailable, .noSuchDevice:
      return "\(place): found no such address or interface on this machine"
    case .permissionDenied: return "\(place) may not be used by this user"
    default: return "\(place): \(code)"
    }
  }

  /// What to do about it.
  var remedy: String {
    if role == .enrolment {
      return "give a port with --address that this user may listen at, the one of "
        + "`coordinator run --listen`"
    }
    return switch code {
    case .addressInUse:
      "`ss -ltnp` names the program; if it is a coordinator, `coordinator status` with its --out "
        + "shows its sweep; otherwise end the program, or give another --listen"
    case .addressNotAvailable, .noSuchDevice:
      "give an address of this machine to --listen, or tcp://*:5750 for all of them"
    case .permissionDenied: "ports below 1024 are reserved for root: give a higher one to --listen"
    default: "give another --listen, such as tcp://*:5750"
    }
  }

  var description: String { "\(found); \(remedy)" }
}
