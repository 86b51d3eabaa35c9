import Autoencoder
import Benches
import Foundation
import Images
import Narrowing
import Trials

/// The images of training steps, from an archive on disk.
struct StepInput {
  private let images: ImageArchive
  private var loader: BatchLoader
  private var step = 0

  /// Images of the archive in random order, like a trial's.
  ///
  /// The archive's images must have the shape of the network's.
  init(_ images: ImageArchive, for trainer: Trainer) throws {
    guard images.shape == trainer.network.shape.image else {
      throw BenchmarkError(
        "\(images.url.path): found images of \(images.shape), "
          + "expected \(trainer.network.shape.image)")
    }
    guard images.trainingCount >= trainer.network.batchSize else {
      throw BenchmarkError(
        "\(images.url.path): found \(images.trainingCount) training images, "
          + "expected at least \(trainer.network.batchSize)")
    }
    self.images = images
    loader = BatchLoader(images, seed: 1, batchSize: trainer.network.batchSize)
    // The first load computes an epoch's permutation, which most steps do not.
    load(into: trainer)
  }

  /// Images of an archive of noise in memory, read like a large archive.
  init(_ encoding: PixelEncoding, for trainer: Trainer) throws {
    // More bytes than a core's caches.
    let count = 16_384
    let shape = trainer.network.shape.image
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).images")
    defer { try? FileManager.default.removeItem(at: url) }
    var writer = try ImageArchiveWriter(
      at: url, name: "noise", shape: shape, encoding: encoding, trainingCount: count,
      evaluationCount: 0)
    let values = UInt(encoding == .bit ? 2 : 256)
    var image = (0..<shape.elementCount).map { UInt8(UInt($0) &* 2_654_435_761 >> 7 % values) }
    for _ in 0..<count {
      image.append(image.removeFirst())
      try writer.append(image, to: .training)
    }
    _ = try writer.finish()
    // Remove the file; the mapping stays valid.
    try self.init(ImageArchive.open(at: url, largeByteCount: 0), for: trainer)
  }

  /// Copies the next batch to the trainer's network.
  mutating func load(into trainer: Trainer) {
    guard let destination = trainer.network.images.baseAddress else { return }
    step += 1
    loader.load(step: step, hasNext: true, into: destination)
  }
}
