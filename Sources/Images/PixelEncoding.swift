import Trials

/// How an archive stores the values of its pixels.
package enum PixelEncoding: UInt32, Sendable {
  /// One byte per value: 0…255, which means 0…1 in steps of 1/255.
  case byte = 0
  /// One bit per value, the first value in the highest bit of the first byte. An image is padded
  /// with zero bits to whole bytes.
  case bit = 1

  /// The bytes of an image of this shape.
  package func storedByteCount(of shape: ImageShape) -> Int {
    switch self {
    case .byte: shape.elementCount
    case .bit: (shape.elementCount + 7) / 8
    }
  }
}
