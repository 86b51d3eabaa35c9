import CKernels

/// The end of the decoder in one pass: the sigmoid, the squared error of each image, and its
/// gradient.
package struct SigmoidSquaredError {
  private let context: ComputeContext
  private let batch: Int
  private let count: Int

  /// An operation on `batch` images of `count` elements.
  package init(_ context: ComputeContext, batch: Int, count: Int) {
    self.context = context
    self.batch = batch
    self.count = count
  }

  /// Computes the reconstruction x̂ = sigmoid(src), the squared errors and their gradient.
  ///
  /// - Parameters:
  ///   - src: `[batch, count]`.
  ///   - target: x, `[batch, count]`.
  ///   - reconstruction: x̂; overwritten if given.
  ///   - diffSrc: Gradient of the sum of all squared errors with respect to src; overwritten if
  ///     given; may be src.
  ///   - squaredErrors: Σ (x̂ − x)² of each image, `[batch]`; overwritten, with the same bits whether
  ///     the optional results are given or not.
  package func forward(
    src: UnsafePointer<Float>, target: UnsafePointer<Float>,
    reconstruction: UnsafeMutablePointer<Float>?, diffSrc: UnsafeMutablePointer<Float>?,
    squaredErrors: UnsafeMutablePointer<Double>
  ) {
    context.team.share(0..<batch) { images, _ in
      let start = images.lowerBound * count
      context.kernels.sigmoid_error(
        src + start, target + start, Int64(images.count), Int64(count),
        reconstruction.map { $0 + start }, diffSrc.map { $0 + start },
        squaredErrors + images.lowerBound)
    }
  }
}
