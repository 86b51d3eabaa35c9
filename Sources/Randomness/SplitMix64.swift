/// The pseudorandom generator SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
///
/// For simulations, samples and tests; training uses the counter-based `Philox`.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The stream of a seed.
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// Draws true with the given probability.
  package mutating func happens(_ probability: Double) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &self) < probability
  }

  /// Draws a whole number from the range.
  package mutating func draw(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }
}
