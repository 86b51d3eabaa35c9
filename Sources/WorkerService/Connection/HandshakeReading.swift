import Enrolment
import Messaging

/// Determines from connection events why a worker's connection fails.
struct HandshakeReading {
  /// How many handshakes may break off before the peer is assumed to refuse this worker.
  static let patience = 2

  private let isEncrypted: Bool
  private var brokenCount = 0

  /// Starts with an encrypted or unencrypted connection.
  init(isEncrypted: Bool) { self.isEncrypted = isEncrypted }

  /// Why there is no connection and what to do; nil if libzmq retries by itself.
  mutating func trouble(_ kind: ConnectionEvent.Kind) -> AccessError? {
    switch kind {
    case .handshakeSucceeded:
      brokenCount = 0
      return nil
    case .admissionRefused:
      return AccessError(
        "the coordinator does not admit this host's key: it was never enrolled, or is revoked",
        remedy: "run `coordinator enroll` where it runs, and the command it prints here")
    case .protocolViolated where kind.isMechanismMismatch:
      return isEncrypted
        ? AccessError(
          "the coordinator does not encrypt",
          remedy: "start it without --plain (at a loopback address with --curve), or this worker "
            + "with --plain")
        : AccessError(
          "the coordinator encrypts",
          remedy: "start this worker without --plain (to a loopback address with --curve)")
    case .protocolViolated:
      return AccessError(
        "the peer at this address is not a coordinator", remedy: "check address and port")
    case .handshakeFailed:
      brokenCount += 1
      guard brokenCount >= Self.patience else { return nil }
      return isEncrypted
        ? AccessError(
          "the peer does not have the key of the coordinator that this host trusts",
          remedy:
            "if the coordinator has new keys, enrol this host again; otherwise check address and port"
        )
        : AccessError(
          "the peer closes the connection, most likely because the coordinator encrypts",
          remedy: "start this worker without --plain (to a loopback address with --curve)")
    case .accepted, .connected, .disconnected, .acceptFailed: return nil
    }
  }
}
