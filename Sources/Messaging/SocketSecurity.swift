import CZeroMQ

/// How a socket's connections are protected.
package enum SocketSecurity: Hashable, Sendable {
  /// Neither encrypted nor authenticated; for loopback.
  case plain
  /// CURVE server, which decides who may connect. Its ``AdmissionDesk`` must be open.
  ///
  /// The domain identifies the socket to the desk.
  case curveServer(CurveKeyPair, domain: String)
  /// CURVE client, which connects only to the holder of the server's key.
  case curveClient(CurveKeyPair, server: CurvePublicKey)

  /// Whether libzmq was built with CURVE (`zmq_has`).
  package static var hasCurve: Bool { zmq_has("curve") != 0 }

  /// Sets the mechanism on a socket that is neither bound nor connected yet.
  ///
  /// If a CURVE server has no desk, libzmq admits everybody unless `ZMQ_ZAP_ENFORCE_DOMAIN` is set.
  /// The headers mark that option as a draft, but libraries have it; a library without it is
  /// refused.
  func apply(to socket: SocketHandle) throws(MessagingError) {
    switch self {
    case .plain: return
    case .curveServer(let keys, let domain):
      precondition(!domain.isEmpty, "without a domain libzmq asks nobody")
      try socket.set(zapEnforceDomain, "ZMQ_ZAP_ENFORCE_DOMAIN", Int32(1))
      try socket.set(ZMQ_ZAP_DOMAIN, "ZMQ_ZAP_DOMAIN", bytes: Array(domain.utf8))
      try socket.set(ZMQ_CURVE_SERVER, "ZMQ_CURVE_SERVER", Int32(1))
      try socket.set(keys)
    case .curveClient(let keys, let server):
      try socket.set(ZMQ_CURVE_SERVERKEY, "ZMQ_CURVE_SERVERKEY", bytes: server.bytes)
      try socket.set(keys)
    }
  }
}

/// `ZMQ_ZAP_ENFORCE_DOMAIN`, which `zmq.h` hides unless drafts are built.
private let zapEnforceDomain: Int32 = 93

extension SocketHandle {
  fileprivate func set(_ keys: CurveKeyPair) throws(MessagingError) {
    try set(ZMQ_CURVE_PUBLICKEY, "ZMQ_CURVE_PUBLICKEY", bytes: keys.publicKey.bytes)
    try set(ZMQ_CURVE_SECRETKEY, "ZMQ_CURVE_SECRETKEY", bytes: keys.secretKey.bytes)
  }
}
