import Synchronization
import Testing

@testable import Messaging

/// A CURVE server with a desk, on this host.
private final class Server {
  let context: Context
  let keys: CurveKeyPair
  let desk: AdmissionDesk?
  let endpoint: String
  /// Keys that are admitted; nil admits everybody.
  let admitted: Mutex<Set<CurvePublicKey>?>
  /// What the desk was asked.
  let requests = Mutex<[AdmissionDesk.Request]>([])
  private let socket: Socket

  private final class Socket {
    let router: RouterSocket
    init(_ router: consuming RouterSocket) { self.router = router }
  }

  init(admitting admitted: Set<CurvePublicKey>?, hasDesk: Bool = true) throws {
    context = try Context()
    keys = try .generate()
    self.admitted = Mutex(admitted)
    let box = WeakBox()
    desk = hasDesk ? try AdmissionDesk(context) { box.server?.decide($0) ?? .refuse } : nil
    var options = SocketOptions.loopback
    options.security = .curveServer(keys, domain: "control")
    let router = try RouterSocket(context, options: options)
    endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    socket = Socket(router)
    box.server = self
  }

  deinit { desk?.close() }

  var router: RouterSocket { _read { yield socket.router } }

  private func decide(_ request: AdmissionDesk.Request) -> AdmissionDesk.Decision {
    requests.withLock { $0.append(request) }
    return admitted.withLock { $0?.contains(request.key) ?? true }
      ? .admit(userID: "worker \(request.key)") : .refuse
  }

  /// A dealer that begins to connect with a key.
  func dealer(
    _ keys: CurveKeyPair, server: CurvePublicKey? = nil
  ) throws -> DealerSocket {
    var options = SocketOptions.loopback
    options.security = .curveClient(keys, server: server ?? self.keys.publicKey)
    return try DealerSocket(context, options: options)
  }

  /// The first thing that happens to a dealer's handshake.
  func handshake(_ dealer: borrowing DealerSocket) throws -> ConnectionEvent.Kind {
    let monitor = try dealer.monitor()
    try dealer.connect(to: endpoint)
    return try waiting {
      while let event = try monitor.next() {
        if event.kind != .connected { return event.kind }
      }
      return nil
    }
  }
}

/// The desk is opened before the server that answers for it is whole.
private final class WeakBox: @unchecked Sendable {
  weak var server: Server?
}

@Suite("CURVE")
struct CurveTests {
  @Test("Keys are written as hexadecimal digits, read also as Z85, and belong together")
  func keyText() throws {
    let pair = try CurveKeyPair.generate()
    let text = "\(pair.publicKey)"
    #expect(text.count == 64)
    #expect(CurvePublicKey(text) == pair.publicKey)
    #expect(try CurveKeyPair(secretKey: #require(.init(pair.secretKey.exposed))) == pair)
    // The example pair of zmq_curve in libzmq's manual.
    let secret = try #require(
      CurvePublicKey("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"))
    let known = try CurveKeyPair(secretKey: #require(.init(bytes: secret.bytes)))
    #expect(known.publicKey == CurvePublicKey("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"))
    for wrong in ["", "ab", text + "0", String(text.dropLast()) + "g", "é" + text.dropFirst(2)] {
      #expect(CurvePublicKey(wrong) == nil)
    }
  }

  @Test("A secret key does not appear in print, dump or interpolation")
  func secretsStaySecret() throws {
    let pair = try CurveKeyPair.generate()
    var dumped = ""
    dump(pair, to: &dumped)
    var options = SocketOptions.control
    options.security = .curveServer(pair, domain: "control")
    dump(options, to: &dumped)
    dumped += "\(pair) \(options) \(String(reflecting: pair.secretKey))"
    #expect(!dumped.contains(pair.secretKey.exposed))
    #expect(!dumped.contains("\(pair.secretKey.bytes)"))
    #expect(dumped.contains("(secret)"))
  }

  @Test("An admitted key exchanges messages, and each message carries the key's name")
  func admitted() throws {
    let worker = try CurveKeyPair.generate()
    let server = try Server(admitting: [worker.publicKey])
    let dealer = try server.dealer(worker)
    #expect(try server.handshake(dealer) == .handshakeSucceeded)
    try dealer.sendWaiting([[1], [2]])
    let message = try server.router.receiveWaiting()
    #expect(message.frames == [[1], [2]])
    #expect(message.userID == "worker \(worker.publicKey)")
    // A poll makes libzmq look at the message before it is taken.
    try dealer.sendWaiting([[1], [2]])
    try waiting {
      try Poller.wait(for: [server.router.pollItem], timeout: .milliseconds(5)) == [.readable]
        ? () : nil
    }
    let polled = try server.router.receiveWaiting()
    #expect(polled.userID == "worker \(worker.publicKey)")
    #expect(polled.peerAddress?.contains("127.0.0.1") == true)
    #expect(try server.router.send([[3]], to: message.routingID) == .sent)
    #expect(try dealer.receiveWaiting() == [[3]])
    let request = try #require(server.requests.withLock { $0.first })
    #expect(request.domain == "control")
    #expect(request.address == "127.0.0.1")
  }

  @Test("A key that is not admitted is refused, and the client is told")
  func refused() throws {
    let server = try Server(admitting: [])
    let dealer = try server.dealer(try .generate())
    #expect(try server.handshake(dealer) == .admissionRefused(status: 400))
  }

  @Test("libzmq does not retry after a refusal; a new connect does")
  func refusedOnce() throws {
    let worker = try CurveKeyPair.generate()
    let server = try Server(admitting: [])
    let dealer = try server.dealer(worker)
    #expect(try server.handshake(dealer) == .admissionRefused(status: 400))
    // Many times the pause before reconnecting.
    _ = try Poller.wait(for: [], timeout: .milliseconds(200))
    #expect(server.requests.withLock { $0.count } == 1)
    server.admitted.withLock { $0 = [worker.publicKey] }
    try dealer.disconnect(from: server.endpoint)
    try dealer.connect(to: server.endpoint)
    try dealer.sendWaiting([[1]])
    #expect(try server.router.receiveWaiting().frames == [[1]])
  }

  @Test("Without an admission desk, and after it is closed, nobody is admitted")
  func failsClosed() throws {
    for hasDesk in [false, true] {
      let server = try Server(admitting: nil, hasDesk: hasDesk)
      server.desk?.close()
      let dealer = try server.dealer(try .generate())
      #expect(try server.handshake(dealer) != .handshakeSucceeded)
      #expect(try dealer.send([[1]]) == .full)
    }
  }

  @Test("A client with another server key, or without encryption, gets no connection")
  func wrongServerAndPlain() throws {
    let server = try Server(admitting: nil)
    let misled = try server.dealer(try .generate(), server: try CurveKeyPair.generate().publicKey)
    #expect(try server.handshake(misled) != .handshakeSucceeded)
    let plain = try DealerSocket(server.context, options: .loopback)
    let event = try server.handshake(plain)
    #expect(event.isMechanismMismatch, "\(event)")
    #expect(try server.router.receive() == nil)
  }

  @Test("The test passes a server that refuses unknown keys, and fails one that admits them")
  func proof() throws {
    let careful = try Server(admitting: [])
    try AdmissionProof.check(
      careful.context, endpoint: careful.endpoint, server: careful.keys.publicKey)
    let careless = try Server(admitting: nil)
    #expect(throws: AdmissionProofError.strangerAdmitted(careless.endpoint)) {
      try AdmissionProof.check(
        careless.context, endpoint: careless.endpoint, server: careless.keys.publicKey)
    }
  }

  @Test("A server without encryption fails the test")
  func proofOfPlain() throws {
    let context = try Context()
    let router = try RouterSocket(context, options: .loopback)
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    #expect(throws: AdmissionProofError.self) {
      try AdmissionProof.check(
        context, endpoint: endpoint, server: try CurveKeyPair.generate().publicKey)
    }
    withExtendedLifetime(router.pollItem) {}
  }
}
