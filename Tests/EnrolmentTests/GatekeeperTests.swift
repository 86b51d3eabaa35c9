import Foundation
import Messaging
import Synchronization
import TestSupport
import Testing

@testable import Enrolment

/// What a gatekeeper told people.
private final class Reports: Sendable {
  let texts = Mutex<[String]>([])
}

@Suite("The gatekeeper")
struct GatekeeperTests {
  /// The first thing that happens to the handshake of a key.
  private func handshake(
    _ context: Context, _ endpoint: String, _ keys: CurveKeyPair, server: CurvePublicKey
  ) throws -> ConnectionEvent.Kind? {
    var options = SocketOptions.control
    options.security = .curveClient(keys, server: server)
    let dealer = try DealerSocket(context, options: options)
    let monitor = try dealer.monitor()
    try dealer.connect(to: endpoint)
    let deadline = ContinuousClock.now + .seconds(600)
    while ContinuousClock.now < deadline {
      _ = try Poller.wait(for: [monitor.pollItem], timeout: .milliseconds(100))
      while let event = try monitor.next() {
        if event.kind != .connected { return event.kind }
      }
    }
    return nil
  }

  @Test("Strangers, used and expired tokens and revoked keys are refused at once; others are not")
  func decisions() throws {
    let folder = try TemporaryFolder()
    let reports = Reports()
    let keeper = try Gatekeeper(folder.keys) { text in reports.texts.withLock { $0.append(text) } }
    let context = try Context()
    let desk = try keeper.openDesk(context)
    defer { desk.close() }
    var options = SocketOptions.control
    options.security = keeper.serverSecurity
    let router = try RouterSocket(context, options: options)
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    let server = keeper.keys.publicKey
    try AdmissionProof.check(context, endpoint: endpoint, server: server)
    #expect(reports.texts.withLock { $0 } == [])
    keeper.startLogging()

    let worker = try CurveKeyPair.generate()
    let refused = ConnectionEvent.Kind.admissionRefused(status: 400)
    #expect(try handshake(context, endpoint, worker, server: server) == refused)
    let token = try folder.keys.makeToken(name: "alpha", validity: .seconds(600), at: Date())
    #expect(try handshake(context, endpoint, token.keys, server: server) == .handshakeSucceeded)
    #expect(keeper.standing(of: "\(token.keys.publicKey)") == .token(token.keys.publicKey))
    #expect(
      try keeper.enrol(worker.publicKey, host: "h", token: token.keys.publicKey) == "alpha")
    #expect(keeper.standing(of: "\(worker.publicKey)") == .worker(name: "alpha"))
    #expect(try handshake(context, endpoint, token.keys, server: server) == refused)
    #expect(try handshake(context, endpoint, worker, server: server) == .handshakeSucceeded)
    let old = try folder.keys.makeToken(
      name: "beta", validity: .seconds(1), at: Date(timeIntervalSinceNow: -5))
    #expect(try handshake(context, endpoint, old.keys, server: server) == refused)
    let local = try keeper.makeLocalKeys()
    #expect(try handshake(context, endpoint, local, server: server) == .handshakeSucceeded)

    _ = try folder.keys.changeAllowList { (list) throws(AccessError) in
      list.revoke("alpha", at: Date())
    }
    #expect(try handshake(context, endpoint, worker, server: server) == refused)
    #expect(keeper.standing(of: "\(worker.publicKey)") == .revoked(name: "alpha"))
    let told = reports.texts.withLock { $0.joined(separator: "\n") }
    #expect(told.contains("refused a connection from 127.0.0.1"))
    #expect(told.contains("is not admitted"))
  }

  @Test("Lists that cannot be read admit nobody until they can")
  func unreadableLists() throws {
    let folder = try TemporaryFolder()
    let keeper = try Gatekeeper(folder.keys) { _ in }
    let context = try Context()
    let desk = try keeper.openDesk(context)
    defer { desk.close() }
    var options = SocketOptions.control
    options.security = keeper.serverSecurity
    let router = try RouterSocket(context, options: options)
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    let worker = try CurveKeyPair.generate()
    try folder.keys.changeAllowList { (list) throws(AccessError) in
      try list.admit(worker.publicKey, as: "alpha", at: Date())
    }
    let file = folder.keys.url.appending(path: "workers.json")
    let sound = try Data(contentsOf: file)
    let handle = try FileHandle(forWritingTo: file)
    try handle.truncate(atOffset: 5)
    try handle.close()
    #expect(
      try handshake(context, endpoint, worker, server: keeper.keys.publicKey)
        == .admissionRefused(status: 400))
    try folder.keys.write(sound, "workers.json")
    #expect(
      try handshake(context, endpoint, worker, server: keeper.keys.publicKey)
        == .handshakeSucceeded)
  }

  @Test("Equal messages are logged once, then counted")
  func repeatedNotes() {
    var notes = RepeatedNotes()
    #expect(notes.note(kind: "a", "a1", at: .zero) == "a1")
    #expect(notes.note(kind: "a", "a2", at: .seconds(1)) == nil)
    #expect(notes.note(kind: "b", "b1", at: .seconds(1)) == "b1")
    #expect(notes.due(at: .seconds(59)) == [])
    #expect(notes.due(at: .seconds(60)) == ["a2 (1 more in 60 s)"])
    #expect(notes.due(at: .seconds(120)) == [])
    #expect(notes.note(kind: "a", "a3", at: .seconds(121)) == "a3")
    var told = 0
    for index in 0..<100_000 where notes.note(kind: "\(index)", "x", at: .seconds(121)) != nil {
      told += 1
    }
    #expect(told < 100)
    #expect(notes.due(at: .seconds(200)).contains { $0.contains("further") })
  }
}
