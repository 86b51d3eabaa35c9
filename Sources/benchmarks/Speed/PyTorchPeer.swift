import Benches
import Foundation
import Primitives

/// A Python process that takes the same training steps in PyTorch on request.
final class PyTorchPeer {
  /// PyTorch's modes.
  enum Mode: String, CaseIterable, Codable {
    /// Eager, with the default layout.
    case eager
    /// Eager, with channels_last.
    case channelsLast = "channels_last"
    /// torch.compile, with channels_last.
    case compiled
  }

  /// The versions of Python and PyTorch.
  struct Versions: Decodable {
    var torch: String
    var python: String
  }

  private struct Request: Encodable {
    var shape: BenchmarkShape
    var channels: [Int]
    var latents: Int
    var mode: Mode
    var passes: Int
    var steps: Int
  }

  private struct Answer: Decodable {
    /// Processor seconds of each step.
    var processor: [Double]?
    /// Why there are no times.
    var failure: String?
  }

  /// What runs.
  let versions: Versions
  private let companion: Companion

  /// Starts the script in `python`, a path or a name to look up.
  ///
  /// - Throws: ``BenchmarkError`` with installation instructions if PyTorch is missing.
  init(python: String) throws {
    guard let folder = Bundle.module.resourceURL?.appending(path: "peers") else {
      throw BenchmarkError("the program's resources are missing")
    }
    let requirements = folder.appending(path: "requirements.txt").path
    guard try Self.succeeds([python, "-c", "import torch"]) else {
      throw BenchmarkError(
        """
        \(python) cannot import torch. To install it in a folder of its own:
          python3 -m venv pytorch && pytorch/bin/pip install -r \(requirements)
        then run again with --python pytorch/bin/python
        """)
    }
    companion = try Companion(
      URL(filePath: "/usr/bin/env"),
      Self.limits(for: .effective(for: .bf16)) + [
        python, folder.appending(path: "pytorch_step.py").path,
      ])
    versions = try companion.receive(Versions.self)
  }

  /// The settings that keep PyTorch from wider vectors than those of our kernels.
  ///
  /// torch.compile gets a cache for each instruction set: it crashes on what it has compiled for
  /// wider ones.
  private static func limits(for instructionSet: InstructionSet) -> [String] {
    let cache = FileManager.default.temporaryDirectory.appending(
      path: "torchinductor-\(getuid())-\(instructionSet.rawValue)")
    return switch instructionSet {
    case .avx512BF16, .avx512: []
    case .avx2:
      [
        "ATEN_CPU_CAPABILITY=avx2", "ONEDNN_MAX_CPU_ISA=AVX2",
        "TORCHINDUCTOR_CACHE_DIR=\(cache.path)",
      ]
    case .portable:
      [
        "ATEN_CPU_CAPABILITY=default", "ONEDNN_MAX_CPU_ISA=SSE41",
        "TORCHINDUCTOR_CACHE_DIR=\(cache.path)",
      ]
    }
  }

  /// Takes steps.
  ///
  /// - Returns: Processor seconds of each.
  /// - Throws: ``BenchmarkError`` with PyTorch's error if this mode does not work.
  func take(
    _ steps: Int, _ network: BenchmarkNetwork, _ mode: Mode, passes: Int
  ) throws -> [Double] {
    try companion.send(
      Request(
        shape: network.shape, channels: network.channels, latents: network.latents, mode: mode,
        passes: passes, steps: steps))
    let answer = try companion.receive(Answer.self)
    guard let processor = answer.processor else {
      throw BenchmarkError("PyTorch, \(mode.rawValue): \(answer.failure ?? "no answer")")
    }
    return processor
  }

  private static func succeeds(_ arguments: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
