import Autoencoder
import Narrowing
import Primitives
import Trials

/// A network to measure.
struct BenchmarkNetwork: Codable {
  /// The size of its images.
  var shape: BenchmarkShape
  /// The widths of its convolutions, first to last.
  var channels: [Int]
  /// n, latent dimensions.
  var latents: Int

  /// The image size, and the widths unless they are the default.
  var name: String {
    channels == shape.defaultChannels ? shape.rawValue : "\(shape.rawValue) \(channels)"
  }

  /// Its layers.
  func network() throws -> NetworkShape {
    try NetworkShape(image: shape.image, channels: channels, latents: latents)
  }

  /// A trainer that never reaches its tolerance, on a batch of noise.
  ///
  /// All gates stay open, so the decoder runs once per step, or twice if `forceSecondPass`.
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
