import Foundation
import Trials

/// A grid of images, row by row, as a preview of a data set.
package enum ContactSheet {
  /// Pixels between images and around them.
  private static let gap = 2
  private static let background: UInt8 = 128
  /// The minimum width of an image; smaller ones are enlarged by a whole factor.
  private static let widthMinimum = 56

  /// The sheet as a PNG file, about as many rows as columns.
  ///
  /// - Parameters:
  ///   - images: At least one; each `height × width × channels` bytes in that order.
  ///   - shape: One or three channels.
  package static func png(_ images: [[UInt8]], shape: ImageShape) -> Data {
    precondition(!images.isEmpty, "a sheet has an image at least")
    let columns = Int(Double(images.count).squareRoot().rounded(.up))
    let rows = (images.count + columns - 1) / columns
    let scale = max(1, widthMinimum / shape.width)
    let (cellWidth, cellHeight) = (shape.width * scale + gap, shape.height * scale + gap)
    var sheet = Raster(
      width: columns * cellWidth + gap, height: rows * cellHeight + gap,
      channels: shape.channels, filledWith: background)
    for (index, image) in images.enumerated() {
      sheet.draw(
        Raster(
          width: shape.width, height: shape.height, channels: shape.channels, bytes: image),
        left: gap + index % columns * cellWidth, top: gap + index / columns * cellHeight,
        scale: scale)
    }
    return sheet.png
  }
}
