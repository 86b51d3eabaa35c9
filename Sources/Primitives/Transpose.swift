import CKernels

/// The way between images and rows of a matrix whose elements are in the order channel, pixel.
package struct Transpose {
  private let context: ComputeContext
  private let batch: Int

  /// An operation on `batch` images.
  package init(_ context: ComputeContext, batch: Int) {
    self.context = context
    self.batch = batch
  }

  /// Copies fp32 rows, `[batch, channels, pixels]`, to an activation, `[batch, pixels, channels]`;
  /// the two must not overlap.
  package func copyRows(
    _ rows: UnsafePointer<Float>, channels: Int, pixels: Int,
    to images: UnsafeMutablePointer<Float>
  ) {
    context.kernels.images_from_rows(
      rows, Int64(batch), Int64(pixels), Int64(channels), images)
  }

  /// Copies an activation, `[batch, pixels, channels]`, to fp32 rows, `[batch, channels, pixels]`;
  /// the two must not overlap.
  package func copyImages(
    _ images: UnsafePointer<Float>, channels: Int, pixels: Int,
    to rows: UnsafeMutablePointer<Float>
  ) {
    context.kernels.rows_from_images(
      images, Int64(batch), Int64(pixels), Int64(channels), rows)
  }
}
