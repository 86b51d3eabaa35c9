/// The counter-based generator Philox4x32-10: a keyed bijection from a 128-bit counter to 128
/// random bits, without state.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011;
/// the constants and word order are those of the authors' Random123 library (`philox4x32_R(10)`).
package struct Philox: Hashable, Sendable {
  /// Four 32-bit words, a counter or its bits; `.0` is the first word.
  package typealias Words = (UInt32, UInt32, UInt32, UInt32)

  private let key: (low: UInt32, high: UInt32)

  /// A generator with a 64-bit key; its low 32 bits are the first key word.
  package init(key: UInt64) {
    self.key = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
  }

  /// The 128 bits of a counter.
  package func words(at counter: Words) -> Words {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let product0 = UInt64(c0) &* 0xD251_1F53
      let product1 = UInt64(c2) &* 0xCD9E_8D57
      let high0 = UInt32(truncatingIfNeeded: product0 >> 32)
      let high1 = UInt32(truncatingIfNeeded: product1 >> 32)
      (c0, c1, c2, c3) = (
        high1 ^ c1 ^ k0, UInt32(truncatingIfNeeded: product1),
        high0 ^ c3 ^ k1, UInt32(truncatingIfNeeded: product0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  package static func == (left: Philox, right: Philox) -> Bool { left.key == right.key }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(key.low)
    hasher.combine(key.high)
  }
}
