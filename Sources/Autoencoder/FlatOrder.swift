import Primitives

/// Converts images between convolutions (NHWC) and linear layers (channel by channel, PyTorch's
/// flatten order).
struct FlatOrder {
  private let transpose: Transpose
  private let channels: Int
  private let pixels: Int

  /// The conversion of `batchSize` images of `size` × `size` pixels.
  init(_ context: ComputeContext, batchSize: Int, channels: Int, size: Int) {
    transpose = Transpose(context, batch: batchSize)
    self.channels = channels
    pixels = size * size
  }

  /// Copies NHWC images to rows, channel by channel.
  func flatten(_ images: UnsafePointer<Float>, to rows: UnsafeMutablePointer<Float>) {
    transpose.copyImages(images, channels: channels, pixels: pixels, to: rows)
  }

  /// Copies rows, channel by channel, to NHWC images.
  func unflatten(_ rows: UnsafePointer<Float>, to images: UnsafeMutablePointer<Float>) {
    transpose.copyRows(rows, channels: channels, pixels: pixels, to: images)
  }
}
