/// Reproducible numbers for tests: SplitMix64 (Steele, Lea and Flood, 2014).
struct TestNumbers {
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
}

/// The largest difference relative to the largest expected magnitude; NaN if any value is NaN.
func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 0
  var worst = 0.0
  for (left, right) in zip(actual, expected) {
    let difference = abs(left - right)
    if difference.isNaN { return .nan }
    worst = max(worst, difference)
  }
  return scale == 0 ? worst : worst / scale
}
