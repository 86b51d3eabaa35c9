import CKernels

/// Leaky ReLU: x where x is positive, slope · x elsewhere.
///
/// The operation before computes the forward direction; this is the gradient.
package struct LeakyReLU {
  private let context: ComputeContext
  private let slope: Float

  /// An operation of the given slope for negative inputs.
  ///
  /// The slope is positive, so that an output has the sign of its input.
  package init(_ context: ComputeContext, slope: Float) {
    precondition(slope > 0, "the gradient is taken from the sign of the output")
    self.context = context
    self.slope = slope
  }

  /// Turns `diff`, the gradient with respect to the output `dst`, in place into the gradient with
  /// respect to the input.
  package func backward(
    dst: UnsafePointer<Float>, diff: UnsafeMutablePointer<Float>, count: Int
  ) {
    context.kernels.leaky_backward(dst, slope, Int64(count), diff)
  }
}
