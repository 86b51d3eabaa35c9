import ArgumentParser
import Trials

extension Precision: ExpressibleByArgument {}

/// Which arithmetic a command measures.
struct PrecisionOption: ParsableArguments {
  @Option(help: "Arithmetic of our network: fp32 or bf16.")
  var precision = Precision.fp32
}

/// Which sizes of image a command measures.
struct ShapeOptions: ParsableArguments {
  @Option(help: "Only this image shape: mnist (28×28×1) or rgb64 (64×64×3).")
  var shape: BenchmarkShape?

  /// The chosen one, or all.
  var shapes: [BenchmarkShape] { shape.map { [$0] } ?? BenchmarkShape.allCases }
}

/// How often a command measures a thing.
struct RepetitionsOption: ParsableArguments {
  @Option(help: "Repetitions.")
  var repetitions = 30

  func validate() throws {
    guard repetitions > 0 else { throw ValidationError("--repetitions: expected at least 1") }
  }
}
