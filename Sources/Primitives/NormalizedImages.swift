/// The source images of an operation.
///
/// With coefficients, the operation normalises them while it reads them.
package struct NormalizedImages {
  /// NHWC, not normalised.
  package var images: UnsafePointer<Float>
  /// The normalisation of every element; nil for images without a batch norm.
  package var coefficients: BatchNorm.Coefficients?

  /// Images, to be normalised with the coefficients if there are any.
  package init(_ images: UnsafePointer<Float>, _ coefficients: BatchNorm.Coefficients? = nil) {
    self.images = images
    self.coefficients = coefficients
  }
}
