import Images

/// Copies the images of each step's batch into the network's memory.
package struct BatchLoader {
  private let images: ImageArchive
  private var sampler: EpochSampler

  /// A loader of an archive's training images, in the order of ``EpochSampler``.
  package init(_ images: ImageArchive, seed: UInt64, batchSize: Int) {
    self.images = images
    sampler = EpochSampler(seed: seed, imageCount: images.trainingCount, batchSize: batchSize)
  }

  /// Copies a step's images.
  ///
  /// - Parameters:
  ///   - step: From 1 on.
  ///   - hasNext: Whether there is a next step, whose images are then read from disk in the background.
  ///   - destination: Receives `[batch, height, width, channels]`; overwritten.
  package mutating func load(
    step: Int, hasNext: Bool, into destination: UnsafeMutablePointer<Float>
  ) {
    sampler.withBatch(atStep: step) { images.copyImages(.training, indices: $0, into: destination) }
    if hasNext {
      sampler.withBatch(atStep: step + 1) { images.prefetch(.training, indices: $0) }
    }
  }
}
