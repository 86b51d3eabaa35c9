/// Images that an operation reads, normalised on the way if they come from a leaky ReLU with a
/// batch norm behind it.
package struct NormalizedImages {
  /// NHWC, not normalised.
  package var images: UnsafePointer<Float>
  /// Applied to every element that is read.
  package var coefficients: BatchNorm.Coefficients?

  /// The given images, normalised if there are coefficients.
  package init(_ images: UnsafePointer<Float>, _ coefficients: BatchNorm.Coefficients? = nil) {
    self.images = images
    self.coefficients = coefficients
  }
}
