import ArgumentParser
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
      The same algorithm, arithmetic (fp32, unless --precision says otherwise for ours) and \
      batch, on one thread each, in turns; medians of processor time. Under `taskset -c 0` both run on the same core. PyTorch runs eagerly, with its plain layout and with channels_last. "two \
      passes" are steps in which the decoder also runs for the first gate vector, without \
      gradients.
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
    guard rounds > 0, steps > 0 else {
      throw ValidationError("--rounds and --steps: expected at least 1")
    }
  }

  func run() throws {
    let torch = try PyTorchPeer(python: python)
    var limits = MachineLimits(Arithmetic(arithmetic.precision))
    var comparisons: [Comparison] = []
    for shape in shapes.shapes {
      for passes in 1...2 {
        comparisons.append(try compare(shape, passes, with: torch, &limits))
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
    _ shape: BenchmarkShape, _ passes: Int, with torch: PyTorchPeer, _ limits: inout MachineLimits
  ) throws -> Comparison {
    let trainer = try shape.trainer(
      forceSecondPass: passes == 2, precision: arithmetic.precision)
    var ours = Samples()
    var theirs: [PyTorchPeer.Layout: [Double]] = [:]
    // The first turn of each is not counted: memory is handed out, kernels are chosen.
    for round in 0...rounds {
      let counts = round > 0
      for _ in 0..<steps {
        let elapsed = try Elapsed { _ = try trainer.step() }
        if counts { ours.add(elapsed) }
      }
      for layout in PyTorchPeer.Layout.allCases {
        let times = try torch.take(steps, shape, layout, passes: passes)
        if counts { theirs[layout, default: []] += times }
      }
      limits.sample()
    }
    let milliseconds = theirs.mapValues { 1e3 * median($0) }
    return Comparison(
      shape: shape, decoderPasses: passes, milliseconds: ours.processorMilliseconds,
      eagerMilliseconds: milliseconds[.eager] ?? .nan,
      channelsLastMilliseconds: milliseconds[.channelsLast] ?? .nan)
  }

  /// One shape with one or two decoder passes.
  struct Comparison: Encodable {
    var shape: BenchmarkShape
    var decoderPasses: Int
    /// Ours.
    var milliseconds: Double
    /// PyTorch's with its plain layout.
    var eagerMilliseconds: Double
    /// PyTorch's with channels_last.
    var channelsLastMilliseconds: Double
    /// PyTorch's better time over ours.
    var ratio: Double

    init(
      shape: BenchmarkShape, decoderPasses: Int, milliseconds: Double, eagerMilliseconds: Double,
      channelsLastMilliseconds: Double
    ) {
      self.shape = shape
      self.decoderPasses = decoderPasses
      self.milliseconds = milliseconds
      self.eagerMilliseconds = eagerMilliseconds
      self.channelsLastMilliseconds = channelsLastMilliseconds
      ratio = min(eagerMilliseconds, channelsLastMilliseconds) / milliseconds
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
        "shape", "decoder passes", "ours ms", "eager ms", "channels_last ms", "ratio to the better")
      for row in comparisons {
        table.add(
          row.shape.rawValue, "\(row.decoderPasses)", row.milliseconds.text(2),
          row.eagerMilliseconds.text(1), row.channelsLastMilliseconds.text(1),
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
