/// One of ten colours of hue k/10, saturation and value 1, starting with red.
struct Hue {
  /// The number of hues.
  static let count = 10

  /// Red, green and blue in tenths.
  let tenths: (red: UInt16, green: UInt16, blue: UInt16)

  /// The colour with a number from 0 to 9: red, orange, …, pink.
  init(_ number: Int) {
    precondition((0..<Self.count).contains(number), "there are \(Self.count) hues")
    let (sector, rest) = (6 * number).quotientAndRemainder(dividingBy: 10)
    let rising = UInt16(rest)
    let falling = 10 - rising
    tenths =
      switch sector {
      case 0: (10, rising, 0)
      case 1: (falling, 10, 0)
      case 2: (0, 10, rising)
      case 3: (0, falling, 10)
      case 4: (rising, 0, 10)
      default: (10, 0, falling)
      }
  }
}
