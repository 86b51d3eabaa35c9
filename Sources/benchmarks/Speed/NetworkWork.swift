import Primitives
import Trials

/// The work of a training step by layer, for a batch of 64 images.
///
/// Bytes count each activation and gradient that a pass reads or writes once, because batch norm
/// needs its statistics before the next layer; normalised images, upsampled ones and masks are not
/// stored.
struct NetworkWork {
  private let shape: NetworkShape
  private let batch = 64
  private let float = MemoryLayout<Float>.stride
  /// Numbers of an activation stored per float.
  private let storedPerFloat: Int

  init(_ shape: NetworkShape, in arithmetic: Arithmetic) {
    self.shape = shape
    storedPerFloat = arithmetic == .bf16 ? 2 : 1
  }

  /// An encoder convolution forward: the source read, the destination written.
  func encoderForward(_ index: Int) -> Work {
    let layer = shape.encoder[index]
    return Work(
      multiplies: batch * layer.forwardMultiplies,
      bytes: bytes(source(layer) + destination(layer)))
  }

  /// Both gradients of an encoder convolution, the first layer's weight gradient alone: the
  /// source, the destination and its gradient read, and the source's gradient written.
  func encoderBackward(_ index: Int) -> Work {
    let layer = shape.encoder[index]
    let gradients = index == 0 ? 1 : 2
    return Work(
      multiplies: gradients * batch * layer.forwardMultiplies,
      bytes: bytes(gradients * source(layer) + 2 * destination(layer)))
  }

  /// A decoder convolution forward, in the box form: the source read, the destination written.
  ///
  /// The last also computes the error: it reads the target instead of writing the destination, and
  /// writes the gradient if requested.
  func decoderForward(_ index: Int, writesGradient: Bool = true) -> Work {
    let layer = shape.decoder[index]
    let images = index + 1 == shape.decoder.count && writesGradient ? 2 : 1
    return Work(
      multiplies: batch * layer.boxMultiplies,
      bytes: bytes(source(layer) + images * destination(layer)))
  }

  /// Both gradients of a decoder convolution; the last has no leaky ReLU behind it and does not
  /// need its destination.
  func decoderBackward(_ index: Int) -> Work {
    let layer = shape.decoder[index]
    let reads = index + 1 == shape.decoder.count ? 1 : 2
    return Work(
      multiplies: 2 * batch * layer.boxMultiplies,
      bytes: bytes(2 * source(layer) + reads * destination(layer)))
  }

  /// One direction of a linear layer: two of its three matrices read, the third written.
  func linear(_ inputs: Int, _ outputs: Int) -> Work {
    Work(
      multiplies: batch * inputs * outputs,
      bytes: bytes(batch * (inputs + outputs) + inputs * outputs))
  }

  /// Inputs and outputs of the linear layers in the order of the forward pass, with their names.
  var linearLayers: [(name: String, inputs: Int, outputs: Int)] {
    [
      ("encoder.linear1", shape.flatCount, shape.hidden),
      ("encoder.linear2", shape.hidden, 2 * shape.latents),
      ("decoder.linear1", shape.latents, shape.hidden),
      ("decoder.linear2", shape.hidden, shape.flatCount),
    ]
  }

  /// Adam: parameter, gradient and both moments read, all but the gradient written.
  func adam(_ parameters: Int) -> Work { Work(bytes: bytes(7 * parameters)) }

  /// The encoder forward.
  var encode: [Work] {
    shape.encoder.indices.map(encoderForward) + linearWork(0..<2)
  }

  /// The decoder forward, with the error.
  func decode(writesGradient: Bool) -> [Work] {
    shape.decoder.indices.map { decoderForward($0, writesGradient: writesGradient) }
      + linearWork(2..<4)
  }

  /// The decoder's gradients.
  var decodeBackward: [Work] {
    shape.decoder.indices.map(decoderBackward) + linearWork(2..<4) + linearWork(2..<4)
  }

  /// The encoder's gradients.
  var encodeBackward: [Work] {
    shape.encoder.indices.map(encoderBackward) + linearWork(0..<2) + linearWork(0..<2)
  }

  private func linearWork(_ layers: Range<Int>) -> [Work] {
    linearLayers[layers].map { linear($0.inputs, $0.outputs) }
  }

  private func bytes(_ floats: Int) -> Int { floats * float }

  private func source(_ layer: NetworkShape.Convolution) -> Int {
    floats(layer.inputSize, layer.inputChannels)
  }

  private func destination(_ layer: NetworkShape.Convolution) -> Int {
    floats(layer.outputSize, layer.outputChannels)
  }

  /// The floats of images: pictures are fp32, activations depend on the arithmetic.
  private func floats(_ size: Int, _ channels: Int) -> Int {
    batch * size * size * channels / (size == shape.image.height ? 1 : storedPerFloat)
  }
}

extension NetworkShape.Convolution {
  /// Multiplications per image of one direction without the box form.
  fileprivate var forwardMultiplies: Int { outputSize * outputSize * multipliesPerPixel }
  /// Multiplications per image of one direction in the box form.
  fileprivate var boxMultiplies: Int { inputSize * inputSize * multipliesPerPixel }

  private var multipliesPerPixel: Int { kernelSize * kernelSize * inputChannels * outputChannels }
}
