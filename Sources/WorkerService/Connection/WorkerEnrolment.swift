import Enrolment
import Files
import Foundation
import Messaging
import Narrowing
import Wire

/// `worker key`, `trust` and `enroll`: makes this host known to a coordinator.
package enum WorkerEnrolment {
  /// How long a coordinator may take to answer.
  private static let patience = Duration.seconds(30)
  /// How often the request is repeated.
  private static let interval = Duration.seconds(2)

  /// This host's public key; creates the key pair if it is missing or to be renewed.
  package static func key(in folder: URL?, renewing: Bool) throws -> String {
    "\(try KeyFolder(folder).keysMadeIfMissing(of: .worker, renewing: renewing).publicKey)\n"
  }

  /// Stores the public key of the coordinator that this host trusts.
  package static func trust(_ key: String, in folder: URL?) throws -> String {
    guard let key = CurvePublicKey(key) else {
      throw AccessError(
        "key: found \(String(reflecting: String(key.prefix(80)))), expected 64 hexadecimal digits",
        remedy: "copy what `coordinator key` prints where the coordinator runs")
    }
    let before = try KeyFolder(folder).trust(key)
    return "trusts the coordinator \(key.short)…"
      + (before.map { ", no longer \($0.short)…" } ?? "") + "\n"
  }

  /// Enrols this host's key with a token.
  ///
  /// - Returns: Text about the next steps.
  /// - Throws: `AccessError` with the reason and what to do.
  package static func enroll(_ endpoint: String, token text: String, in folder: URL?) throws
    -> String
  {
    let endpoint = try Endpoint(connectingTo: endpoint)
    let token = try EnrolmentToken(text)
    let options =
      (endpoint.isLocal ? " --curve" : "") + (folder.map { " --keys \($0.shellWord)" } ?? "")
    let folder = KeyFolder(folder)
    let keys = try folder.keysMadeIfMissing(of: .worker)
    let before = try folder.trust(token.coordinator)
    let name = try handIn(keys.publicKey, token: token, at: endpoint)
    return """
      enrolled as \(name)\(before.map { "; the coordinator \($0.short)… is no longer trusted" } ?? "")
      start the worker with: worker --connect \(ShellWord.quoted("\(endpoint)"))\(options)\n
      """
  }

  private static func handIn(
    _ key: CurvePublicKey, token: EnrolmentToken, at endpoint: Endpoint
  ) throws -> String {
    let context = try Context()
    let dealer = try DealerSocket(
      context, options: .control.with(.curveClient(token.keys, server: token.coordinator)))
    let monitor = try dealer.monitor()
    try dealer.connect(to: endpoint.description)
    let request = try AccessRequest.enrolment(key: key.bytes, host: Host.name).frames()
    let start = ContinuousClock.now
    var sendAt = start
    var isConnected = false
    var brokenHandshakes = 0
    while ContinuousClock.now - start < patience {
      if ContinuousClock.now >= sendAt, try dealer.send(request) == .sent {
        sendAt = ContinuousClock.now + interval
      }
      _ = try Poller.wait(for: [dealer.pollItem(), monitor.pollItem], timeout: .milliseconds(100))
      while let event = try monitor.next() {
        switch event.kind {
        case .handshakeSucceeded: isConnected = true
        case .handshakeFailed: brokenHandshakes += 1
        default: break
        }
        if let error = trouble(event.kind, brokenHandshakes, at: endpoint) { throw error }
      }
      while let frames = try dealer.receive() {
        switch try? AccessReply(frames: frames) {
        case .enrolled(let name): return name
        case .refusal(let reason, let remedy): throw AccessError(reason, remedy: remedy)
        case .introduction, nil: continue
        }
      }
    }
    throw AccessError(
      isConnected
        ? "\(endpoint): connected, and no answer in \(patience.components.seconds) s"
        : "\(endpoint): no answer",
      remedy: "see that a coordinator, or `coordinator enroll`, listens there, and that no "
        + "firewall is between")
  }

  private static func trouble(
    _ kind: ConnectionEvent.Kind, _ brokenHandshakes: Int, at endpoint: Endpoint
  ) -> AccessError? {
    switch kind {
    case .admissionRefused:
      AccessError(
        "\(endpoint): the token was used already, or has expired",
        remedy: "make a new one with `coordinator enroll`; if this host was enrolled with it, "
          + "`worker doctor \(endpoint)` says so")
    case .protocolViolated where kind.isMechanismMismatch:
      AccessError(
        "\(endpoint): the coordinator does not encrypt",
        remedy: "start it without --plain, or at a loopback address with --curve")
    case .protocolViolated:
      AccessError("\(endpoint): the peer is not a coordinator", remedy: "check address and port")
    case .handshakeFailed where brokenHandshakes >= HandshakeReading.patience:
      AccessError(
        "\(endpoint): the peer does not have the key of the coordinator that made the token",
        remedy: "check address and port, and that the coordinator uses the same --keys as "
          + "`coordinator enroll`")
    default: nil
    }
  }
}
