/// A checked ZeroMQ address: `tcp://host:port` or `ipc://path`.
package enum Endpoint: Hashable, Sendable {
  /// A TCP endpoint. The port is nil if the system should choose one (written `*`).
  ///
  /// The host is a name, an address, an interface, or `*`; IPv6 addresses are in brackets.
  case tcp(host: String, port: UInt16?)
  /// A local socket at a path.
  case ipc(path: String)

  /// Parses an endpoint.
  ///
  /// - Throws: ``EndpointError`` if it has neither form.
  package init(_ text: String) throws(EndpointError) {
    if text.hasPrefix("ipc://") {
      let path = String(text.dropFirst(6))
      // `sockaddr_un` holds 108 bytes with the final zero.
      guard (1...107).contains(path.utf8.count) else {
        throw EndpointError(found: text, expected: "ipc:// and a path of 1 to 107 bytes")
      }
      self = .ipc(path: path)
      return
    }
    guard text.hasPrefix("tcp://") else {
      throw EndpointError(found: text, expected: "tcp://HOST:PORT")
    }
    let rest = text.dropFirst(6)
    guard let colon = rest.lastIndex(of: ":") else {
      throw EndpointError(found: text, expected: "tcp://HOST:PORT")
    }
    let host = rest[..<colon]
    let digits = rest[rest.index(after: colon)...]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    guard !host.isEmpty, isBracketed || !host.contains(":"),
      host.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"/;".utf8.contains($0) })
    else {
      throw EndpointError(
        found: text, expected: "tcp://HOST:PORT, IPv6 addresses in brackets as in tcp://[::1]:5750")
    }
    if digits == "*" || digits == "0" {
      self = .tcp(host: String(host), port: nil)
    } else if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) {
      self = .tcp(host: String(host), port: port)
    } else {
      throw EndpointError(found: text, expected: "a port from 1 to 65535, or * for any")
    }
  }

  /// Parses an endpoint to connect to, which needs a host and a port.
  ///
  /// - Throws: ``EndpointError`` if it is invalid or only suitable for listening.
  package init(connectingTo text: String) throws(EndpointError) {
    try self.init(text)
    guard case .tcp(let host, let port) = self else { return }
    guard port != nil, host != "*" else {
      throw EndpointError(
        found: text, expected: "the coordinator's host and port, such as tcp://host:5750")
    }
  }

  /// The same host with another port; nil for a local socket, which has none.
  package func with(port: UInt16?) -> Endpoint? {
    guard case .tcp(let host, _) = self else { return nil }
    return .tcp(host: host, port: port)
  }

  /// The TCP port; nil for a local socket or if the system should choose.
  package var port: UInt16? {
    guard case .tcp(_, let port) = self else { return nil }
    return port
  }

  /// Whether only processes of this host can reach it.
  package var isLocal: Bool {
    switch self {
    case .ipc: true
    case .tcp(let host, _):
      host == "localhost" || host == "[::1]" || Self.isLoopbackIPv4(host)
        || (host.hasPrefix("[::ffff:") && host.hasSuffix("]")
          && Self.isLoopbackIPv4(host.dropFirst(8).dropLast()))
    }
  }
}

extension Endpoint {
  /// Whether a host is an address of 127.0.0.0/8, not a name that begins like one.
  private static func isLoopbackIPv4(_ host: some StringProtocol) -> Bool {
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }
}

extension Endpoint: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tcp(let host, let port): "tcp://\(host):\(port.map(String.init) ?? "*")"
    case .ipc(let path): "ipc://\(path)"
    }
  }
}

/// A text that is no endpoint.
package struct EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text.
  package var found: String
  /// What it should be.
  package var expected: String

  /// An invalid endpoint and what was expected.
  package init(found: String, expected: String) {
    self.found = found
    self.expected = expected
  }

  package var description: String { "endpoint \"\(found)\": expected \(expected)" }
}
