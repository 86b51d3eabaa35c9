import Digests
import Testing
import Trials

@testable import Wire

/// The examples in EXAMPLES.md.
@Suite("The bytes in EXAMPLES.md")
struct DocumentedBytesTests {
  private let attempt = AttemptKey(trial: TrialID(rawValue: 0x0123_4567_89AB_CDEF), attempt: 1)

  /// The bytes that hexadecimal digits spell.
  private func bytes(_ digits: String) -> [UInt8] {
    digits.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
  }

  /// The frames of a message whose frame 1 is given in hexadecimal digits.
  private func frames(_ digits: String) -> [[UInt8]] {
    [[0x42, 0x4E, 0x53, 0x57, 0x02, 0x00, 0x03, 0x00], bytes(digits)]
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

  @Test("The first piece of a trajectory, and the answers to it")
  func piece() throws {
    let frames = frames(
      """
      4A 58 09 EF CD AB 89 67 45 23 01 10 01
      1A 22 12 20 E3 B0 C4 42 98 FC 1C 14 9A FB F4 C8 99 6F B9 24
      27 AE 41 E4 64 9B 93 4C A4 95 99 1B 78 52 B8 55
      22 05 73 74 65 70 0A
      2A 20 2B 7E 2E 90 03 26 71 7F 69 FE 1E 51 4D 7C 7D 16
      1B FF 51 93 77 C7 53 02 13 6B 34 E0 14 FC 89 1C
      """)
    let message = WorkerMessage.trajectoryGrown(
      .init(
        attempt: attempt, start: .empty, payload: Array("step\n".utf8),
        endDigest: Digest.of("step\n")))
    #expect(try message.frames() == frames)
    #expect(try WorkerMessage(frames: frames) == message)
    #expect(
      try CoordinatorMessage.pieceTaken(attempt, byteCount: 5).frames()
        == self.frames("62 0D 09 EF CD AB 89 67 45 23 01 10 01 18 05"))
    #expect(
      try CoordinatorMessage.trajectoryUnknown(attempt, byteCount: 5).frames()
        == self.frames("6A 0D 09 EF CD AB 89 67 45 23 01 10 01 18 05"))
  }

  @Test("The answer to a report")
  func reportTaken() throws {
    #expect(
      try CoordinatorMessage.reportTaken(attempt, index: 1).frames()
        == frames("5A 0D 09 EF CD AB 89 67 45 23 01 10 01 18 01"))
  }

  @Test("The states of SHA-256 after 0 and after 79 bytes")
  func hashState() throws {
    #expect(
      TrajectoryStart.beginning.hashState
        == bytes(
          """
          6A 09 E6 67 BB 67 AE 85 3C 6E F3 72 A5 4F F5 3A 51 0E 52 7F 9B 05 68 8C 1F 83 D9 AB
          5B E0 CD 19
          """))
    let heading =
      "step,squared_error,mse,constraint_average,multiplier,tolerance_hits,gates_open\n"
    let start = TrajectoryStart.beginning.advanced(by: Array(heading.utf8))
    #expect(start.prefix.byteCount == 79)
    #expect(
      start.hashState
        == bytes(
          """
          C9 82 C7 A9 85 C0 5C DC 5E D2 BD DB 24 DF EB C8 E8 08 B9 FA 9A B7 65 A0 FB 1A 28 86
          06 BA 51 43 69 74 73 2C 67 61 74 65 73 5F 6F 70 65 6E 0A
          """))
    #expect(
      start.prefix.digest.bytes
        == bytes(
          """
          C4 A2 89 0B 35 A0 60 0A B7 66 84 7E 95 4E B4 9E E4 60 70 B1 B5 FB 50 F1 DE D2 F7 6A
          5F A7 FD 1F
          """))
  }

  @Test("The state digest of a state that has only its step")
  func stateDigest() {
    let state = bytes("73 74 65 70 20 49 36 34 20 0A 14 00 00 00 00 00 00 00")
    #expect(state == Array("step I64 \n".utf8) + [20, 0, 0, 0, 0, 0, 0, 0])
    #expect(
      Digest.of(state).bytes
        == bytes(
          """
          0C B8 4C DC EC DC 6C 81 9F E9 FC 47 50 44 EF 90
          B4 7B 1F 9E D2 79 EF 03 B4 D5 5F C9 61 8C 28 6B
          """))
  }
}
