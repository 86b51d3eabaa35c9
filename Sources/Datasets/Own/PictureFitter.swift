import Trials

/// Converts pictures of any size to the shape of a user's set.
///
/// First, RGB is converted to grey as (299 R + 587 G + 114 B) / 1000, rounded to nearest, or grey
/// to RGB with three equal channels. Then the central square is cropped (an odd margin is smaller
/// above and to the left) and scaled by ``ImageScaler``.
struct PictureFitter {
  private let shape: ImageShape
  private var scalers: [Int: ImageScaler] = [:]

  /// A fitter for square images of 1 or 3 channels.
  init(_ shape: ImageShape) {
    precondition(shape.height == shape.width, "images of \(shape) are not square")
    self.shape = shape
  }

  /// The converted picture.
  ///
  /// - Parameter pixels: `height × width × channels` values in that order; 1 or 3 channels.
  mutating func fitted(_ pixels: [UInt8], height: Int, width: Int, channels: Int) -> [UInt8] {
    let isGreyed = channels == 3 && shape.channels == 1
    let values = isGreyed ? Self.grey(pixels) : pixels
    let kept = isGreyed ? 1 : channels
    let side = min(height, width)
    let cut = Self.cut(values, height: height, width: width, channels: kept, side: side)
    let scaler = scalers[side] ?? ImageScaler(from: side, to: shape.width)
    scalers[side] = scaler
    let scaled = scaler.scaled(cut, channels: kept)
    guard kept < shape.channels else { return scaled }
    return scaled.flatMap { [UInt8](repeating: $0, count: shape.channels) }
  }

  private static func grey(_ pixels: [UInt8]) -> [UInt8] {
    stride(from: 0, to: pixels.count, by: 3).map { place in
      let sum =
        299 * Int(pixels[place]) + 587 * Int(pixels[place + 1]) + 114 * Int(pixels[place + 2])
      return UInt8((sum + 500) / 1000)
    }
  }

  private static func cut(
    _ pixels: [UInt8], height: Int, width: Int, channels: Int, side: Int
  ) -> [UInt8] {
    if height == width { return pixels }
    let (top, left) = ((height - side) / 2, (width - side) / 2)
    var square: [UInt8] = []
    square.reserveCapacity(side * side * channels)
    for row in top..<top + side {
      let start = (row * width + left) * channels
      square.append(contentsOf: pixels[start..<start + side * channels])
    }
    return square
  }
}
