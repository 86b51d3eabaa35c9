import Digests
import Foundation
import Randomness
import Testing
import Trials

@testable import Wire

@Suite("Damaged frames")
struct DamagedFrameTests {
  private static func soundFrames() throws -> [[[UInt8]]] {
    try Samples.workerMessages.map { try $0.frames() }
      + Samples.coordinatorMessages.map { try $0.frames() }
      + Samples.dataRequests.map { try $0.frames() }
      + Samples.dataReplies.filter { $0.frameByteCount < 1000 }.map { try $0.frames() }
  }

  @Test(
    "10,000 mutated, truncated and random frames give a message or an error",
    arguments: [
      UInt64(1), 2, 3, 4,
    ])
  func fuzz(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let sound = try Self.soundFrames()
    var errorCount = 0
    for _ in 0..<2500 {
      var frames = sound[Int.random(in: 0..<sound.count, using: &generator)]
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !frames[1].isEmpty {
          let index = Int.random(in: 0..<frames[1].count, using: &generator)
          frames[1][index] = UInt8.random(in: 0...255, using: &generator)
        }
      case 1: frames[1].removeLast(Int.random(in: 0...frames[1].count, using: &generator))
      case 2:
        frames[1] = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
      default:
        let index = Int.random(in: 0..<frames[0].count, using: &generator)
        frames[0][index] ^= UInt8.random(in: 1...255, using: &generator)
      }
      errorCount += decodeAll(frames).filter { $0 != nil }.count
    }
    #expect(errorCount > 2500)
  }

  @Test("Too few frames, a wrong magic and a wrong length are malformed")
  func headers() throws {
    let envelope = try WorkerMessage.goodbye(reason: "x").frames()[1]
    let bad: [[[UInt8]]] = [
      [], [ProtocolVersion.current.header], [[], envelope],
      [Array("BNSX".utf8) + [2, 0, 0, 0], envelope],
      [ProtocolVersion.current.header + [0], envelope], [Array("BNSW".utf8), envelope],
    ]
    for frames in bad {
      for error in decodeAll(frames) {
        guard case .malformed = error else {
          Issue.record("\(frames) gave \(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test("An envelope above the limit is not decoded")
  func tooLarge() {
    let large = [UInt8](repeating: 0, count: WireLimits.controlEnvelopeByteCount + 1)
    for error in decodeAll([ProtocolVersion.current.header, large]) {
      guard case .tooLarge = error else {
        Issue.record("gave \(String(describing: error))")
        continue
      }
    }
  }

  /// A message of one length-delimited body field.
  private func frames(body number: UInt8, _ bytes: [UInt8]) -> [[UInt8]] {
    [ProtocolVersion.current.header, [number << 3 | 2, UInt8(bytes.count)] + bytes]
  }

  @Test("Fields out of their range are malformed: attempt 0, short digests, no slots")
  func ranges() {
    // AttemptFailed (4): attempt absent, that is 0.
    #expect(throws: WireError.malformed(place: "attempt", found: "0", expected: "at least 1")) {
      try WorkerMessage(frames: frames(body: 4, [0x1A, 1, 0x61]))
    }
    // Offer (2) with a digest of 3 bytes.
    #expect(
      throws: WireError.malformed(place: "sha256", found: "3 bytes", expected: "32 bytes")
    ) {
      try DataRequest(frames: frames(body: 2, [0x0A, 3, 1, 2, 3]))
    }
    // Announcement (1) of the worker "w" with no slots.
    #expect(throws: WireError.malformed(place: "slots", found: "0", expected: "1 to 4096")) {
      try WorkerMessage(frames: frames(body: 1, [0x1A, 1, 0x77]))
    }
    // Offer of 2^64 - 1 bytes.
    let offer =
      [0x0A, 32] + Samples.digest.bytes + [0x10] + [UInt8](repeating: 0xFF, count: 9) + [1]
    #expect(throws: WireError.self) { try DataRequest(frames: frames(body: 2, offer)) }
  }

  @Test("A piece must lie within its blob, at any offset")
  func pieces() throws {
    for (offset, total) in [(1, 2), (3, 2), (Int.max, Int.max)] {
      let store = DataRequest.store(Samples.digest, offset: offset, total: total, payload: [1, 2])
      #expect(throws: WireError.self) { try DataRequest(frames: try store.frames()) }
    }
  }

  @Test("Control characters in a text for people are replaced, line ends stay")
  func controlCharacters() throws {
    let message = WorkerMessage.goodbye(reason: "a\u{1B}[31mb\u{7F}\u{85}\n\tc")
    #expect(
      try WorkerMessage(frames: try message.frames())
        == .goodbye(reason: "a\u{FFFD}[31mb\u{FFFD}\u{FFFD}\n\tc"))
  }

  @Test("A log line contains no line feed")
  func logLines() throws {
    let message = WorkerMessage.logLines(.init(lines: ["one\ntwo", "three"]))
    #expect(
      try WorkerMessage(frames: try message.frames())
        == .logLines(.init(lines: ["one two", "three"])))
  }

  @Test("A checkpoint without a digest, or three checkpoints, are refused")
  func checkpoints() throws {
    // A claim (heartbeat, 2) of trial 1, attempt 1, with an empty checkpoint.
    let claim: [UInt8] = [0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0x22, 0]
    #expect(
      throws: WireError.malformed(place: "sha256", found: "0 bytes", expected: "32 bytes")
    ) {
      try WorkerMessage(frames: frames(body: 2, [0x12, UInt8(claim.count)] + claim))
    }
    // An assignment (2) of attempt 1 with three empty checkpoints.
    #expect(throws: WireError.malformed(place: "checkpoints", found: "3", expected: "0 to 2")) {
      try CoordinatorMessage(frames: frames(body: 2, [0x10, 1, 0x32, 0, 0x32, 0, 0x32, 0]))
    }
  }

  @Test("A piece without bytes, of no trajectory, or beyond any trajectory is refused")
  func trajectoryPieces() {
    // TrajectoryGrown (9) of trial 1, attempt 1.
    let attempt: [UInt8] = [0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 1]
    let digest = [0x12, 32] + Samples.digest.bytes
    let end = [0x2A, 32] + Samples.digest.bytes
    func error(_ start: [UInt8], _ payload: [UInt8]) -> WireError? {
      let body = attempt + [0x1A, UInt8(start.count)] + start + payload + end
      return decodeAll(frames(body: 9, body))[0]
    }
    #expect(error(digest, [0x22, 1, 7]) == nil)
    #expect(
      error(digest, []) == .malformed(place: "payload bytes", found: "0", expected: "1 to 65536"))
    #expect(
      error([], [0x22, 1, 7])
        == .malformed(place: "trajectory sha256", found: "0 bytes", expected: "32 bytes"))
    // 2^50 + 1 bytes, and 2^64 - 1, which a negative number would be.
    let counts: [(text: String, bytes: [UInt8])] = [
      ("1125899906842625", [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]),
      ("18446744073709551615", [UInt8](repeating: 0xFF, count: 9) + [1]),
    ]
    for count in counts {
      #expect(
        error([8] + count.bytes + digest, [0x22, 1, 7])
          == .malformed(
            place: "trajectory bytes", found: count.text, expected: "0 to 1125899906842624"))
    }
  }

  @Test("A checkpoint to resume from is accepted only with the hash state of its trajectory")
  func resumePoints() throws {
    let body = Samples.resumePoint.body
    #expect(try ResumePoint(body) == Samples.resumePoint)
    var bodies = [body, body, body, body]
    bodies[0].trajectoryHashState[0] ^= 1
    bodies[1].trajectoryHashState.removeLast()
    bodies[2].clearTrajectory()
    bodies[3].trajectory.bytes += 64
    for body in bodies { #expect(throws: WireError.self) { try ResumePoint(body) } }
    // Of the empty trajectory, too, the state is told.
    var begin = Samples.resumePoint
    begin.trajectory = .beginning
    begin.checkpoint.trajectory = .empty
    #expect(try ResumePoint(begin.body) == begin)
  }

  @Test("Text that is not UTF-8 is malformed")
  func invalidText() {
    #expect(throws: WireError.self) {
      try WorkerMessage(frames: frames(body: 5, [0x0A, 2, 0xC3, 0x28]))
    }
  }
}

extension DataReply {
  fileprivate var frameByteCount: Int { (try? frames()[1].count) ?? 0 }
}
