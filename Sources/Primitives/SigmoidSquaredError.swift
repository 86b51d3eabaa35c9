import CKernels

/// The end of the decoder in one pass: the last layer's bias and box sum, the sigmoid, the squared
/// error of every image and its gradient.
package struct SigmoidSquaredError {
  private let context: ComputeContext
  private let batch: Int
  private let size: Int
  private let channels: Int

  /// An operation on `batch` images of `size` rows and columns.
  package init(_ context: ComputeContext, batch: Int, size: Int, channels: Int) {
    precondition(channels <= ck_channels_max, "the kernels take up to \(ck_channels_max) channels")
    self.context = context
    self.batch = batch
    self.size = size
    self.channels = channels
  }

  /// Computes the reconstruction x̂ = sigmoid(bias + 2×2 sums of the transposed image), the squared
  /// errors and their gradient.
  ///
  /// - Parameters:
  ///   - transposed: `[batch, size + 1, size + 1, channels]`, of ``UpsampledConvolution``.
  ///   - bias: `[channels]`.
  ///   - target: x, `[batch, size, size, channels]`.
  ///   - reconstruction: x̂, overwritten if given.
  ///   - diffSrc: Gradient of the sum of all squared errors with respect to the sigmoid's input,
  ///     overwritten if given.
  ///   - squaredErrors: Σ (x̂ − x)² of each image, `[batch]`; overwritten. Neither of the optional
  ///     results changes a bit of it.
  package func forward(
    transposed: UnsafePointer<Float>, bias: UnsafePointer<Float>, target: UnsafePointer<Float>,
    reconstruction: UnsafeMutablePointer<Float>?, diffSrc: UnsafeMutablePointer<Float>?,
    squaredErrors: UnsafeMutablePointer<Double>
  ) {
    context.kernels.box_sigmoid_error(
      transposed, bias, target, Int64(batch), Int64(size), Int64(channels), reconstruction,
      diffSrc, squaredErrors)
  }

  /// Computes the gradient with respect to the bias: `scale` times the per-channel sums of
  /// `diffSrc`; diffBias is overwritten.
  package func biasGradient(
    diffSrc: UnsafePointer<Float>, scale: Float, diffBias: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: channels) { sums in
      guard let start = sums.baseAddress else { return }
      context.kernels.channel_sums(
        diffSrc, Int64(batch), Int64(size * size), Int64(channels), start)
      for channel in 0..<channels { diffBias[channel] = Float(Double(scale) * sums[channel]) }
    }
  }
}
