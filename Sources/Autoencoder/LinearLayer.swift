import Primitives

/// A linear layer of the network with its tensors.
struct LinearLayer {
  private let linear: Linear
  private let weight: TrainedTensor
  private let bias: TrainedTensor

  /// The layer called `name`; with `leakySlope`, a leaky ReLU follows.
  init(
    _ context: ComputeContext, name: String, batchSize: Int, inputs: Int, outputs: Int,
    leakySlope: Double?, tensors: TensorMemory
  ) {
    linear = Linear(
      context, batch: batchSize, inputs: inputs, outputs: outputs,
      leakySlope: leakySlope.map { Float($0) })
    weight = tensors.trained("\(name).weight")
    bias = tensors.trained("\(name).bias")
  }

  /// Updates the packed weights after a change of the tensors.
  func parametersChanged() {
    linear.updateWeights(from: weight.value)
  }

  /// Computes dst, `[B, outputs]`, from src, `[B, inputs]`.
  func forward(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    linear.forward(src: src, bias: bias.value, dst: dst)
  }

  /// Overwrites the gradients of the tensors and diffSrc, from the gradient with respect to the
  /// output before a leaky ReLU.
  func backward(
    src: UnsafePointer<Float>, diffDst: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>
  ) {
    linear.backwardWeights(
      src: src, diffDst: diffDst, diffWeights: weight.gradient, diffBias: bias.gradient)
    linear.backwardData(diffDst: diffDst, diffSrc: diffSrc)
  }
}
