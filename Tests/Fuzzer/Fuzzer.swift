import Digests
import Foundation
import Trials
import Wire

// Feeds libFuzzer's inputs to everything that decodes what comes over the network. The Swift
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
    let data = Data(frames[1])
    _ = try? CanonicalJSON.decode(TrialResult.self, from: data)
    _ = try? CanonicalJSON.decode(TrialConfiguration.self, from: data)
    return 0
  }
#else
  @main
  enum Fuzzer {
    static func main() {
      print("built without libFuzzer; see the comment in Tests/Fuzzer/Fuzzer.swift")
    }
  }
#endif
