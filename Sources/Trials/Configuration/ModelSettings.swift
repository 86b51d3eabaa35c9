/// The network's free extents.
package struct ModelSettings: Hashable, Sendable {
  /// Output channels of the encoder's convolutions, first to last; the decoder mirrors them.
  package var channels: [Int]
  /// n, the latent dimensions provisioned; a count of at least 1.
  package var latents: Parameter<Int>

  /// A network with these channels and latent dimensions.
  package init(channels: [Int], latents: Parameter<Int>) {
    self.channels = channels
    self.latents = latents
  }

  /// What a channel width may be.
  package static let channelRange = 1...1024
  /// What a count of latent dimensions may be.
  package static let latentRange = 1...4096
}
