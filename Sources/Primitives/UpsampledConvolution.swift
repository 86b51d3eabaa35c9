import CKernels

/// Nearest ×2 upsampling followed by a 3×3 convolution with padding 1, or a 2×2 one without, in
/// the box form: no upsampled image ever exists.
///
/// With upsampled rows 2i and 2i + 1 equal, the layer is a transposed convolution of stride 2
/// without padding whose kernel is the layer's, turned by 180 degrees, followed by a sum over each
/// 2×2 square. It takes 9 (4) multiplications per source pixel and channel pair in place of 36
/// (16). The transposed convolution is computed as the data gradient of a strided one and never
/// has a bias; bias and what follows belong to the box sum.
///
/// H is the source's size; the transposed image has 2H + 1 rows (2H for 2×2) and the destination
/// one less. The weights in use are a packed copy: call ``updateWeights(from:)`` after every
/// change.
package final class UpsampledConvolution {
  /// Images.
  package let batch: Int
  /// Channels of the source.
  package let inputChannels: Int
  /// Channels of the destination.
  package let outputChannels: Int
  /// H, rows and columns of the source, before upsampling.
  package let inputSize: Int
  /// Rows and columns of the kernel, 3 or 2.
  package let kernelSize: Int

  private let context: ComputeContext
  /// From the transposed image to the source: the layer's own direction is its data gradient.
  private let transposed: Convolution
  private let turned: AlignedBuffer<Float>

  /// Creates the operation; `kernelSize` is 3 (padding 1) or 2 (padding 0).
  package init(
    _ context: ComputeContext, batch: Int, inputChannels: Int, outputChannels: Int,
    inputSize: Int, kernelSize: Int
  ) throws(PrimitiveError) {
    precondition(kernelSize == 3 || kernelSize == 2, "the box form is for 3×3 and 2×2 kernels")
    self.context = context
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputSize = inputSize
    self.kernelSize = kernelSize
    let geometry = ConvolutionGeometry(
      batch: batch, inputChannels: outputChannels, outputChannels: inputChannels,
      inputSize: 2 * inputSize - 2 + kernelSize, kernelSize: kernelSize, stride: 2, padding: 0)
    transposed = Convolution(context, geometry, leakySlope: nil)
    turned = AlignedBuffer(count: geometry.weightCount)
  }

  /// Rows and columns of the transposed image.
  package var transposedSize: Int { transposed.geometry.inputSize }
  /// Rows and columns of the destination.
  package var outputSize: Int { transposedSize - 1 }
  /// Elements of the transposed image, `[batch, transposedSize, transposedSize, outputChannels]`.
  package var transposedCount: Int { transposed.geometry.inputCount }
  /// Elements of the source, `[batch, H, H, inputChannels]`.
  package var inputCount: Int { transposed.geometry.outputCount }
  /// Elements of the destination, `[batch, outputSize, outputSize, outputChannels]`.
  package var outputCount: Int { batch * outputSize * outputSize * outputChannels }

  /// Copies new weights, `[outputChannels, inputChannels, kernelSize, kernelSize]`.
  package func updateWeights(from weights: UnsafePointer<Float>) {
    ck_turn_weights(
      weights, Int64(outputChannels), Int64(inputChannels), Int64(kernelSize), turned.start)
    transposed.updateWeights(from: turned.start)
  }

  /// Computes the layer up to its box sum, which ``boxLeaky(transposed:bias:slope:dst:)`` or
  /// ``SigmoidSquaredError`` takes over.
  ///
  /// - Parameter transposed: Overwritten.
  package func forward(
    src: UnsafePointer<Float>, transposed destination: UnsafeMutablePointer<Float>
  ) {
    transposed.backwardData(diffDst: src, diffSrc: destination)
  }

  /// Computes dst, the leaky ReLU of bias plus the 2×2 sums of the transposed image.
  package func boxLeaky(
    transposed source: UnsafePointer<Float>, bias: UnsafePointer<Float>, slope: Float,
    dst: UnsafeMutablePointer<Float>
  ) {
    context.kernels.box_leaky(
      source, bias, slope, Int64(batch), Int64(outputSize), Int64(outputChannels), dst)
  }

  /// Computes the gradient with respect to the transposed image, `scale` times the 2×2 sums of
  /// the zero-extended gradient with respect to the layer's output before its leaky ReLU.
  ///
  /// - Parameter diffTransposed: Overwritten.
  package func boxBackward(
    diffDst: UnsafePointer<Float>, scale: Float = 1, diffTransposed: UnsafeMutablePointer<Float>
  ) {
    context.kernels.box_backward(
      diffDst, scale, Int64(batch), Int64(outputSize), Int64(outputChannels), diffTransposed)
  }

  /// Computes the gradient with respect to the source.
  ///
  /// - Parameter diffSrc: Overwritten.
  package func backwardData(
    diffTransposed: UnsafePointer<Float>, diffSrc: UnsafeMutablePointer<Float>
  ) {
    transposed.forward(src: diffTransposed, bias: nil, dst: diffSrc)
  }

  /// Computes the gradient with respect to the weights.
  ///
  /// - Parameter diffWeights: In the weights' own order; overwritten, not accumulated.
  package func backwardWeights(
    src: UnsafePointer<Float>, diffTransposed: UnsafePointer<Float>,
    diffWeights: UnsafeMutablePointer<Float>
  ) {
    // Between two updates of the weights, their turned copy serves as memory for the gradient.
    transposed.backwardWeights(src: diffTransposed, diffDst: src, diffWeights: turned.start)
    ck_turn_weights(
      turned.start, Int64(inputChannels), Int64(outputChannels), Int64(kernelSize), diffWeights)
  }
}
