/// The extents of one image.
package struct ImageShape: Codable, Hashable, Sendable {
  /// Colour channels: 1 or 3.
  package var channels: Int
  /// Rows.
  package var height: Int
  /// Columns.
  package var width: Int

  /// An image of `channels`×`height`×`width` values.
  package init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// The number of values in one image.
  package var elementCount: Int { channels * height * width }
}

extension ImageShape: CustomStringConvertible {
  package var description: String { "\(height)×\(width)×\(channels)" }
}
