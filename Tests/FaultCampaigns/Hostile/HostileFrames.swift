import Digests
import Foundation
import Randomness
import Trials
import Wire

/// Random harmful messages of a peer, drawn from a seed.
struct HostileFrames {
  private var generator: SplitMix64
  private let sound: [[[UInt8]]]
  private let replays: [[[UInt8]]]

  /// Messages for a control connection.
  static func control(seed: UInt64) throws -> HostileFrames {
    let key = AttemptKey(trial: TrialID(rawValue: 0x0123_4567_89AB_CDEF), attempt: 1)
    let digest = Digest(bytes: [UInt8](repeating: 7, count: 32))!
    let messages: [WorkerMessage] = [
      .heartbeat(.init(sequence: 1, claims: [.init(attempt: key, progress: nil)])),
      .finished(.init(attempt: key, result: [0x0A, 0x00])),
      .trajectoryGrown(
        .init(attempt: key, start: .empty, payload: Array("step\n".utf8), endDigest: digest)),
      .attemptFailed(.init(attempt: key, cause: "exit-code", message: "a failure")),
      .goodbye(reason: "a goodbye"),
    ]
    let replays = try messages.map { try $0.frames() }
    let inquiry = try AccessRequest.inquiry(productVersion: "1").frames()
    let enrolment = try AccessRequest.enrolment(key: digest.bytes, host: "h").frames()
    return HostileFrames(
      seed: seed, sound: replays + [inquiry, enrolment], replays: replays + [enrolment])
  }

  /// Messages for a data connection.
  static func data(seed: UInt64) throws -> HostileFrames {
    let digest = Digest(bytes: [UInt8](repeating: 7, count: 32))!
    let requests: [DataRequest] = [
      .fetch(digest, offset: 0, byteCountMaximum: 65_536),
      .fetch(digest, offset: 1 << 40, byteCountMaximum: 1),
      .offer(digest, byteCount: 1 << 50),
      .store(digest, offset: 0, total: 100, payload: [1, 2, 3]),
    ]
    let replays = try requests.map { try $0.frames() }
    return HostileFrames(seed: seed, sound: replays, replays: replays)
  }

  private init(seed: UInt64, sound: [[[UInt8]]], replays: [[[UInt8]]]) {
    generator = SplitMix64(seed: seed)
    self.sound = sound
    self.replays = replays
  }

  /// The next message; one in 5,000 has a frame above the size limit.
  mutating func next() -> [[UInt8]] {
    var frames = sound[Int.random(in: 0..<sound.count, using: &generator)]
    switch Int.random(in: 0..<5000, using: &generator) {
    case 0: return [frames[0], [UInt8](repeating: 0, count: (256 << 10) + 1)]
    case 1..<1000: return replays[Int.random(in: 0..<replays.count, using: &generator)]
    case 1000..<2200:
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let index = Int.random(in: 0..<frames[1].count, using: &generator)
        frames[1][index] = UInt8.random(in: 0...255, using: &generator)
      }
    case 2200..<3200: frames[1].removeLast(Int.random(in: 0...frames[1].count, using: &generator))
    case 3200..<4400:
      frames[1] = generator.bytes(Int.random(in: 0...300, using: &generator))
    case 4400..<4700: frames[0] = generator.bytes(Int.random(in: 0...16, using: &generator))
    case 4700..<4850:
      frames = (0..<Int.random(in: 1...40, using: &generator)).map { _ in generator.bytes(8) }
    default: frames[0][4] = UInt8.random(in: 2...255, using: &generator)
    }
    return frames
  }
}

extension SplitMix64 {
  /// Random bytes.
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}
