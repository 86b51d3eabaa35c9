/// Reproducible numbers for tests: SplitMix64 (Steele, Lea and Flood, 2014).
struct RandomNumbers {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// A number from −1 to 1 that fp32 holds exactly.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    return Double(Float(Double(bits >> 40) / 8_388_608 - 1))
  }

  mutating func array(_ count: Int) -> [Double] {
    (0..<count).map { _ in next() }
  }
}
