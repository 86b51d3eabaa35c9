/// The network's configurable extents.
package struct ModelSettings: Hashable, Sendable {
  /// Output channels of the encoder's convolutions, first to last; the decoder mirrors them.
  package var channels: [Int]
  /// n, the number of latent dimensions; at least 1.
  package var latents: Parameter<Int>

  /// A network with these channels and latent dimensions.
  package init(channels: [Int], latents: Parameter<Int>) {
    self.channels = channels
    self.latents = latents
  }

  /// The allowed channel widths.
  package static let channelRange = 1...1024
  /// The allowed numbers of latent dimensions.
  package static let latentRange = 1...4096
}
