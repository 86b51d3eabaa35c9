/// Tests that a CURVE server refuses unknown keys.
package enum AdmissionProof {
  /// Connects to a bound server with a new key, and expects to be refused.
  ///
  /// - Parameters:
  ///   - endpoint: The server's endpoint, to connect to.
  ///   - server: The server's public key.
  ///   - patience: How long the server may take to refuse.
  /// - Throws: ``AdmissionProofError`` unless it was refused for its key.
  package static func check(
    _ context: Context, endpoint: String, server: CurvePublicKey,
    patience: Duration = .seconds(10)
  ) throws {
    var options = SocketOptions.control
    options.linger = .zero
    options.security = .curveClient(try .generate(), server: server)
    let dealer = try DealerSocket(context, options: options)
    let monitor = try dealer.monitor()
    try dealer.connect(to: endpoint)
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      _ = try Poller.wait(for: [monitor.pollItem], timeout: .milliseconds(100))
      while let event = try monitor.next() {
        switch event.kind {
        case .admissionRefused: return
        case .handshakeSucceeded: throw AdmissionProofError.strangerAdmitted(endpoint)
        case .protocolViolated, .handshakeFailed:
          throw AdmissionProofError.unproven(endpoint, found: "\(event.kind)")
        case .accepted, .connected, .disconnected, .acceptFailed: continue
        }
      }
    }
    throw AdmissionProofError.unproven(endpoint, found: "no answer in \(patience)")
  }
}

/// Why a server must not be used.
package enum AdmissionProofError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An unknown key was admitted.
  case strangerAdmitted(String)
  /// The server did not answer like one that checks keys.
  case unproven(String, found: String)

  package var description: String {
    switch self {
    case .strangerAdmitted(let endpoint):
      """
      \(endpoint): a key made up for a test was admitted, expected a refusal: this libzmq, \
      \(Context.libraryVersion), does not check keys; nothing is served over the network with it
      """
    case .unproven(let endpoint, let found):
      "\(endpoint): found \(found) in answer to a key made up for a test, expected a refusal"
    }
  }
}
