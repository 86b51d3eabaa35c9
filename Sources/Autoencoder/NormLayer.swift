import Primitives

/// A batch norm of the network with its tensors and its source.
struct NormLayer {
  /// The operation.
  let norm: BatchNorm
  /// The batch norm's source in the latest training pass: the output of a leaky ReLU.
  let activation: ActivationMemory.Part

  private let memory: ActivationMemory
  private let scale: TrainedTensor
  private let shift: TrainedTensor

  /// The batch norm called `name` over `channels` channels of `size` × `size` images.
  init(
    _ context: ComputeContext, name: String, batchSize: Int, size: Int, channels: Int,
    settings: AutoencoderSettings, tensors: TensorMemory, memory: ActivationMemory
  ) {
    scale = tensors.trained("\(name).weight")
    shift = tensors.trained("\(name).bias")
    norm = BatchNorm(
      context, batch: batchSize, pixels: size * size, channels: channels,
      momentum: settings.batchNormMomentum, epsilon: settings.batchNormEpsilon,
      leakySlope: Float(settings.leakySlope),
      tensors: BatchNorm.Tensors(
        scale: scale.value, shift: shift.value,
        runningMean: tensors.statistic("\(name).running_mean"),
        runningVariance: tensors.statistic("\(name).running_var")))
    activation = memory.reserve(context.storedCount(norm.count))
    self.memory = memory
  }

  /// The source, normalised as in the latest training pass.
  var keptImages: NormalizedImages {
    NormalizedImages(memory[activation], norm.keptCoefficients)
  }

  /// The batch norm with its source, for the backward pass.
  var source: NormSource { NormSource(norm, src: memory[activation]) }

  /// Overwrites the gradients of the tensors; call it after the sums of the gradient are taken.
  func updateGradients() {
    norm.updateGradients(diffScale: scale.gradient, diffShift: shift.gradient)
  }
}
