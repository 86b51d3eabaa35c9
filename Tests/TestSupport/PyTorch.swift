import Foundation
import Testing

/// A Python with PyTorch, for tests of what other programs read.
package enum PyTorch {
  /// What such tests need, for when they are skipped.
  package static let need: Comment =
    "needs PyTorch: a Python that has it in BOTTLENECKSWEEP_TEST_TORCH, or as python3"

  /// The interpreter; nil where there is none.
  package static let interpreter: String? = {
    let environment = ProcessInfo.processInfo.environment
    let candidates = [
      environment["BOTTLENECKSWEEP_TEST_TORCH"], environment["BOTTLENECKSWEEP_TEST_PYTHON"],
      "python3",
    ]
    return candidates.compactMap { $0 }.first { candidate in
      (try? run(candidate, ["-c", "import torch"]).code) == 0
    }
  }()

  /// Runs a script with arguments and waits for its end.
  package static func run(
    script: String, _ arguments: String...
  ) throws -> (code: Int32, errors: String) {
    try run(try #require(interpreter), ["-c", script] + arguments)
  }

  private static func run(
    _ interpreter: String, _ arguments: [String]
  ) throws -> (code: Int32, errors: String) {
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [interpreter] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    let words = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: words, as: UTF8.self))
  }

  /// A script that lets an exported network work on images, and writes what comes out as float32:
  /// reconstructions, means and standard deviations.
  ///
  /// Its arguments are the export's folder, the images' extents with commas, their file of float32
  /// and the file to write.
  package static let reconstruct = """
    import struct, sys
    import torch
    folder, shape, source, target = sys.argv[1:]
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    import model
    network = model.load()
    images = torch.frombuffer(bytearray(open(source, "rb").read()), dtype=torch.float32)
    images = images.reshape([int(extent) for extent in shape.split(",")])
    with torch.no_grad():
        mean, deviation = network.encode(images)
        found = [network.reconstruct(images), mean, deviation]
        assert network.sample(3).shape == (3, *images.shape[1:])
    numbers = torch.cat([tensor.flatten() for tensor in found]).tolist()
    open(target, "wb").write(struct.pack(f"<{len(numbers)}f", *numbers))
    """
}
