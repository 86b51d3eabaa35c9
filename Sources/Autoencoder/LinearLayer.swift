import Primitives

/// A linear layer of the network with its tensors, on one side of which there may be an image.
///
/// The tensors count an image's elements channel by channel, as PyTorch flattens it; the
/// activations are NHWC. The layer therefore computes with weights whose rows or columns are
/// permuted, and permutes their gradient back.
final class LinearLayer {
  /// Which side of the layer is an image in memory.
  enum ImageSide {
    case none
    case input(channels: Int, pixels: Int)
    case output(channels: Int, pixels: Int)
  }

  private let linear: Linear
  private let weight: TrainedTensor
  private let bias: TrainedTensor
  private let side: ImageSide
  /// Weights in the order of the activations; between two updates, memory for their gradient.
  private let permutedWeight: AlignedBuffer<Float>
  /// Bias in the order of the activations.
  private let permutedBias: AlignedBuffer<Float>
  private let permutedBiasGradient: AlignedBuffer<Float>

  /// The layer called `name`; `leakySlope` lets a leaky ReLU follow.
  init(
    _ context: ComputeContext, name: String, batchSize: Int, inputs: Int, outputs: Int,
    leakySlope: Double?, side: ImageSide = .none, tensors: TensorMemory
  ) throws(PrimitiveError) {
    linear = try Linear(
      context, batch: batchSize, inputs: inputs, outputs: outputs,
      leakySlope: leakySlope.map { Float($0) })
    weight = tensors.trained("\(name).weight")
    bias = tensors.trained("\(name).bias")
    self.side = side
    var weights = 0
    var biases = 0
    switch side {
    case .none: break
    case .input: weights = inputs * outputs
    case .output:
      weights = inputs * outputs
      biases = outputs
    }
    permutedWeight = AlignedBuffer(count: weights)
    permutedBias = AlignedBuffer(count: biases)
    permutedBiasGradient = AlignedBuffer(count: biases)
  }

  /// Takes over new values of the tensors.
  func parametersChanged() {
    switch side {
    case .none:
      linear.updateWeights(from: weight.value)
    case .input(let channels, let pixels):
      Transpose.copy(
        weight.value, outer: linear.outputs, a: channels, b: pixels, to: permutedWeight.start)
      linear.updateWeights(from: permutedWeight.start)
    case .output(let channels, let pixels):
      Transpose.copy(
        weight.value, a: channels, b: pixels, inner: linear.inputs, to: permutedWeight.start)
      Transpose.copy(bias.value, a: channels, b: pixels, to: permutedBias.start)
      linear.updateWeights(from: permutedWeight.start)
    }
  }

  /// Computes dst, `[B, outputs]`, from src, `[B, inputs]`; an image is NHWC.
  func forward(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    if case .output = side {
      linear.forward(src: src, bias: permutedBias.start, dst: dst)
    } else {
      linear.forward(src: src, bias: bias.value, dst: dst)
    }
  }

  /// Overwrites the gradients of the tensors and diffSrc, from the gradient with respect to the
  /// output before a leaky ReLU.
  func backward(
    src: UnsafePointer<Float>, diffDst: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>
  ) {
    switch side {
    case .none:
      linear.backwardWeights(
        src: src, diffDst: diffDst, diffWeights: weight.gradient, diffBias: bias.gradient)
    case .input(let channels, let pixels):
      linear.backwardWeights(
        src: src, diffDst: diffDst, diffWeights: permutedWeight.start, diffBias: bias.gradient)
      Transpose.copy(
        permutedWeight.start, outer: linear.outputs, a: pixels, b: channels, to: weight.gradient)
    case .output(let channels, let pixels):
      linear.backwardWeights(
        src: src, diffDst: diffDst, diffWeights: permutedWeight.start,
        diffBias: permutedBiasGradient.start)
      Transpose.copy(
        permutedWeight.start, a: pixels, b: channels, inner: linear.inputs, to: weight.gradient)
      Transpose.copy(permutedBiasGradient.start, a: pixels, b: channels, to: bias.gradient)
    }
    linear.backwardData(diffDst: diffDst, diffSrc: diffSrc)
  }
}
