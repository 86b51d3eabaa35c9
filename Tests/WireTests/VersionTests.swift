import Digests
import Testing
import Trials

@testable import Wire

@Suite("Versions of the protocol")
struct VersionTests {
  /// Field 100, a number: what a later minor version may have added.
  private let unknownField: [UInt8] = [0xA0, 0x06, 0x01]
  /// Field 101, a message of four bytes: a kind of message that a later version may have added.
  private let unknownBody: [UInt8] = [0xAA, 0x06, 0x04, 1, 2, 3, 4]

  @Test("The header is BNSW and two little-endian numbers")
  func header() throws {
    #expect(
      ProtocolVersion(major: 0x0102, minor: 0x0304).header
        == [0x42, 0x4E, 0x53, 0x57, 0x02, 0x01, 0x04, 0x03])
    #expect(ProtocolVersion.current.header == [0x42, 0x4E, 0x53, 0x57, 2, 0, 3, 0])
    #expect(
      try ProtocolVersion(header: [0x42, 0x4E, 0x53, 0x57, 0x02, 0x01, 0x04, 0x03])
        == ProtocolVersion(major: 0x0102, minor: 0x0304))
  }

  @Test("A newer minor version, with unknown fields and further frames, is understood")
  func newerMinor() throws {
    for message in Samples.workerMessages {
      var frames = try message.frames()
      frames[0] = ProtocolVersion(major: 2, minor: 9).header
      frames[1] += unknownField
      frames.append([1, 2, 3])
      #expect(try WorkerMessage(frames: frames) == message)
    }
    for message in Samples.coordinatorMessages {
      var frames = try message.frames()
      frames[1] += unknownField
      #expect(try CoordinatorMessage(frames: frames) == message)
    }
  }

  @Test("An unknown field within a message is ignored")
  func unknownFieldInside() throws {
    // Goodbye is field 5, its reason field 1: here with "ok" and an unknown field behind it.
    let body: [UInt8] = [0x0A, 2] + Array("ok".utf8) + unknownField
    let frames = [ProtocolVersion.current.header, [0x2A, UInt8(body.count)] + body]
    #expect(try WorkerMessage(frames: frames) == .goodbye(reason: "ok"))
  }

  @Test("An unknown kind of message, or none, is reported as such")
  func unknownBodies() {
    let newer = ProtocolVersion(major: 2, minor: 9)
    let unknown = [WireError?](repeating: .unknownBody(version: newer), count: 4)
    #expect(decodeAll([newer.header, unknownBody]) == unknown)
    #expect(decodeAll([newer.header, []]) == unknown)
  }

  @Test("Any message of another major version is refused")
  func otherMajor() throws {
    let other = ProtocolVersion(major: 1, minor: 2)
    let refused = [WireError?](repeating: .otherMajor(found: other), count: 4)
    let envelopes = [
      try WorkerMessage.announcement(Samples.announcement).frames()[1], [], unknownBody,
      [0xFF, 0xFF, 0xFF],
    ]
    for envelope in envelopes {
      let errors = decodeAll([other.header, envelope])
      #expect(errors == refused)
    }
    #expect(WireError.otherMajor(found: other).description == "protocol version 1.2, expected 2.x")
  }

  @Test("A refusal is read in every major version")
  func refusalOfOtherMajor() throws {
    let refusal = CoordinatorMessage.refusal(reason: "too old", remedy: "update")
    var frames = try refusal.frames()
    frames[0] = ProtocolVersion(major: 7, minor: 3).header
    #expect(try CoordinatorMessage(frames: frames) == refusal)
  }
}
