import Testing

@testable import Narrowing

@Suite("Random streams")
struct RandomStreamTests {
  private static let seed: UInt64 = 0x0123_4567_89ab_cdef

  // Random123, tests/kat_vectors, the three lines "philox4x32 10".
  @Test(
    "Philox4x32-10 gives the published numbers",
    arguments: [
      (
        [0, 0, 0, 0], 0,
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
      ),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], 0xffff_ffff_ffff_ffff,
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], 0x299f_31d0_a409_3822,
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], UInt64, [UInt32])])
  func knownAnswers(counter: [UInt32], key: UInt64, expected: [UInt32]) {
    let words = Philox(key: key).words(at: (counter[0], counter[1], counter[2], counter[3]))
    #expect([words.0, words.1, words.2, words.3] == expected)
  }

  // Computed in Python from the documentation of RandomStream, whole numbers of 2⁻²⁴.
  @Test(
    "uniforms are the 24 high bits of the documented word",
    arguments: [
      (0, 7_826_260), (1, 5_294_590), (2, 13_829_354), (3, 12_849_710), (4, 1_528_109),
      (1_000_003, 13_034_757),
    ])
  func uniform(index: Int, expected: Int) {
    let stream = RandomStream(seed: Self.seed, purpose: .gates, at: 7)
    #expect(stream.uniform(index) == Double(expected) * 0x1p-24)
  }

  // Computed in Python from the documentation of RandomStream, rounded to float there.
  @Test("normals are Box and Muller's, for any count", arguments: 1...7)
  func normals(count: Int) {
    let expected: [Float] = [
      -1.157_315_1, 0.636_876_64, -1.130_396_4, 0.309_906_42, 0.871_800_07, -0.113_218_28,
      -0.055_051_84,
    ]
    var normals = [Float](repeating: .nan, count: count)
    normals.withUnsafeMutableBufferPointer {
      RandomStream(seed: Self.seed, purpose: .noise, at: 7).fillNormals($0)
    }
    #expect(normals == Array(expected.prefix(count)))
  }

  @Test("normals have mean 0, variance 1 and the tails of the normal law")
  func normalMoments() {
    let count = 20_000
    var normals = [Float](repeating: 0, count: count)
    normals.withUnsafeMutableBufferPointer {
      RandomStream(seed: 1, purpose: .noise, at: 1).fillNormals($0)
    }
    let mean = normals.reduce(0) { $0 + Double($1) } / Double(count)
    let variance = normals.reduce(0) { $0 + Double($1) * Double($1) } / Double(count)
    let beyondTwo = Double(normals.count { abs($0) > 2 }) / Double(count)
    // Four standard errors of each estimate.
    #expect(abs(mean) < 4 / Double(count).squareRoot())
    #expect(abs(variance - 1) < 4 * (2 / Double(count)).squareRoot())
    #expect(abs(beyondTwo - 0.0455) < 4 * (0.0455 * 0.9545 / Double(count)).squareRoot())
  }

  // Computed in Python from the documentation of RandomStream.
  @Test(
    "64-bit draws take two words each",
    arguments: [
      (0, 0x20f4_d595_e962_7d16), (1, 0x7bba_eeb8_df7a_77a7), (5, 0xd56e_2852_39d7_1be2),
    ] as [(Int, UInt64)])
  func bits(index: Int, expected: UInt64) {
    #expect(RandomStream(seed: Self.seed, purpose: .permutation, at: 2).bits(index) == expected)
  }

  @Test("seed, purpose and step each change the draws")
  func coordinates() {
    let draws = [
      RandomStream(seed: 1, purpose: .gates, at: 1), RandomStream(seed: 2, purpose: .gates, at: 1),
      RandomStream(seed: 1 << 32, purpose: .gates, at: 1),
      RandomStream(seed: 1, purpose: .noise, at: 1), RandomStream(seed: 1, purpose: .gates, at: 2),
    ].map { $0.bits(0) }
    #expect(Set(draws).count == draws.count)
  }
}
