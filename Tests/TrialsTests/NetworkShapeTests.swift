import Testing

@testable import Trials

/// The paper's table of layers (section IV), both columns.
@Suite("The network's layers")
struct NetworkShapeTests {
  /// Extents of a layer as the paper's table gives them.
  private struct Layer: Equatable {
    var channels: [Int]
    var sizes: [Int]
    var kernel: Int
    var stride: Int
    var padding: Int

    init(_ layer: NetworkShape.Convolution) {
      channels = [layer.inputChannels, layer.outputChannels]
      sizes = [layer.inputSize, layer.outputSize]
      kernel = layer.kernelSize
      stride = layer.stride
      padding = layer.padding
    }

    init(_ channels: [Int], _ sizes: [Int], kernel: Int, stride: Int, padding: Int) {
      self.channels = channels
      self.sizes = sizes
      self.kernel = kernel
      self.stride = stride
      self.padding = padding
    }
  }

  @Test("64×64: four convolutions down to 4×4, and back")
  func large() throws {
    let shape = try NetworkShape(
      image: Dataset.shapes3d.imageShape, channels: [8, 16, 24, 40], latents: 10)
    #expect(
      shape.encoder.map(Layer.init) == [
        Layer([3, 8], [64, 32], kernel: 4, stride: 2, padding: 1),
        Layer([8, 16], [32, 16], kernel: 3, stride: 2, padding: 1),
        Layer([16, 24], [16, 8], kernel: 3, stride: 2, padding: 1),
        Layer([24, 40], [8, 4], kernel: 3, stride: 2, padding: 1),
      ])
    #expect(
      shape.decoder.map(Layer.init) == [
        Layer([40, 24], [4, 8], kernel: 3, stride: 1, padding: 1),
        Layer([24, 16], [8, 16], kernel: 3, stride: 1, padding: 1),
        Layer([16, 8], [16, 32], kernel: 3, stride: 1, padding: 1),
        Layer([8, 3], [32, 64], kernel: 3, stride: 1, padding: 1),
      ])
    #expect(shape.flatCount == 40 * 16)
    #expect(shape.hidden == 128)
  }

  @Test("28×28: three convolutions down to 4×4, and back")
  func small() throws {
    let shape = try NetworkShape(
      image: Dataset.mnist.imageShape, channels: [32, 32, 64], latents: 32)
    #expect(
      shape.encoder.map(Layer.init) == [
        Layer([1, 32], [28, 14], kernel: 4, stride: 2, padding: 1),
        Layer([32, 32], [14, 7], kernel: 3, stride: 2, padding: 1),
        Layer([32, 64], [7, 4], kernel: 2, stride: 2, padding: 1),
      ])
    #expect(
      shape.decoder.map(Layer.init) == [
        Layer([64, 32], [4, 7], kernel: 2, stride: 1, padding: 0),
        Layer([32, 32], [7, 14], kernel: 3, stride: 1, padding: 1),
        Layer([32, 1], [14, 28], kernel: 3, stride: 1, padding: 1),
      ])
    #expect(shape.flatCount == 64 * 16)
  }

  @Test("sizes follow from kernel, stride and padding")
  func arithmetic() throws {
    for dataset in Dataset.allCases {
      let shape = try NetworkShape(
        image: dataset.imageShape, channels: TrialConfiguration.defaultChannels(for: dataset),
        latents: 10)
      for layer in shape.encoder {
        #expect(
          (layer.inputSize + 2 * layer.padding - layer.kernelSize) / layer.stride + 1
            == layer.outputSize)
      }
      for layer in shape.decoder {
        #expect(2 * layer.inputSize + 2 * layer.padding - layer.kernelSize + 1 == layer.outputSize)
      }
    }
  }

  @Test("multiply-adds of a step: layer by layer 6.4, 28.9, 8.4, 8.4, 28.9 and 3.6 million for 64")
  func multiplies() throws {
    let shape = try NetworkShape(
      image: Dataset.mnist.imageShape, channels: [32, 32, 64], latents: 32)
    let encoder = [14 * 14 * 16 * 32, 7 * 7 * 9 * 32 * 32, 4 * 4 * 4 * 32 * 64]
    let decoder = [4 * 4 * 4 * 64 * 32, 7 * 7 * 9 * 32 * 32, 14 * 14 * 9 * 32]
    let linear = [1024 * 128, 128 * 64, 32 * 128, 128 * 1024]
    // The gradient of the images is not computed.
    let forwardAndBackward =
      3 * (encoder + decoder + linear).reduce(0, +) - encoder[0]
    #expect(shape.multipliesPerImage == forwardAndBackward)
    #expect(
      shape.secondPassMultipliesPerImage == decoder.reduce(0, +) + linear[2] + linear[3])
  }

  @Test("widths that do not fit the image are refused")
  func refused() {
    let image = Dataset.mnist.imageShape
    for channels in [[], [8, 8], [8, 8, 8, 8], [8, 0, 8], [8, 8, 1025]] {
      #expect(
        throws: ConfigurationError.invalid(
          setting: "channels", found: "\(channels)", expected: "3 widths from 1 to 1024")
      ) { try NetworkShape(image: image, channels: channels, latents: 5) }
    }
    #expect(
      throws: ConfigurationError.invalid(
        setting: "dataset", found: "images of 32×32×3", expected: "28×28 or 64×64")
    ) {
      try NetworkShape(
        image: ImageShape(channels: 3, height: 32, width: 32), channels: [8, 8, 8], latents: 5)
    }
  }
}
