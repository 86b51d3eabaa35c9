import Autoencoder
import Digests
import Foundation
import Images
import Narrowing
import Primitives
import Trials

/// Trials small enough for debug builds: 28×28 images, channels [4, 4, 8], 3 latent dimensions,
/// batches of 4.
enum TinyTrial {
  static let latents = 3
  static let batchSize = 4

  static var settings: TrainerSettings {
    var settings = TrainerSettings()
    settings.batchSize = batchSize
    settings.sampleEvery = 2
    settings.reconstructionCount = 6
    return settings
  }

  static func trainer(
    tolerance: Double = 0, settings: TrainerSettings = settings, seed: UInt64 = 17,
    forceSecondPass: Bool = false, threads: Int = 1
  ) throws -> Trainer {
    let shape = try NetworkShape(
      image: ImageShape(channels: 1, height: 28, width: 28), channels: [4, 4, 8], latents: latents)
    let network = try Autoencoder(
      shape: shape, batchSize: batchSize,
      settings: AutoencoderSettings(arithmetic: Arithmetic(settings.precision)), threads: threads)
    return Trainer(
      network: network, tolerance: tolerance, settings: settings, seed: seed,
      forceSecondPass: forceSecondPass)
  }

  /// A filled rectangle whose place and size follow from its number.
  static func pixels(_ number: Int) -> [UInt8] {
    let (top, left, size) = (number * 5 % 17, number * 11 % 19, 3 + number % 7)
    return (0..<28 * 28).map { index in
      let (row, column) = (index / 28, index % 28)
      let inside =
        (top..<top + size).contains(row) && (left..<left + size + 2).contains(column)
      return inside ? UInt8(155 + number % 100) : 0
    }
  }

  /// Fills a trainer's images with the batch of a step.
  static func loadBatch(_ step: Int, into trainer: Trainer) {
    let count = 28 * 28
    for row in 0..<batchSize {
      for (index, value) in pixels(step * batchSize + row).enumerated() {
        trainer.network.images[row * count + index] = Float(value) / 255
      }
    }
  }

  /// Takes steps on the batches that follow the trainer's step.
  @discardableResult
  static func train(_ trainer: Trainer, steps: Int) throws -> [StepReport] {
    try (0..<steps).map { _ in
      loadBatch(trainer.state.step + 1, into: trainer)
      return try trainer.step()
    }
  }

  /// An archive of 42 training and 10 evaluation images.
  static func archive(in directory: URL) throws -> ImageArchive {
    let url = directory.appending(path: "images")
    var writer = try ImageArchiveWriter(
      at: url, name: Dataset.sprites28.name, shape: Dataset.sprites28.imageShape,
      encoding: .byte, trainingCount: 42, evaluationCount: 10)
    for number in 0..<42 { try writer.append(pixels(number), to: .training) }
    for number in 42..<52 { try writer.append(pixels(number), to: .evaluation) }
    _ = try writer.finish()
    return try ImageArchive.open(at: url)
  }

  static func configuration(
    milestones: [Int], tolerance: Double = 100, seed: UInt64 = 17
  ) -> TrialConfiguration {
    TrialConfiguration(
      dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(latents)),
      tolerance: .value(tolerance), milestones: milestones.map { .batches($0) },
      trainer: settings, seed: seed)
  }
}
