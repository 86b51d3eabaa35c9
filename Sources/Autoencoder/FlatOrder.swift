import Primitives

/// The two orders of an image's elements between convolutions and linear layers: NHWC in the
/// convolutions, channel by channel in the linear layers, as PyTorch flattens it.
struct FlatOrder {
  private let batchSize: Int
  private let channels: Int
  private let pixels: Int

  /// The orders of `batchSize` images of `size` × `size` pixels.
  init(batchSize: Int, channels: Int, size: Int) {
    self.batchSize = batchSize
    self.channels = channels
    pixels = size * size
  }

  /// Copies NHWC images to rows of elements channel by channel.
  func flatten(_ images: UnsafePointer<Float>, to rows: UnsafeMutablePointer<Float>) {
    Transpose.copy(images, outer: batchSize, a: pixels, b: channels, to: rows)
  }

  /// Copies rows of elements channel by channel to NHWC images.
  func unflatten(_ rows: UnsafePointer<Float>, to images: UnsafeMutablePointer<Float>) {
    Transpose.copy(rows, outer: batchSize, a: channels, b: pixels, to: images)
  }
}
