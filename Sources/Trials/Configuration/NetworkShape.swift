/// The extents of the network's layers for one image size.
///
/// Source: the paper's table of layers (section IV). The encoder's convolutions halve the image;
/// the decoder mirrors them with nearest ×2 upsampling before each convolution.
package struct NetworkShape: Hashable, Sendable {
  /// One convolution, square in kernel, stride and padding.
  package struct Convolution: Hashable, Sendable {
    /// Channels of the source.
    package var inputChannels: Int
    /// Channels of the destination.
    package var outputChannels: Int
    /// Rows and columns of the source; in the decoder, before upsampling.
    package var inputSize: Int
    /// Rows and columns of the destination.
    package var outputSize: Int
    /// Rows and columns of the kernel.
    package var kernelSize: Int
    /// Step of the kernel; 1 in the decoder.
    package var stride: Int
    /// Zeros around the (upsampled) source.
    package var padding: Int
  }

  /// The image.
  package let image: ImageShape
  /// n, the number of latent dimensions.
  package let latents: Int
  /// Width of the hidden linear layers.
  package let hidden = 128
  /// Encoder convolutions, first to last.
  package let encoder: [Convolution]
  /// Decoder convolutions, first to last; each follows a nearest ×2 upsampling.
  package let decoder: [Convolution]

  /// Elements of the last encoder activation, the input of the first linear layer.
  package var flatCount: Int {
    guard let last = encoder.last else { preconditionFailure("an encoder has convolutions") }
    return last.outputChannels * last.outputSize * last.outputSize
  }

  /// The network for 28×28 (three convolutions) or 64×64 images (four).
  ///
  /// - Throws: ``ConfigurationError`` if image size and channel widths do not fit.
  package init(image: ImageShape, channels: [Int], latents: Int) throws(ConfigurationError) {
    guard image.height == image.width, image.height == 28 || image.height == 64 else {
      throw .invalid(setting: "dataset", found: "images of \(image)", expected: "28×28 or 64×64")
    }
    let kernels = image.height == 28 ? [(4, 1), (3, 1), (2, 1)] : [(4, 1), (3, 1), (3, 1), (3, 1)]
    guard channels.count == kernels.count, channels.allSatisfy(ModelSettings.channelRange.contains)
    else {
      throw .invalid(
        setting: "channels", found: "\(channels)",
        expected: "\(kernels.count) widths from 1 to 1024")
    }
    self.image = image
    self.latents = latents

    var encoder: [Convolution] = []
    var size = image.height
    var width = image.channels
    for ((kernel, padding), channel) in zip(kernels, channels) {
      let output = (size + 2 * padding - kernel) / 2 + 1
      encoder.append(
        Convolution(
          inputChannels: width, outputChannels: channel, inputSize: size, outputSize: output,
          kernelSize: kernel, stride: 2, padding: padding))
      size = output
      width = channel
    }
    self.encoder = encoder

    var decoder: [Convolution] = []
    for mirrored in encoder.reversed() {
      // 4×4 upsampled to 8×8 becomes 7×7 by an unpadded 2×2 kernel; all other kernels are 3×3.
      let shrinks = 2 * size != mirrored.inputSize
      decoder.append(
        Convolution(
          inputChannels: width, outputChannels: mirrored.inputChannels, inputSize: size,
          outputSize: mirrored.inputSize, kernelSize: shrinks ? 2 : 3, stride: 1,
          padding: shrinks ? 0 : 1))
      size = mirrored.inputSize
      width = mirrored.inputChannels
    }
    self.decoder = decoder
  }
}

extension NetworkShape {
  /// Multiplications of one training step per image: forward and both gradients, as the trainer
  /// computes them, without the decoder pass for E₁.
  ///
  /// An upsampled 3×3 convolution takes 9 multiplications per *source* pixel and channel pair (box
  /// form), an upsampled 2×2 one 4.
  package var multipliesPerImage: Int {
    var total = 0
    for (index, layer) in encoder.enumerated() {
      let forward =
        layer.outputSize * layer.outputSize * layer.kernelSize * layer.kernelSize
        * layer.inputChannels * layer.outputChannels
      total += forward * (index == 0 ? 2 : 3)
    }
    total += 3 * decoderConvolutionMultiplies
    total += 3 * (2 * flatCount * hidden + hidden * 3 * latents)
    return total
  }

  /// Multiplications of the decoder pass for E₁ per image: forward only.
  package var secondPassMultipliesPerImage: Int {
    decoderConvolutionMultiplies + flatCount * hidden + hidden * latents
  }

  /// Activations of the encoder's convolutions per image.
  package var encoderActivationsPerImage: Int {
    encoder.reduce(0) { $0 + $1.outputSize * $1.outputSize * $1.outputChannels }
  }

  /// Activations of the decoder's convolutions per image.
  package var decoderActivationsPerImage: Int {
    decoder.reduce(0) { $0 + $1.outputSize * $1.outputSize * $1.outputChannels }
  }

  private var decoderConvolutionMultiplies: Int {
    decoder.reduce(0) { sum, layer in
      sum + layer.inputSize * layer.inputSize * layer.kernelSize * layer.kernelSize
        * layer.inputChannels * layer.outputChannels
    }
  }
}
