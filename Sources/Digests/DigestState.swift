import CSodium

extension DigestStream {
  /// Continues the digest of a sequence whose first bytes are not available.
  ///
  /// - Parameters:
  ///   - state: The value of ``state`` after the first bytes.
  ///   - byteCount: The number of these bytes.
  /// - Returns: Nil if the state does not fit the number of bytes.
  package init?(state: [UInt8], byteCount: Int) {
    guard byteCount >= 0, byteCount <= Self.byteCountMaximum,
      state.count == Digest.byteCount + byteCount % Self.blockByteCount
    else { return nil }
    self.init()
    withUnsafeMutableState { value in
      withUnsafeMutableBytes(of: &value.state) { words in
        for (index, byte) in state.prefix(Digest.byteCount).enumerated() {
          // Words are stored in the machine's byte order, little-endian.
          words[index ^ 3] = byte
        }
      }
      value.count = UInt64(byteCount) * 8
      withUnsafeMutableBytes(of: &value.buf) {
        $0.copyBytes(from: state.dropFirst(Digest.byteCount))
      }
    }
  }

  /// The state of SHA-256 (FIPS 180-4) after the bytes appended so far: the eight words H₀…H₇,
  /// big-endian, then the bytes of the incomplete block.
  ///
  /// 32 to 95 bytes. With their count, ``init(state:byteCount:)`` continues from here. libsodium:
  /// `crypto_hash_sha256_state`.
  package var state: [UInt8] {
    var copy = self
    return copy.withUnsafeMutableState { value in
      let words = withUnsafeBytes(of: value.state) { words in
        (0..<Digest.byteCount).map { words[$0 ^ 3] }
      }
      let unfinished = Int(value.count / 8 % UInt64(Self.blockByteCount))
      return words + withUnsafeBytes(of: value.buf) { Array($0.prefix(unfinished)) }
    }
  }

  /// The longest sequence: its bits are counted in 64 bits.
  private static let byteCountMaximum = 1 << 60
}
