import CPNG
import Foundation

/// An image of bytes: grey or RGB, rows top to bottom, channels interleaved.
struct Raster: Hashable {
  /// Columns.
  let width: Int
  /// Rows.
  let height: Int
  /// 1 for grey, 3 for RGB.
  let channels: Int
  /// `height` × `width` × `channels` values.
  private(set) var bytes: [UInt8]

  /// An image of the given bytes.
  init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
    precondition(bytes.count == width * height * channels, "an image has a byte for every value")
    self.width = width
    self.height = height
    self.channels = channels
    self.bytes = bytes
  }

  /// An image of one value.
  init(width: Int, height: Int, channels: Int, filledWith value: UInt8) {
    self.init(
      width: width, height: height, channels: channels,
      bytes: Array(repeating: value, count: width * height * channels))
  }

  /// Copies an image of the same channels into this one, each pixel as a square.
  ///
  /// - Parameters:
  ///   - left, top: The position of the image's upper left corner; the image must fit.
  ///   - scale: The side of the squares.
  mutating func draw(_ image: Raster, left: Int, top: Int, scale: Int) {
    precondition(image.channels == channels, "images of one kind are drawn into each other")
    for row in 0..<image.height * scale {
      for column in 0..<image.width * scale {
        let source = ((row / scale) * image.width + column / scale) * channels
        let target = ((top + row) * width + left + column) * channels
        for channel in 0..<channels { bytes[target + channel] = image.bytes[source + channel] }
      }
    }
  }

  /// The image as a PNG file; the bytes depend only on the image and libpng's version.
  ///
  /// C function: `png_image_write_to_memory`, called first for the size, then to write.
  var png: Data {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(width)
    image.height = png_uint_32(height)
    image.format = channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
    let stride = png_int_32(width * channels)
    var count = png_alloc_size_t(0)
    let sized = png_image_write_to_memory(&image, nil, &count, 0, bytes, stride, nil)
    precondition(sized != 0, "libpng takes an 8-bit image of valid extents")
    var file = [UInt8](repeating: 0, count: Int(count))
    let written = png_image_write_to_memory(&image, &file, &count, 0, bytes, stride, nil)
    precondition(written != 0, "libpng writes as many bytes as it announced")
    return Data(file.prefix(Int(count)))
  }
}
