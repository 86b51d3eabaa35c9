import ArgumentParser
import Trials

extension Precision: ExpressibleByArgument {}

/// The option for the arithmetic to measure.
struct PrecisionOption: ParsableArguments {
  @Option(help: "Arithmetic of our network: fp32 or bf16.")
  var precision = Precision.fp32
}

/// The options for the networks to measure.
struct ShapeOptions: ParsableArguments {
  @Option(help: "Only this image shape: mnist (28×28×1) or rgb64 (64×64×3).")
  var shape: BenchmarkShape?

  @Option(
    help: ArgumentHelp(
      "Widths of the convolutions, such as 8,16,32; needs --shape.", valueName: "widths"))
  var channels: String?

  @Option(help: ArgumentHelp("Latent dimensions.", valueName: "n"))
  var latents = 32

  func validate() throws {
    guard channels == nil || shape != nil else {
      throw ValidationError("--channels: shapes differ in their number of widths; name one")
    }
    if let channels, widths == nil {
      throw ValidationError(
        "--channels: found \"\(channels)\", expected numbers with commas between them")
    }
    for network in networks {
      do { _ = try network.network() } catch { throw ValidationError("\(error)") }
    }
  }

  private var widths: [Int]? {
    let parts = channels?.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts?.compactMap { Int($0) }
    return numbers?.count == parts?.count ? numbers : nil
  }

  /// The chosen network, or one of each shape.
  var networks: [BenchmarkNetwork] {
    (shape.map { [$0] } ?? BenchmarkShape.allCases).map {
      BenchmarkNetwork(shape: $0, channels: widths ?? $0.defaultChannels, latents: latents)
    }
  }

  /// The arguments that choose one network.
  static func arguments(for network: BenchmarkNetwork) -> [String] {
    [
      "--shape", network.shape.rawValue, "--channels",
      network.channels.map(String.init).joined(separator: ","), "--latents", "\(network.latents)",
    ]
  }
}

/// The option for the number of repetitions.
struct RepetitionsOption: ParsableArguments {
  @Option(help: "Repetitions.")
  var repetitions = 30

  func validate() throws {
    guard (1...100_000).contains(repetitions) else {
      throw ValidationError("--repetitions: found \(repetitions), expected 1 to 100000")
    }
  }
}
