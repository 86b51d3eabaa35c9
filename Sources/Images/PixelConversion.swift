/// Converts stored pixels to floats, one image at a time.
enum PixelConversion {
  /// Writes v/255, rounded to nearest, for each of `count` bytes.
  @inline(__always)
  static func copyBytes(
    _ source: UnsafeRawBufferPointer, count: Int, into destination: UnsafeMutablePointer<Float>
  ) {
    precondition(source.count == count, "an image of bytes has one for each value")
    guard let pixels = source.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    for element in 0..<count {
      destination[element] = Float(pixels[element]) / 255
    }
  }

  /// Writes 0 or 1 for each of `count` bits, highest bit of the first byte first.
  @inline(__always)
  static func copyBits(
    _ source: UnsafeRawBufferPointer, count: Int, into destination: UnsafeMutablePointer<Float>
  ) {
    precondition(source.count == (count + 7) / 8, "an image of bits fills whole bytes")
    let octets = UnsafeMutableRawPointer(destination)
    expansions.withUnsafeBufferPointer { expansions in
      for index in 0..<count / 8 {
        octets.storeBytes(
          of: expansions[Int(source[index])], toByteOffset: index * 8 * MemoryLayout<Float>.stride,
          as: SIMD8<Float>.self)
      }
      for element in count & ~7..<count {
        destination[element] = expansions[Int(source[element >> 3])][element & 7]
      }
    }
  }

  /// The eight floats of every byte of bits: 8 KiB, which fit the L1 cache.
  private static let expansions: [SIMD8<Float>] = (0..<256).map { byte in
    var floats = SIMD8<Float>()
    for bit in 0..<8 {
      floats[bit] = Float(byte >> (7 - bit) & 1)
    }
    return floats
  }
}
