import Doctor
import Enrolment
import Foundation
import Messaging
import Narrowing
import Primitives
import Trials
import Wire

/// `worker doctor`: checks whether this host can run a worker and reach its coordinator.
package enum WorkerDoctor {
  /// How long each step of reaching the coordinator may take.
  private static let patience = Duration.seconds(10)
  /// Largest clock difference without a warning.
  private static let skewMaximum = Duration.seconds(2)

  /// Runs all checks.
  ///
  /// - Parameters:
  ///   - endpoint: The coordinator; nil to check only this host.
  ///   - cache: The folder for images and unsent results; nil for the standard one.
  ///   - keys: The key folder; nil for the standard one.
  ///   - isPlain: Whether the worker connects unencrypted even over a network.
  ///   - isEncrypted: Whether it encrypts even on this machine.
  /// - Throws: `EndpointError` if the endpoint is invalid.
  package static func examine(
    endpoint: String?, cache: URL?, keys: URL?, isPlain: Bool, isEncrypted: Bool
  ) throws -> Checkup {
    let endpoint = try endpoint.map { try Endpoint(connectingTo: $0) }
    let isProtected = isEncrypted || !(isPlain || (endpoint?.isLocal ?? false))
    var checkup = Checkup()
    checkup.ok("version", "\(ProductVersion.current), protocol \(ProtocolVersion.current)")
    checkup.checkLibraries()
    checkup.ok(
      "processor",
      "\(Host.processor), \(UsableCores.count) cores, \(InstructionSet.effective.rawValue), "
        + "\(Host.memoryByteCount >> 30) GiB")
    do throws(UnknownInstructionSet) {
      try InstructionSet.checkLimit()
    } catch {
      checkup.fault(
        "instructions", "\(error)", remedy: "correct the variable, or unset it")
    }
    if InstructionSet.effective == .portable {
      checkup.warn(
        "instructions", "neither AVX2 nor AVX-512",
        remedy: "it works, many times slower than on a processor that has them")
    }
    checkup.checkClock()
    checkup.checkOpenFiles(needed: 1024)
    checkup.checkDisk(Worker.Options.cache(cache), topic: "cache")
    let credentials = checkKeys(KeyFolder(keys), isNeeded: isProtected, &checkup)
    if let endpoint, !isProtected || credentials != nil {
      let security = isProtected ? credentials?.security ?? .plain : .plain
      try reach(endpoint, security, &checkup)
    }
    return checkup
  }

  private static func checkKeys(
    _ folder: KeyFolder, isNeeded: Bool, _ checkup: inout Checkup
  ) -> WorkerCredentials? {
    guard checkup.checkKeyFolder(folder) else { return nil }
    do throws(AccessError) {
      let own = try folder.keys(of: .worker)
      let trusted = try folder.trustedCoordinator()
      guard own != nil, trusted != nil else {
        if isNeeded {
          let error = AccessError.notEnrolled(folder)
          checkup.fault("keys", error.reason, remedy: error.remedy)
        } else {
          checkup.ok("keys", "not enrolled, and not needed for a plain connection")
        }
        return nil
      }
      let credentials = try WorkerCredentials(folder)
      checkup.ok(
        "keys",
        "\(folder.url.path): own \(credentials.keys.publicKey.short)…, coordinator "
          + "\(credentials.coordinator.short)…")
      return credentials
    } catch {
      checkup.fault("keys", error.reason, remedy: error.remedy)
      return nil
    }
  }

  // MARK: - Reaching the coordinator

  private static func reach(
    _ endpoint: Endpoint, _ security: SocketSecurity, _ checkup: inout Checkup
  ) throws {
    let context = try Context()
    var options = SocketOptions.control.with(security)
    options.linger = .zero
    let dealer = try DealerSocket(context, options: options)
    guard try shakeHands(dealer, endpoint, "coordinator", security, &checkup) else { return }
    let asked = Date()
    let introduction: AccessReply.Introduction
    switch try ask(dealer) {
    case .introduced(let its): introduction = its
    case .refused(let reason, let remedy):
      checkup.fault("coordinator", "\(endpoint): refuses this host: \(reason)", remedy: remedy)
      return
    case .silent:
      checkup.warn(
        "coordinator", "\(endpoint): connected, no answer in \(patience.components.seconds) s",
        remedy: "it may be busy, or of an older release, or only enrolling; try again")
      return
    }
    let middle = (asked.timeIntervalSince1970 + Date().timeIntervalSince1970) / 2
    checkup.ok(
      "coordinator",
      "\(endpoint): version \(introduction.productVersion), sweep \(introduction.sweep)"
        + (introduction.name.map { "; this host is admitted as \($0)" } ?? "; plain"))
    let release = introduction.productVersion.prefix { $0 != "+" }
    if release != ProductVersion.release {
      checkup.warn(
        "release", "\(ProductVersion.release) here, \(release) there",
        remedy: "results are compared best between workers of one release")
    }
    let skew = Duration.seconds(middle - Double(introduction.unixMilliseconds) / 1000)
    let found =
      "\(skew.formatted(.units(allowed: [.seconds, .milliseconds], width: .narrow))) "
      + "ahead of the coordinator's"
    if skew > skewMaximum || skew < .zero - skewMaximum {
      checkup.warn(
        "clock skew", found, remedy: "times in logs and results will not match: set both by NTP")
    } else {
      checkup.ok("clock skew", found)
    }
    guard let data = endpoint.with(port: introduction.dataPort) else { return }
    var dataOptions = SocketOptions.data.with(security)
    dataOptions.linger = .zero
    let socket = try DealerSocket(context, options: dataOptions)
    if try shakeHands(socket, data, "data port", security, &checkup) {
      checkup.ok("data port", "\(data): connected")
    }
  }

  /// Connects; notes the reason if it fails.
  private static func shakeHands(
    _ dealer: borrowing DealerSocket, _ endpoint: Endpoint, _ topic: String,
    _ security: SocketSecurity, _ checkup: inout Checkup
  ) throws -> Bool {
    let monitor = try dealer.monitor()
    do {
      try dealer.connect(to: endpoint.description)
    } catch {
      checkup.fault(topic, "\(error)", remedy: "see to the name: getent hosts NAME")
      return false
    }
    var reading = HandshakeReading(isEncrypted: security != .plain)
    var isConnected = false
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      _ = try Poller.wait(for: [monitor.pollItem], timeout: .milliseconds(100))
      while let event = try monitor.next() {
        if event.kind == .handshakeSucceeded { return true }
        if event.kind == .connected { isConnected = true }
        if let trouble = reading.trouble(event.kind) {
          checkup.fault(topic, "\(endpoint): \(trouble.reason)", remedy: trouble.remedy)
          return false
        }
      }
    }
    checkup.fault(
      topic,
      isConnected
        ? "\(endpoint): the peer does not speak ZeroMQ" : "\(endpoint): no answer",
      remedy: "see that the coordinator runs, that its name leads to it, and that no firewall is "
        + "between")
    return false
  }

  /// The answer to an inquiry.
  private enum Answer {
    case introduced(AccessReply.Introduction)
    case refused(reason: String, remedy: String)
    case silent
  }

  private static func ask(_ dealer: borrowing DealerSocket) throws -> Answer {
    let request = try AccessRequest.inquiry(productVersion: ProductVersion.current).frames()
    _ = try dealer.send(request)
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      _ = try Poller.wait(for: [dealer.pollItem()], timeout: .milliseconds(100))
      while let frames = try dealer.receive() {
        switch try? AccessReply(frames: frames) {
        case .introduction(let introduction): return .introduced(introduction)
        case .refusal(let reason, let remedy): return .refused(reason: reason, remedy: remedy)
        case .enrolled, nil: continue
        }
      }
    }
    return .silent
  }
}
