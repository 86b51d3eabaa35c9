import Autoencoder
import Images
import Trials

/// Evaluates a network on the evaluation images with posterior means, hard gates and running
/// statistics, so that each image's result is independent of the others.
///
/// Evaluation overwrites the network's images and latents, but nothing that training reads.
struct Evaluation {
  let network: Autoencoder
  let images: ImageArchive
  let gates: Gates

  /// The summed squared error per image, averaged over the whole evaluation split in its order.
  func squaredError() -> Double {
    var sum = 0.0
    reconstruct(first: images.evaluationCount) { count in
      for row in 0..<count { sum += network.squaredErrors[row] }
    }
    return sum / Double(images.evaluationCount)
  }

  /// The first `count` evaluation images and their reconstructions.
  ///
  /// - Returns: Bytes `[count, H, W, C]`; a value v in 0…1 becomes the byte nearest to 255·v.
  func reconstructions(count: Int) -> (originals: [UInt8], reconstructions: [UInt8]) {
    let elementCount = images.shape.elementCount
    var originals: [UInt8] = []
    var reconstructions: [UInt8] = []
    reconstruct(first: count) { count in
      originals += network.images.prefix(count * elementCount).map(Self.byte)
      reconstructions += network.reconstructions.prefix(count * elementCount).map(Self.byte)
    }
    return (originals, reconstructions)
  }

  /// The byte nearest to 255·v, for v in 0…1; 0 for a value that is no number.
  static func byte(_ value: Float) -> UInt8 {
    value.isNaN ? 0 : UInt8((255 * value).rounded())
  }

  /// Reconstructs the first `total` evaluation images batch by batch; calls `body` with each
  /// batch's count.
  private func reconstruct(first total: Int, _ body: (Int) -> Void) {
    let latents = gates.count
    infer(first: total) { count in
      for index in 0..<count * latents {
        network.latents[index] = gates.isOpen(index % latents) ? network.posteriorMean[index] : 0
      }
      network.reconstruct(count: count)
      body(count)
    }
  }

  /// Computes the posterior of the first `total` evaluation images batch by batch; calls `body`
  /// with each batch's count.
  func infer(first total: Int, _ body: (Int) -> Void) {
    guard let destination = network.images.baseAddress else { return }
    for start in stride(from: 0, to: total, by: network.batchSize) {
      let indices = (start..<min(start + network.batchSize, total)).map(UInt32.init)
      indices.withUnsafeBufferPointer {
        images.copyImages(.evaluation, indices: $0, into: destination)
      }
      network.infer(count: indices.count)
      body(indices.count)
    }
  }
}
