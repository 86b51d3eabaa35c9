// Passes libFuzzer's inputs to all decoders of external data: messages and their parts, the files that
// digests name, and the texts that are shown to people. The Swift toolchain for Linux contains
// libFuzzer's runtime; build and run the fuzzer with:
//
//   swift build -c release --product fuzzer --sanitize fuzzer -Xswiftc -DFUZZING \
//     -Xswiftc -enable-testing --scratch-path .build/fuzzer
//   FUZZ=results .build/fuzzer/release/fuzzer -max_total_time=600 -max_len=4096
//
// FUZZ names one ``Subject``; without it, every input is passed to all of them. Each subject starts
// with valid inputs (``Subject/seeds``); arguments may name folders with further ones.

#if FUZZING
  import Foundation

  /// The entry point of the executable, with the name that SwiftPM gives it; runs libFuzzer's loop.
  @_cdecl("fuzzer_main")
  func fuzzerMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  ) -> CInt {
    var all = (0..<Int(count)).map { arguments?[$0] }
    do {
      all += try corpora().map { strdup($0) }
    } catch {
      print("cannot write the first inputs: \(error)")
      return 1
    }
    var count = CInt(all.count)
    all.append(nil)
    // The driver keeps a pointer to the arguments, so they are never freed.
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(
      capacity: all.count)
    for (index, argument) in all.enumerated() { (arguments! + index).initialize(to: argument) }
    return runDriver(&count, &arguments, decode)
  }

  /// Writes the valid inputs of the chosen subjects, and returns their folders.
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

  /// Decodes an input as each chosen subject, which must give a value or an error.
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
