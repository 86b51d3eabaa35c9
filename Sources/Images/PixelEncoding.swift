import Trials

/// How an archive stores the values of its pixels.
package enum PixelEncoding: UInt32, Sendable {
  /// One byte for each value: 0…255, standing for 0…1 in steps of 1/255.
  case byte = 0
  /// One bit for each value, the first value in the highest bit of the first byte; an image fills
  /// whole bytes, the bits left over being 0.
  case bit = 1

  /// How many bytes an image of this shape takes.
  package func storedByteCount(of shape: ImageShape) -> Int {
    switch self {
    case .byte: shape.elementCount
    case .bit: (shape.elementCount + 7) / 8
    }
  }
}
