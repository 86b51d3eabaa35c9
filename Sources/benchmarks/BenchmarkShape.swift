import ArgumentParser
import Autoencoder
import Narrowing
import Primitives
import Trials

/// The two sizes of image that a network can have.
enum BenchmarkShape: String, CaseIterable, Codable, ExpressibleByArgument {
  /// 28×28×1, channels [32, 32, 64].
  case mnist
  /// 64×64×3, channels [32, 32, 64, 64].
  case rgb64

  /// The network with 32 latent dimensions.
  func network() throws -> NetworkShape {
    switch self {
    case .mnist:
      try NetworkShape(
        image: ImageShape(channels: 1, height: 28, width: 28), channels: [32, 32, 64],
        latents: 32)
    case .rgb64:
      try NetworkShape(
        image: ImageShape(channels: 3, height: 64, width: 64), channels: [32, 32, 64, 64],
        latents: 32)
    }
  }

  /// A trainer that never reaches its tolerance, on a batch of noise.
  ///
  /// All gates stay open, so the decoder runs once a step, or twice if `forceSecondPass`.
  func trainer(
    forceSecondPass: Bool, precision: Precision = .fp32, threads: Int = 1
  ) throws -> Trainer {
    var settings = TrainerSettings()
    settings.precision = precision
    let network = try Autoencoder(
      shape: network(), batchSize: settings.batchSize,
      settings: AutoencoderSettings(arithmetic: Arithmetic(precision)), threads: threads)
    Noise(seed: 1).fill(network.images, 0...1)
    return Trainer(
      network: network, tolerance: 0, settings: settings, seed: 1,
      forceSecondPass: forceSecondPass)
  }
}
