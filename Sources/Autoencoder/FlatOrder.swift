import Primitives

/// The two orders of an image's elements between convolutions and linear layers: NHWC in the
/// convolutions, channel by channel in the linear layers, as PyTorch flattens it.
struct FlatOrder {
  private let transpose: Transpose
  private let channels: Int
  private let pixels: Int

  /// The orders of `batchSize` images of `size` × `size` pixels.
  init(_ context: ComputeContext, batchSize: Int, channels: Int, size: Int) {
    transpose = Transpose(context, batch: batchSize)
    self.channels = channels
    pixels = size * size
  }

  /// Copies NHWC images to rows of elements channel by channel.
  func flatten(_ images: UnsafePointer<Float>, to rows: UnsafeMutablePointer<Float>) {
    transpose.copyImages(images, channels: channels, pixels: pixels, to: rows)
  }

  /// Copies rows of elements channel by channel to NHWC images.
  func unflatten(_ rows: UnsafePointer<Float>, to images: UnsafeMutablePointer<Float>) {
    transpose.copyRows(rows, channels: channels, pixels: pixels, to: images)
  }
}
