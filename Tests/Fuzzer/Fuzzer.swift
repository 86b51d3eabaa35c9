// Feeds libFuzzer's inputs to everything that decodes what comes from outside: messages, what is
// within them, the files that their digests name, and the texts that people are shown. The Swift
// toolchain for Linux has libFuzzer's runtime; build and run it so:
//
//   swift build -c release --product fuzzer --sanitize fuzzer -Xswiftc -DFUZZING \
//     -Xswiftc -enable-testing --scratch-path .build/fuzzer
//   FUZZ=results .build/fuzzer/release/fuzzer -max_total_time=600 -max_len=4096
//
// FUZZ names one of ``Subject``; without it every input goes to all of them. Each subject begins
// with sound inputs of its own (``Subject/seeds``); folders with further ones may follow.

#if FUZZING
  import Foundation

  /// The entry of the executable, under the name that SwiftPM gives it: libFuzzer's own loop.
  @_cdecl("fuzzer_main")
  func fuzzerMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  ) -> CInt {
    var all = (0..<Int(count)).map { arguments?[$0] }
    do {
      all += try corpora().map { strdup($0) }
    } catch {
      print("cannot write the inputs to begin with: \(error)")
      return 1
    }
    var count = CInt(all.count)
    all.append(nil)
    // The driver keeps what it is given.
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(
      capacity: all.count)
    for (index, argument) in all.enumerated() { (arguments! + index).initialize(to: argument) }
    return runDriver(&count, &arguments, decode)
  }

  /// Folders with sound inputs of the chosen subjects, which the fuzzer begins with.
  private func corpora() throws -> [String] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fuzzer-\(ProcessInfo.processInfo.processIdentifier)")
    return try Subject.chosen.map { subject in
      try subject.writeSeeds(below: folder)
      return folder.appending(path: subject.rawValue).path
    }
  }

  @_silgen_name("LLVMFuzzerRunDriver")
  private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
  ) -> CInt

  /// Decodes an input in every way; whatever it is, each gives a message or an error.
  @_cdecl("LLVMFuzzerTestOneInput")
  func decode(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    for subject in Subject.chosen { subject.decode(input) }
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
