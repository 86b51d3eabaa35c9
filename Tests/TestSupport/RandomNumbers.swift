import Randomness

/// Reproducible inputs of arithmetic.
package struct RandomNumbers {
  private var random: SplitMix64

  /// The numbers of a seed.
  package init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// A number from −1 to 1 that fp32 holds exactly.
  package mutating func next() -> Double {
    Double(Float(Double(random.next() >> 40) / 8_388_608 - 1))
  }

  /// The next numbers.
  package mutating func array(_ count: Int) -> [Double] {
    (0..<count).map { _ in next() }
  }
}
