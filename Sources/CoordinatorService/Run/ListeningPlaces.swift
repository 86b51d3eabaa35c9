import Messaging

/// The two endpoints at which a coordinator listens: workers connect to one, data go over the other.
struct ListeningPlaces {
  /// The control port when none is asked for.
  private static let standardPort: UInt16 = 5750
  /// The control endpoint when none is asked for.
  static let standard = Endpoint.tcp(host: "127.0.0.1", port: standardPort)

  /// Where workers connect.
  let control: Endpoint
  /// The data endpoint where it follows from the control endpoint; nil where any port will do.
  private let chosenData: Endpoint?

  /// The places that were asked for.
  ///
  /// The data connection is on the next port, so that a firewall needs one rule; on any port when
  /// the control connection's was not chosen either.
  ///
  /// - Parameters:
  ///   - listen: The control endpoint; nil for a loopback address.
  ///   - hasLocalWorkers: Whether any free port will do where none is asked for.
  /// - Throws: `EndpointError` when it is none, or has the last of all ports.
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

  /// Where data go, beside a control socket that is bound.
  ///
  /// - Parameter bound: The control endpoint with its actual port.
  func data(besides bound: Endpoint) -> Endpoint {
    chosenData ?? bound.with(port: nil) ?? .tcp(host: "127.0.0.1", port: nil)
  }

  /// Both, as far as they are known beforehand, with what each is called.
  var all: [(role: ListenError.Role, endpoint: Endpoint)] {
    [(.control, control)] + (chosenData.map { [(.data, $0)] } ?? [])
  }

  private static func next(_ endpoint: Endpoint) -> Endpoint? {
    guard let port = endpoint.port, port < UInt16.max else { return nil }
    return endpoint.with(port: port + 1)
  }
}

/// A place at which a coordinator cannot listen, and what to do.
struct ListenError: Error, CustomStringConvertible {
  /// Which of the two places it is.
  enum Role {
    /// Where workers connect.
    case control
    /// The port after it.
    case data
  }

  /// Which of the two places it is.
  let role: Role
  /// The endpoint.
  let endpoint: Endpoint
  /// Why libzmq could not bind it.
  let code: MessagingError.Code

  /// Binds a place, and says which it was if that fails.
  static func explain<Value: ~Copyable>(
    _ role: Role, _ endpoint: Endpoint, _ bind: () throws -> Value
  ) throws -> Value {
    do {
      return try bind()
    } catch let error as MessagingError where error.operation == "zmq_bind" {
      throw ListenError(role: role, endpoint: endpoint, code: error.code)
    }
  }

  /// What is in the way.
  var found: String {
    let place =
      switch role {
      case .control: "\(endpoint)"
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
    switch code {
    case .addressInUse:
      "`ss -ltnp` names the program; if it is a coordinator, its --out tells how it is; else end it, "
        + "or give another --listen"
    case .addressNotAvailable, .noSuchDevice:
      "give an address of this machine to --listen, or tcp://*:5750 for all of them"
    case .permissionDenied: "ports below 1024 are root's: give a higher one to --listen"
    default: "give another --listen, such as tcp://*:5750"
    }
  }

  var description: String { "\(found); \(remedy)" }
}
