import ArgumentParser
import Benches
import Foundation
import Narrowing
import Primitives
import Trials

/// `benchmarks peers`: our training step against PyTorch's.
struct PeersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "Compares a training step with PyTorch's.",
    discussion: """
      Both use the same algorithm, arithmetic (fp32, unless --precision changes ours) and batch, \
      on one thread each, in turns; times are medians of processor time. Under `taskset -c 0` both \
      run on the same core. PyTorch's modes are eager with the default layout, eager with \
      channels_last, and torch.compile with channels_last if it works; the ratio is to the best. \
      "two passes" are steps in which the decoder also runs for the first gate vector, without \
      gradients. BOTTLENECKSWEEP_INSTRUCTION_SET limits PyTorch, too.
      """)

  @OptionGroup var shapes: ShapeOptions
  @OptionGroup var arithmetic: PrecisionOption
  @Option(
    help: ArgumentHelp("The Python to run, one with PyTorch.", valueName: "path"),
    completion: .file())
  var python = "python3"
  @Option(help: ArgumentHelp("Rounds in which each takes its turn once."))
  var rounds = 10
  @Option(help: "Steps of a turn.")
  var steps = 3
  @Flag(help: "Prints JSON instead of a table.")
  var json = false

  func validate() throws {
    guard (1...10_000).contains(rounds), (1...10_000).contains(steps) else {
      throw ValidationError("--rounds and --steps: expected 1 to 10000")
    }
  }

  func run() throws {
    let torch = try PyTorchPeer(python: python)
    var limits = MachineLimits(Arithmetic(arithmetic.precision))
    var comparisons: [Comparison] = []
    for network in shapes.networks {
      for passes in 1...2 {
        comparisons.append(try compare(network, passes, with: torch, &limits))
      }
    }
    let report = Report(
      torch: torch.versions.torch, python: torch.versions.python, processor: Host.processor,
      instructionSet: InstructionSet.effective(for: Arithmetic(arithmetic.precision)).rawValue,
      precision: arithmetic.precision, peakGigaflops: limits.peakGigaflops,
      rounds: rounds, stepsPerTurn: steps, comparisons: comparisons)
    print(json ? try report.json : report.table, terminator: "")
  }

  private func compare(
    _ network: BenchmarkNetwork, _ passes: Int, with torch: PyTorchPeer,
    _ limits: inout MachineLimits
  ) throws -> Comparison {
    let trainer = try network.trainer(
      forceSecondPass: passes == 2, precision: arithmetic.precision)
    var ours = Samples()
    var theirs: [PyTorchPeer.Mode: [Double]] = [:]
    var modes = PyTorchPeer.Mode.allCases
    // The first turn of each is not counted: it allocates memory and compiles kernels.
    for round in 0...rounds {
      let counts = round > 0
      for _ in 0..<steps {
        let elapsed = try Elapsed { _ = try trainer.step() }
        if counts { ours.add(elapsed) }
      }
      for mode in modes {
        do {
          let times = try torch.take(steps, network, mode, passes: passes)
          if counts { theirs[mode, default: []] += times }
        } catch {
          guard mode == .compiled, round == 0 else { throw error }
          // Compiling needs more than PyTorch; if it fails, compare the other modes.
          FileHandle.standardError.write(Data("\(error)\n".utf8))
          modes.removeAll { $0 == mode }
        }
      }
      limits.sample()
    }
    return Comparison(
      network: network, decoderPasses: passes, milliseconds: ours.processorMilliseconds,
      peerMilliseconds: Dictionary(
        uniqueKeysWithValues: theirs.map { ($0.key.rawValue, 1e3 * median($0.value)) }))
  }

  /// One shape with one or two decoder passes.
  struct Comparison: Encodable {
    var shape: BenchmarkShape
    var channels: [Int]
    var latents: Int
    var decoderPasses: Int
    /// Ours.
    var milliseconds: Double
    /// PyTorch's by mode.
    var peerMilliseconds: [String: Double]
    /// PyTorch's best time over ours.
    var ratio: Double

    init(
      network: BenchmarkNetwork, decoderPasses: Int, milliseconds: Double,
      peerMilliseconds: [String: Double]
    ) {
      shape = network.shape
      channels = network.channels
      latents = network.latents
      self.decoderPasses = decoderPasses
      self.milliseconds = milliseconds
      self.peerMilliseconds = peerMilliseconds
      ratio = (peerMilliseconds.values.min() ?? .nan) / milliseconds
    }

    /// The network.
    var network: BenchmarkNetwork {
      BenchmarkNetwork(shape: shape, channels: channels, latents: latents)
    }

    /// PyTorch's time in a mode, or a dash.
    func text(_ mode: PyTorchPeer.Mode) -> String {
      peerMilliseconds[mode.rawValue]?.text(1) ?? "–"
    }
  }

  /// Everything measured.
  struct Report: Encodable {
    var torch: String
    var python: String
    var processor: String
    var instructionSet: String
    /// Ours; PyTorch computes in fp32.
    var precision: Precision
    var peakGigaflops: Double
    var rounds: Int
    var stepsPerTurn: Int
    var comparisons: [Comparison]

    var json: String {
      get throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
      }
    }

    var table: String {
      var table = TextTable(
        "shape", "decoder passes", "ours ms", "eager ms", "channels_last ms", "compiled ms",
        "ratio to the best")
      for row in comparisons {
        table.add(
          row.network.name, "\(row.decoderPasses)", row.milliseconds.text(2),
          row.text(.eager), row.text(.channelsLast), row.text(.compiled),
          row.ratio.text(2) + "×")
      }
      return """
        PyTorch \(torch), Python \(python), \(processor), \(instructionSet), ours \
        in \(precision.rawValue), \
        multiply-adds on registers \(peakGigaflops.text(1)) GFLOP/s
        \(table.text)
        """
    }
  }
}
