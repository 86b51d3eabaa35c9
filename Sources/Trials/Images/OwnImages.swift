/// A user's own set of images: its name and the shape that they were prepared in.
///
/// Without its archive nothing else is known about the set, so every trial's configuration contains
/// the shape: `my-cells@64x64x3`.
package struct OwnImages: Hashable, Sendable {
  /// The name in sweep files and archives.
  package let name: String
  /// Channels, height and width of every image.
  package let shape: ImageShape

  /// The supported shapes, with their texts for `--as`.
  package static let shapes: [(text: String, shape: ImageShape)] = [
    ("28x28x1", ImageShape(channels: 1, height: 28, width: 28)),
    ("64x64x1", ImageShape(channels: 1, height: 64, width: 64)),
    ("64x64x3", ImageShape(channels: 3, height: 64, width: 64)),
  ]

  /// The allowed names, in words.
  package static let nameExpectation =
    "1 to 40 lower-case letters, digits and hyphens, a letter first"

  /// A set with one of ``shapes``; nil if the name is invalid (``nameExpectation``) or that of a
  /// built-in set.
  package init?(name: String, shape: ImageShape) {
    guard Self.isName(name), Dataset(rawValue: name) == nil,
      Self.shapes.contains(where: { $0.shape == shape })
    else { return nil }
    self.name = name
    self.shape = shape
  }

  /// Parses the text in configurations: `my-cells@64x64x3`.
  init?(text: String) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, let shape = Self.shape(String(parts[1])) else { return nil }
    self.init(name: String(parts[0]), shape: shape)
  }

  /// The shape of a text as in ``shapes``; nil for any other.
  package static func shape(_ text: String) -> ImageShape? {
    shapes.first { $0.text == text }?.shape
  }

  /// The text in configurations.
  var text: String { "\(name)@\(shapeText)" }

  /// The shape as in ``shapes``.
  package var shapeText: String { "\(shape.height)x\(shape.width)x\(shape.channels)" }

  /// Whether a text is a valid name.
  package static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    guard let first = bytes.first, bytes.count <= 40 else { return false }
    return isLetter(first)
      && bytes.allSatisfy {
        isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || $0 == UInt8(ascii: "-")
      }
  }
}
