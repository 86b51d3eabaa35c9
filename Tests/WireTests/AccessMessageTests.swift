import Testing

@testable import Wire

@Suite("Access messages")
struct AccessMessageTests {
  private static let key = [UInt8](0..<32)

  @Test(
    "Requests cross the wire unchanged",
    arguments: [
      AccessRequest.enrolment(key: key, host: "node"), .inquiry(productVersion: "1.2"),
    ])
  func request(request: AccessRequest) throws {
    #expect(try AccessRequest(frames: try request.frames()) == request)
    // A coordinator that does not know them ignores them.
    #expect(throws: WireError.unknownBody(version: .current)) {
      try WorkerMessage(frames: try request.frames())
    }
  }

  @Test(
    "Replies cross the wire unchanged",
    arguments: [
      AccessReply.enrolled(name: "node-2"), .refusal(reason: "used", remedy: "another"),
      .introduction(
        .init(
          productVersion: "1", unixMilliseconds: 1_700_000_000_000, dataPort: 5751, sweep: "s",
          name: "node")),
      .introduction(
        .init(productVersion: "1", unixMilliseconds: 0, dataPort: 0, sweep: "s", name: nil)),
    ])
  func reply(reply: AccessReply) throws {
    #expect(try AccessReply(frames: try reply.frames()) == reply)
  }

  @Test("A refusal is the one of the control connection, also of another version")
  func refusal() throws {
    let message = CoordinatorMessage.refusal(reason: "no", remedy: "go")
    var frames = try message.frames()
    #expect(try AccessReply(frames: frames) == .refusal(reason: "no", remedy: "go"))
    frames[0][4] = 9
    #expect(try AccessReply(frames: frames) == .refusal(reason: "no", remedy: "go"))
    var other = try AccessReply.enrolled(name: "x").frames()
    other[0][4] = 9
    #expect(throws: WireError.self) { try AccessReply(frames: other) }
  }

  @Test("A key of another length, and a larger envelope, are refused")
  func bounds() throws {
    let short = AccessRequest.enrolment(key: [1], host: "h")
    #expect(throws: WireError.self) { try AccessRequest(frames: try short.frames()) }
    let long = [try short.frames()[0], [UInt8](repeating: 0, count: 9000)]
    #expect(throws: WireError.self) { try AccessRequest(frames: long) }
  }
}
