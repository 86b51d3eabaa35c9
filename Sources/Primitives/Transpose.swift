import CKernels

/// Converts between images and matrix rows whose elements are in the order channel, pixel.
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
    forParts(pixels * channels) { stored, start, count in
      context.kernels.images_from_rows(
        rows + start, count, Int64(pixels), Int64(channels), images + stored)
    }
  }

  /// Copies an activation, `[batch, pixels, channels]`, to fp32 rows, `[batch, channels, pixels]`;
  /// the two must not overlap.
  package func copyImages(
    _ images: UnsafePointer<Float>, channels: Int, pixels: Int,
    to rows: UnsafeMutablePointer<Float>
  ) {
    forParts(pixels * channels) { stored, start, count in
      context.kernels.rows_from_images(
        images + stored, count, Int64(pixels), Int64(channels), rows + start)
    }
  }

  /// Calls `work` for the images of each thread: with the first one's offset in an activation, its
  /// offset in the rows, and the number of images.
  private func forParts(_ imageCount: Int, _ work: (Int, Int, Int64) -> Void) {
    // In bf16 only an even image is sure to begin at a whole float.
    context.team.share(0..<batch, unit: 2) { images, _ in
      let start = images.lowerBound * imageCount
      work(context.storedCount(start), start, Int64(images.count))
    }
  }
}
