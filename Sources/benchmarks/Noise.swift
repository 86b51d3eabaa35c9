/// Pseudorandom numbers, the same in every run.
struct Noise {
  private var state: UInt64

  /// The sequence of a seed.
  init(seed: UInt64) { state = seed }

  /// Fills a buffer with uniform numbers from `range`.
  func fill(_ buffer: UnsafeMutableBufferPointer<Float>, _ range: ClosedRange<Float>) {
    var state = state
    for index in buffer.indices {
      // Knuth's linear congruential generator, whose high bits are the best.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let unit = Float(state >> 40) / Float(1 << 24)
      buffer[index] = range.lowerBound + unit * (range.upperBound - range.lowerBound)
    }
  }
}
