import CKernels

/// Leaky ReLU: x where x is positive, slope · x elsewhere.
///
/// The forward direction is part of the operation before it; here is the gradient.
package struct LeakyReLU {
  private let context: ComputeContext
  private let slope: Float

  /// An operation of the given slope for negative inputs; the slope is more than 0, so that the
  /// sign of an output is that of its input.
  package init(_ context: ComputeContext, slope: Float) {
    precondition(slope > 0, "the gradient is taken from the sign of the output")
    self.context = context
    self.slope = slope
  }

  /// Turns `diff`, the gradient with respect to the output `dst`, into that with respect to the
  /// input, in place.
  package func backward(
    dst: UnsafePointer<Float>, diff: UnsafeMutablePointer<Float>, count: Int
  ) {
    context.kernels.leaky_backward(dst, slope, Int64(count), diff)
  }
}
