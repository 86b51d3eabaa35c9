import Testing

@testable import Narrowing

@Suite("Epochs")
struct EpochSamplerTests {
  private static func batches(
    _ steps: some Sequence<Int>, imageCount: Int, batchSize: Int, seed: UInt64 = 5
  ) -> [[UInt32]] {
    var sampler = EpochSampler(seed: seed, imageCount: imageCount, batchSize: batchSize)
    return steps.map { sampler.withBatch(atStep: $0) { Array($0) } }
  }

  // Computed in Python from the documentation of EpochSampler.
  @Test("the documented shuffle gives these permutations")
  func published() {
    let batches = Self.batches(
      1...2, imageCount: 10, batchSize: 10, seed: 0x0123_4567_89ab_cdef)
    #expect(batches == [[0, 2, 3, 1, 6, 5, 4, 9, 8, 7], [0, 8, 1, 6, 2, 3, 4, 9, 5, 7]])
  }

  @Test("an epoch shows every image once when batches fit", arguments: [1, 2, 4, 12])
  func permutation(batchSize: Int) {
    let batches = Self.batches(1...12 / batchSize, imageCount: 12, batchSize: batchSize)
    #expect(batches.flatMap { $0 }.sorted() == Array(0..<12))
  }

  @Test("an epoch is split into whole batches and the remainder is dropped")
  func remainder() {
    let sampler = EpochSampler(seed: 5, imageCount: 14, batchSize: 4)
    #expect(sampler.batchesPerEpoch == 3)
    let epochs = Self.batches(1...6, imageCount: 14, batchSize: 4)
    #expect(epochs.allSatisfy { $0.count == 4 })
    #expect(Set(epochs[..<3].flatMap { $0 }).count == 12)
    #expect(Set(epochs[3...].flatMap { $0 }).count == 12)
    #expect(epochs[..<3] != epochs[3...])
  }

  @Test("a batch depends only on its step")
  func resume() {
    let forward = Self.batches(1...9, imageCount: 14, batchSize: 4)
    let backward = Self.batches((1...9).reversed(), imageCount: 14, batchSize: 4)
    #expect(forward == backward.reversed())
  }

  @Test("every image is equally likely to come first")
  func uniformity() {
    var counts = [Int](repeating: 0, count: 5)
    for batch in Self.batches(1...5000, imageCount: 5, batchSize: 5) { counts[Int(batch[0])] += 1 }
    // 1000 each; four standard deviations of a binomial count are 113.
    #expect(counts.allSatisfy { abs($0 - 1000) < 113 })
  }
}
