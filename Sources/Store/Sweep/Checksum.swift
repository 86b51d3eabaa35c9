/// A 64-bit checksum of typed values: FNV-1a over their tagged bytes.
///
/// It detects bit errors and torn pages, not deliberate changes. Each step is a bijection of the
/// state, so a change of a single byte is always detected.
struct Checksum {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The checksum of the values added so far, as SQLite stores it.
  var value: Int64 { Int64(bitPattern: state) }

  /// Adds bytes, preceded by their count.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(Int64(bytes.count))
    for byte in bytes { add(byte: byte) }
  }

  /// Adds a text, or its absence.
  mutating func add(_ text: String?) {
    guard var text else { return add(byte: 0) }
    text.withUTF8 { add(text: $0) }
  }

  /// Adds a present text, given by its UTF-8 bytes.
  mutating func add(text: UnsafeBufferPointer<UInt8>) {
    add(byte: 1)
    add(UnsafeRawBufferPointer(text))
  }

  /// Adds a whole number.
  mutating func add(_ number: Int64) {
    var bits = UInt64(bitPattern: number)
    for _ in 0..<8 {
      add(byte: UInt8(truncatingIfNeeded: bits))
      bits >>= 8
    }
  }

  /// Adds a whole number, or its absence.
  mutating func add(_ number: Int?) {
    guard let number else { return add(byte: 0) }
    add(byte: 1)
    add(Int64(number))
  }

  /// Adds a real number; −0 counts as 0, because SQLite does not keep its sign.
  mutating func add(_ number: Double) {
    add(number == 0 ? 0 : Int64(bitPattern: number.bitPattern))
  }

  private mutating func add(byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x100_0000_01b3
  }
}
