import Digests
import Foundation
import Trials
import Wire

// Feeds libFuzzer's inputs to everything that decodes what comes over the network: messages, and
// what is within them or behind their digests. The Swift
// toolchain for Linux has libFuzzer's runtime; build and run it so:
//
//   swift build -c release --product fuzzer --sanitize fuzzer -Xswiftc -DFUZZING \
//     --scratch-path .build/fuzzer
//   .build/fuzzer/release/fuzzer -max_total_time=600 -max_len=4096

#if FUZZING
  /// The entry of the executable, under the name that SwiftPM gives it: libFuzzer's own loop.
  @_cdecl("fuzzer_main")
  func fuzzerMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  ) -> CInt {
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments, decode)
  }

  @_silgen_name("LLVMFuzzerRunDriver")
  private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
  ) -> CInt

  /// Decodes an input in every way; whatever it is, each gives a message or an error.
  ///
  /// The first byte chooses what frame 0 says, the others are frame 1.
  @_cdecl("LLVMFuzzerTestOneInput")
  func decode(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    let current = ProtocolVersion.current
    var header = Array("BNSW".utf8) + [UInt8(current.major), 0, UInt8(current.minor), 0]
    if let first = input.first, first >= 0xF0 { header[4] = first & 0x0F }
    let frames = [header, Array(input.dropFirst())]
    _ = try? WorkerMessage(frames: frames)
    _ = try? CoordinatorMessage(frames: frames)
    _ = try? AccessRequest(frames: frames)
    _ = try? AccessReply(frames: frames)
    _ = try? DataRequest(frames: frames)
    _ = try? DataReply(frames: frames)
    decodeResult(frames[1])
    decodeTrajectory(frames[1])
    _ = try? CanonicalJSON.decode(TrialConfiguration.self, from: Data(frames[1]))
    return 0
  }

  /// What a result or a report says can be written as JSON, which traps on what it cannot hold; and
  /// a report is the same when it has crossed the wire again.
  private func decodeResult(_ bytes: [UInt8]) {
    if let received = try? ReceivedResult(serialised: bytes) {
      _ = CanonicalJSON.data(received.result)
      _ = try? ReceivedResult(serialised: ReceivedResult(received.result).bytes)
    }
    if let report = try? MilestoneReport(serialised: bytes) {
      let again = try? MilestoneReport(serialised: report.serialised)
      precondition(again.map(CanonicalJSON.data) == CanonicalJSON.data(report))
    }
    _ = try? CanonicalJSON.decode([MilestoneReport].self, from: Data(bytes))
  }

  /// A trajectory's rows, the states of its digest and where it goes on; the first byte of a state
  /// says how many bytes came before it.
  private func decodeTrajectory(_ bytes: [UInt8]) {
    _ = TrajectoryText.beginning(of: bytes, sampleEvery: 10, milestones: [25])
    _ = try? CanonicalJSON.decode(TrajectoryStart.self, from: Data(bytes))
    guard let first = bytes.first else { return }
    let state = Array(bytes.dropFirst())
    for byteCount in [Int(first), Int(first) << 40, Int.max - Int(first), -Int(first)] {
      guard var stream = DigestStream(state: state, byteCount: byteCount) else { continue }
      precondition(stream.state == state)
      stream.append(bytes)
      _ = stream.digest
    }
    // A start is taken only with the digest that belongs to its state, so make one that is sound.
    guard let stream = DigestStream(state: state, byteCount: Int(first)) else { return }
    let prefix = TrajectoryPrefix(stream, byteCount: Int(first))
    guard let start = TrajectoryStart(prefix: prefix, hashState: state) else {
      preconditionFailure("a state without the digest that follows from it")
    }
    let checkpoint = TrialCheckpoint(
      step: Int(first), digest: prefix.digest, byteCount: state.count, instructionSet: "none",
      stateDigest: prefix.digest, trajectory: prefix)
    let assignment = CoordinatorMessage.assignment(
      .init(
        attempt: AttemptKey(trial: TrialID(rawValue: UInt64(first)), attempt: 1),
        configurationJSON: [], images: prefix.digest, imagesByteCount: 0,
        checkpoints: [ResumePoint(checkpoint: checkpoint, trajectory: start)]))
    let received = try? CoordinatorMessage(frames: assignment.frames())
    precondition(received == assignment)
    precondition(start.advanced(by: bytes).prefix.byteCount == Int(first) + bytes.count)
  }
#else
  @main
  enum Fuzzer {
    static func main() {
      print("built without libFuzzer; see the comment in Tests/Fuzzer/Fuzzer.swift")
    }
  }
#endif
