import Primitives

/// A batch norm of the network with its tensors.
struct NormLayer {
  private let norm: BatchNorm
  private let scale: TrainedTensor
  private let shift: TrainedTensor
  private let tensors: BatchNorm.Tensors

  /// The batch norm called `name` over `channels` channels of `size` × `size` images.
  init(
    _ context: ComputeContext, name: String, batchSize: Int, size: Int, channels: Int,
    settings: AutoencoderSettings, tensors memory: TensorMemory
  ) {
    norm = BatchNorm(
      context, batch: batchSize, pixels: size * size, channels: channels,
      momentum: settings.batchNormMomentum, epsilon: settings.batchNormEpsilon,
      leakySlope: Float(settings.leakySlope))
    scale = memory.trained("\(name).weight")
    shift = memory.trained("\(name).bias")
    tensors = BatchNorm.Tensors(
      scale: scale.value, shift: shift.value,
      runningMean: memory.statistic("\(name).running_mean"),
      runningVariance: memory.statistic("\(name).running_var"))
  }

  /// Elements of source and destination.
  var count: Int { norm.count }

  /// Computes dst from src, the output of a leaky ReLU; dst may be src.
  func forward(
    _ mode: BatchNorm.Mode, src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) {
    norm.forward(mode, src: src, tensors: tensors, dst: dst)
  }

  /// Turns `diff`, the gradient with respect to the output, in place into that with respect to the
  /// input of the leaky ReLU that gave `src`, and overwrites the gradients of the layer's tensors.
  ///
  /// - Parameter diffBias: Receives the gradient of the bias before the leaky ReLU.
  func backward(
    diff: UnsafeMutablePointer<Float>, src: UnsafePointer<Float>,
    diffBias: UnsafeMutablePointer<Float>?
  ) {
    norm.backward(
      diffDst: diff, src: src, scale: scale.value, diffSrc: diff, diffScale: scale.gradient,
      diffShift: shift.gradient, diffBias: diffBias)
  }
}
