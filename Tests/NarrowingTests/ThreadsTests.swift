import Autoencoder
import Digests
import Foundation
import Images
import Primitives
import TestSupport
import Testing
import Trials

@testable import Narrowing

/// The same bits for any number of threads.
@Suite("Threads of one trial")
struct ThreadsTests {
  /// Every arithmetic on every instruction set that this processor has for it.
  private static let cases: [(Precision, InstructionSet)] = [.fp32, .bf16].flatMap {
    (precision: Precision) in
    let widest = InstructionSet.effective(for: Arithmetic(precision))
    return InstructionSet.allCases.filter { widest.includes($0) }.map { (precision, $0) }
  }

  /// A trainer of a network in which every kind of layer occurs.
  ///
  /// - Parameter batchSize: 19 images are parts of four and one of three.
  private func trainer(
    _ instructionSet: InstructionSet, _ precision: Precision, image: ImageShape, channels: [Int],
    batchSize: Int, threads: Int
  ) throws -> Trainer {
    var settings = TrainerSettings()
    settings.batchSize = batchSize
    settings.precision = precision
    settings.initialGateLogit = 0.1
    let network = try Autoencoder(
      shape: NetworkShape(image: image, channels: channels, latents: 5), batchSize: batchSize,
      settings: AutoencoderSettings(arithmetic: Arithmetic(precision)),
      instructionSet: instructionSet, threads: threads)
    var random = RandomNumbers(seed: 5)
    for index in network.images.indices { network.images[index] = Float(abs(random.array(1)[0])) }
    // This tolerance is met at once, so that both decoder passes run.
    return Trainer(network: network, tolerance: 1e6, settings: settings, seed: 3)
  }

  @Test(
    "1, 2, 3, 4 and 8 threads compute the same state",
    arguments: cases)
  func sameState(precision: Precision, instructionSet: InstructionSet) throws {
    for (image, channels, batchSize) in [
      (ImageShape(channels: 1, height: 28, width: 28), [6, 33, 10], 19),
      (ImageShape(channels: 3, height: 64, width: 64), [4, 8, 8, 6], 16),
    ] {
      var expected: Digest?
      for threads in [1, 2, 3, 4, 8] {
        let trainer = try trainer(
          instructionSet, precision, image: image, channels: channels, batchSize: batchSize,
          threads: threads)
        var passes = 0
        for _ in 0..<3 { passes += try trainer.step().ranSecondPass ? 1 : 0 }
        #expect(passes > 0)
        #expect(trainer.network.parameters.allSatisfy { $0.isFinite })
        let digest = StateDigest.of(trainer)
        #expect(digest == expected ?? digest, "\(threads) threads")
        expected = digest
      }
    }
  }

  @Test("a trial resumed with another number of threads has the bits of an uninterrupted one")
  func resumed() throws {
    let temporary = try TemporaryFolder()
    let images = try TinyTrial.archive(in: temporary.url)
    let configuration = TinyTrial.configuration(milestones: [4, 13], tolerance: 183)
    func run(_ name: String, _ options: TrialRunner.Options) throws -> TrialResult {
      try TrialRunner(
        configuration: configuration, images: images, directory: try temporary.folder(name),
        options: options
      ).run()
    }
    let whole = try run("whole", .init(checkpointSteps: [6, 13]))
    for threads in [2, 4] {
      let name = "with \(threads)"
      let first = temporary.url.appending(path: "whole/\(CheckpointFile.name(step: 6))")
      let resumed = try run(
        name, .init(threads: threads, checkpointSteps: [9], checkpoints: [.init(first)]))
      #expect(resumed.milestones == whole.milestones)
      for (found, expected) in zip(resumed.artifacts, whole.artifacts)
      where expected.kind.isDeterministic {
        #expect(found == expected, "\(expected.kind) with \(threads) threads")
      }
      // And back to one thread.
      let second = temporary.url.appending(path: "\(name)/\(CheckpointFile.name(step: 9))")
      let last = try run("\(name), then 1", .init(checkpoints: [.init(second)]))
      #expect(last.milestones == whole.milestones)
    }
  }
}
