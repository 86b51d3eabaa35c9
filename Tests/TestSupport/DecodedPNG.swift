import CPNG
import Foundation

/// The pixels of a PNG file of 8 bits a channel, as libpng reads them.
package struct DecodedPNG: Equatable {
  /// In pixels.
  package let width, height: Int
  /// 1 for grey, 3 for red, green and blue.
  package let channels: Int
  /// Row by row, the channels of a pixel side by side.
  package let bytes: [UInt8]

  /// Decodes a file; nil when libpng cannot, or when it has another kind of pixels.
  ///
  /// C functions: `png_image_begin_read_from_memory`, `png_image_finish_read`.
  package init?(_ file: Data) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    let compressed = [UInt8](file)
    guard png_image_begin_read_from_memory(&image, compressed, compressed.count) != 0 else {
      return nil
    }
    switch image.format {
    case 0: channels = 1
    case png_uint_32(PNG_FORMAT_FLAG_COLOR): channels = 3
    default:
      png_image_free(&image)
      return nil
    }
    (width, height) = (Int(image.width), Int(image.height))
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    guard png_image_finish_read(&image, nil, &pixels, 0, nil) != 0 else { return nil }
    bytes = pixels
  }

  /// The channels of the pixel in a column and a row.
  package subscript(column: Int, row: Int) -> [UInt8] {
    let start = (row * width + column) * channels
    return Array(bytes[start..<start + channels])
  }
}
