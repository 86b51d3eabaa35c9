extension Collection<UInt8> {
  /// The bytes as pairs of hexadecimal digits, separated by spaces.
  package var hexadecimalPairs: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension UInt64 {
  /// Parses 16 hexadecimal digits, upper or lower case; nil for anything else, signs included.
  package init?(hexadecimal digits: UnsafeBufferPointer<UInt8>) {
    guard digits.count == 16 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    self = value
  }

  /// Parses 16 hexadecimal digits, upper or lower case; nil for anything else, signs included.
  package init?(hexadecimal text: String) {
    var text = text
    guard let value = text.withUTF8({ UInt64(hexadecimal: $0) }) else { return nil }
    self = value
  }

  /// The number as 16 lowercase hexadecimal digits.
  package var hexadecimal: String {
    String(unsafeUninitializedCapacity: 16) { text in
      for place in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: self >> UInt64(60 - 4 * place)) & 15
        text[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      }
      return 16
    }
  }
}
