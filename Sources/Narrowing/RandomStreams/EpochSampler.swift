/// Splits each epoch's permutation of the training images into whole batches.
///
/// Each epoch has its own permutation; images that do not fill a batch are dropped for that epoch.
/// The permutation of epoch `e` (from 0) is a Fisher–Yates shuffle of 0, 1, …, N−1: for
/// `i = N−1, …, 1` it swaps positions `i` and
/// `j = (bits(i) · (i + 1)) ÷ 2⁶⁴`, where `bits(i)` is the 64-bit draw `i` of the permutation
/// stream at `e` (``RandomStream``). Step `t` (from 1) takes batch `(t−1) mod (N ÷ B)` of epoch
/// `(t−1) ÷ (N ÷ B)`.
package struct EpochSampler: Sendable {
  /// Whole batches in an epoch, N ÷ B.
  package let batchesPerEpoch: Int

  private let seed: UInt64
  private let batchSize: Int
  private var epoch: Int?
  private var order: [UInt32]

  /// A sampler of `imageCount` images, at least one batch of them.
  package init(seed: UInt64, imageCount: Int, batchSize: Int) {
    precondition(imageCount >= batchSize, "an epoch has at least one whole batch")
    self.seed = seed
    self.batchSize = batchSize
    batchesPerEpoch = imageCount / batchSize
    order = [UInt32](repeating: 0, count: imageCount)
  }

  /// Calls a closure with the indices of the `batchSize` images of a step's batch.
  ///
  /// Steps may come in any order; a permutation is computed only when the epoch changes.
  package mutating func withBatch<Result>(
    atStep step: Int, _ body: (UnsafeBufferPointer<UInt32>) throws -> Result
  ) rethrows -> Result {
    precondition(step >= 1, "steps count from 1")
    let (epoch, batch) = (step - 1).quotientAndRemainder(dividingBy: batchesPerEpoch)
    if epoch != self.epoch { permute(epoch) }
    return try order.withUnsafeBufferPointer { order in
      try body(UnsafeBufferPointer(rebasing: order[batch * batchSize..<(batch + 1) * batchSize]))
    }
  }

  private mutating func permute(_ epoch: Int) {
    self.epoch = epoch
    let stream = RandomStream(seed: seed, purpose: .permutation, at: epoch)
    order.withUnsafeMutableBufferPointer { order in
      for index in order.indices { order[index] = UInt32(index) }
      for index in stride(from: order.count - 1, to: 0, by: -1) {
        order.swapAt(
          index, Int(stream.bits(index).multipliedFullWidth(by: UInt64(index + 1)).high))
      }
    }
  }
}
