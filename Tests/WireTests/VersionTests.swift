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
    #expect(ProtocolVersion.current.header == [0x42, 0x4E, 0x53, 0x57, 1, 0, 2, 0])
    #expect(
      try ProtocolVersion(header: [0x42, 0x4E, 0x53, 0x57, 0x02, 0x01, 0x04, 0x03])
        == ProtocolVersion(major: 0x0102, minor: 0x0304))
  }

  @Test("A newer minor version, with unknown fields and further frames, is understood")
  func newerMinor() throws {
    for message in Samples.workerMessages {
      var frames = try message.frames()
      frames[0] = ProtocolVersion(major: 1, minor: 9).header
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
    let newer = ProtocolVersion(major: 1, minor: 9)
    let unknown = [WireError?](repeating: .unknownBody(version: newer), count: 4)
    #expect(decodeAll([newer.header, unknownBody]) == unknown)
    #expect(decodeAll([newer.header, []]) == unknown)
  }

  @Test("Another major version is refused, whatever it says")
  func otherMajor() throws {
    let other = ProtocolVersion(major: 2, minor: 0)
    let refused = [WireError?](repeating: .otherMajor(found: other), count: 4)
    let envelopes = [
      try WorkerMessage.announcement(Samples.announcement).frames()[1], [], unknownBody,
      [0xFF, 0xFF, 0xFF],
    ]
    for envelope in envelopes {
      let errors = decodeAll([other.header, envelope])
      #expect(errors == refused)
    }
    #expect(WireError.otherMajor(found: other).description == "protocol version 2.0, expected 1.x")
  }

  @Test("A refusal is read in every major version")
  func refusalOfOtherMajor() throws {
    let refusal = CoordinatorMessage.refusal(reason: "too old", remedy: "update")
    var frames = try refusal.frames()
    frames[0] = ProtocolVersion(major: 7, minor: 3).header
    #expect(try CoordinatorMessage(frames: frames) == refusal)
  }
}

/// The examples of PROTOCOL.md, section 7.
@Suite("The bytes that the protocol document shows")
struct DocumentedBytesTests {
  private let attempt = AttemptKey(trial: TrialID(rawValue: 0x0123_4567_89AB_CDEF), attempt: 1)

  /// The frames of a message whose frame 1 is given in hexadecimal digits.
  private func frames(_ digits: String) -> [[UInt8]] {
    [
      [0x42, 0x4E, 0x53, 0x57, 0x01, 0x00, 0x02, 0x00],
      digits.split(separator: " ").compactMap { UInt8($0, radix: 16) },
    ]
  }

  @Test("A heartbeat")
  func heartbeat() throws {
    let frames = frames("12 0F 08 03 12 0B 09 EF CD AB 89 67 45 23 01 10 01")
    let message = WorkerMessage.heartbeat(.init(sequence: 3, claims: [.init(attempt: attempt)]))
    #expect(try message.frames() == frames)
    #expect(try WorkerMessage(frames: frames) == message)
  }

  @Test("The least announcement")
  func announcement() throws {
    guard
      case .announcement(let announcement) = try WorkerMessage(
        frames: frames("0A 05 1A 01 77 48 01"))
    else {
      Issue.record("expected an announcement")
      return
    }
    #expect(announcement.worker == "w")
    #expect(announcement.slotCount == 1)
    #expect(announcement.sweepID == nil)
  }

  @Test("A welcome")
  func welcome() throws {
    let frames = frames("0A 10 08 88 27 10 E0 D4 03 18 F7 2C 2A 01 73 32 01 78")
    let message = CoordinatorMessage.welcome(
      .init(
        heartbeatInterval: .seconds(5), lostAfter: .seconds(60), dataLocation: .port(5751),
        sweep: "s", sweepID: "x"))
    #expect(try message.frames() == frames)
    #expect(try CoordinatorMessage(frames: frames) == message)
  }

  @Test("An acknowledgement")
  func acknowledgement() throws {
    let frames = frames("1A 0B 09 EF CD AB 89 67 45 23 01 10 01")
    #expect(try CoordinatorMessage.acknowledgement(attempt).frames() == frames)
  }

  @Test("An offer")
  func offer() throws {
    let frames = frames(
      """
      12 24 0A 20 BA 78 16 BF 8F 01 CF EA 41 41 40 DE 5D AE 22 23 B0 03 61 A3 96 17 7A 9C B4 10 \
      FF 61 F2 00 15 AD 10 03
      """)
    #expect(try DataRequest.offer(Digest.of("abc"), byteCount: 3).frames() == frames)
  }
}
