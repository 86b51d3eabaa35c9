import CKernels

/// A 2-D convolution on NHWC images, forward and both gradients, alone or followed by bias and
/// leaky ReLU, with a batch norm of its source on the way.
///
/// Our own kernels compute it image by image, so that the normalised image stays in cache. The
/// weights in use are a packed copy: call ``updateWeights(from:)`` after every change.
package final class Convolution {
  /// The extents.
  package let geometry: ConvolutionGeometry

  private let context: ComputeContext
  private let leakySlope: Float?
  private var shape: ck_convolution
  private let forwardWeights: AlignedBuffer<Float>
  private let dataWeights: AlignedBuffer<Float>?
  private let weightsGradient: AlignedBuffer<Float>

  /// Creates the operation.
  ///
  /// - Parameters:
  ///   - geometry: Images of at most 66 rows; for a data gradient, stride 2 and at most 4 kernel
  ///     rows.
  ///   - leakySlope: Gives the forward direction a bias and a leaky ReLU of this slope; nil gives
  ///     it neither. The gradients are those of the convolution alone.
  ///   - hasDataGradient: False for a layer whose source needs no gradient.
  package init(
    _ context: ComputeContext, _ geometry: ConvolutionGeometry, leakySlope: Float?,
    hasDataGradient: Bool = true
  ) {
    precondition(
      geometry.inputSize + 2 * geometry.padding <= ck_size_max && geometry.stride == 2
        && geometry.kernelSize <= 4,
      "the kernels are for images of at most \(ck_size_max) rows, stride 2, kernels up to 4×4")
    self.context = context
    self.geometry = geometry
    self.leakySlope = leakySlope
    let g = geometry
    shape = ck_convolution(
      images: Int64(g.batch), in_channels: Int64(g.inputChannels),
      out_channels: Int64(g.outputChannels), in_size: Int64(g.inputSize),
      out_size: Int64(g.outputSize), kernel: Int64(g.kernelSize), stride: Int64(g.stride),
      padding: Int64(g.padding))
    let panel = 2 * Int(context.kernels.lanes)
    func packedCount(rounding channels: Int, _ others: Int) -> Int {
      (channels + panel - 1) / panel * panel * others * g.kernelSize * g.kernelSize
    }
    let count = packedCount(rounding: g.outputChannels, g.inputChannels)
    forwardWeights = AlignedBuffer(count: count)
    weightsGradient = AlignedBuffer(count: count)
    dataWeights =
      hasDataGradient
      ? AlignedBuffer(count: packedCount(rounding: g.inputChannels, g.outputChannels)) : nil
    let padded = g.inputSize + 2 * g.padding
    let border = g.outputSize + 2
    context.reserveScratchpad(
      byteCount: MemoryLayout<Float>.stride
        * max(padded * padded * g.inputChannels, border * border * g.outputChannels))
  }

  /// Copies new weights, `[outputChannels, inputChannels, kernelSize, kernelSize]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    context.kernels.pack_forward(&shape, weights, forwardWeights.start)
    if let dataWeights { context.kernels.pack_backward(&shape, weights, dataWeights.start) }
  }

  /// Computes dst from src.
  ///
  /// - Parameters:
  ///   - bias: `[outputChannels]`; nil exactly if the operation was created without leaky ReLU.
  ///   - dst: Overwritten.
  package func forward(
    src: UnsafePointer<Float>, bias: UnsafePointer<Float>?, dst: UnsafeMutablePointer<Float>
  ) {
    context.kernels.convolution_forward(
      &shape, src, nil, forwardWeights.start, bias, leakySlope ?? 1, dst, context.floatScratch)
  }

  /// Computes the gradient with respect to the source.
  ///
  /// - Parameters:
  ///   - diffDst: Gradient of the loss with respect to the convolution's output, before bias and
  ///     leaky ReLU.
  ///   - diffSrc: Overwritten.
  package func backwardData(diffDst: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>) {
    guard let dataWeights else {
      preconditionFailure("the convolution was created with a data gradient")
    }
    context.kernels.convolution_backward_data(
      &shape, diffDst, nil, dataWeights.start, diffSrc, context.floatScratch)
  }

  /// Computes the gradient with respect to the weights.
  ///
  /// - Parameter diffWeights: In the weights' own order; overwritten, not accumulated.
  package func backwardWeights(
    src: UnsafePointer<Float>, diffDst: UnsafePointer<Float>,
    diffWeights: UnsafeMutablePointer<Float>
  ) {
    context.kernels.convolution_backward_weights(
      &shape, src, nil, diffDst, weightsGradient.start, context.floatScratch)
    context.kernels.unpack_gradient(&shape, weightsGradient.start, diffWeights)
  }
}
