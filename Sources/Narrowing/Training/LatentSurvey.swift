import Autoencoder
import Foundation
import Images
import Trials

/// What each latent dimension of a trained network holds: its divergence and range over the
/// evaluation images, and pictures along the open ones.
///
/// The pictures begin at the encoding of the first evaluation image, the first of
/// `reconstructions.safetensors`, because the other dimensions then have values that occur together;
/// all at the prior's mean need not be any image. A row moves one dimension from its mean to
/// ``offsets`` times its deviation on both sides, so it spans what the decoder was trained on. With
/// the default posterior that is about -3 to 3. With ``Posterior/equation14`` it is -2.1 to 2.1: the
/// noise has the deviation exp(ℓ), the divergence takes exp(ℓ) for the variance, and so it is smallest
/// at a deviation of z of √½ rather than 1.
struct LatentSurvey {
  /// A latent dimension over all evaluation images.
  struct Dimension: Hashable {
    /// The mean of `KLⱼ = −½(1 + ℓⱼ − exp(ℓⱼ) − μⱼ²)` (equation 14).
    var divergence = 0.0
    /// The mean of μ.
    var mean = 0.0
    /// The deviation of z over images and noise: the root of the variance of μ plus the mean of σ².
    var deviation = 0.0

    /// Whether the dimension can be sorted and drawn.
    var isFinite: Bool { divergence.isFinite && mean.isFinite && deviation.isFinite }
  }

  /// The steps of a row, in deviations from the mean.
  static let offsets = stride(from: -3.0, through: 3.0, by: 0.5).map { $0 }
  /// The most rows; of more open dimensions those with the largest divergence are drawn.
  static let rowCountMaximum = 32

  /// Every dimension, in order.
  let dimensions: [Dimension]
  /// The dimensions of the rows: the open ones by falling divergence, those with numbers that are
  /// not finite left out.
  let rows: [Int]
  /// The first evaluation image, bytes `[H, W, C]`.
  let original: [UInt8]
  /// Its reconstruction, bytes `[H, W, C]`.
  let reconstruction: [UInt8]
  /// The pictures, bytes `[rows, offsets, H, W, C]`.
  let pictures: [UInt8]

  /// The rows of a survey.
  static func rows(of dimensions: [Dimension], isOpen: (Int) -> Bool) -> [Int] {
    let drawn = dimensions.indices.filter { isOpen($0) && dimensions[$0].isFinite }
    // The sort is stable: of equal dimensions the first comes first.
    let sorted = drawn.sorted { dimensions[$0].divergence > dimensions[$1].divergence }
    return Array(sorted.prefix(rowCountMaximum))
  }
}

/// Sums over the evaluation images, from which a ``LatentSurvey/Dimension`` follows.
private struct DimensionSums {
  var divergence = 0.0
  var mean = 0.0
  var square = 0.0
  var variance = 0.0

  /// The dimension over `count` images.
  func dimension(count: Int) -> LatentSurvey.Dimension {
    let count = Double(count)
    let mean = mean / count
    let spread = square / count - mean * mean
    return LatentSurvey.Dimension(
      divergence: divergence / count, mean: mean,
      // Rounding can make the variance of a constant mean negative.
      deviation: ((spread < 0 ? 0 : spread) + variance / count).squareRoot())
  }
}

extension Evaluation {
  /// Surveys the latent dimensions.
  ///
  /// It draws nothing at random and sums in the order of the images, so its bits depend on network,
  /// images and instruction set only.
  ///
  /// - Parameter reading: What σ is.
  func survey(_ reading: Posterior) -> LatentSurvey {
    let latents = gates.count
    let factor = LatentPosterior.deviationExponentFactor(reading)
    var sums = [DimensionSums](repeating: DimensionSums(), count: latents)
    infer(first: images.evaluationCount) { count in
      for index in 0..<count * latents {
        let mean = Double(network.posteriorMean[index])
        let logVariance = Double(network.posteriorLogVariance[index])
        let dimension = index % latents
        sums[dimension].divergence += LatentPosterior.divergence(
          mean: mean, logVariance: logVariance)
        sums[dimension].mean += mean
        sums[dimension].square += mean * mean
        sums[dimension].variance += exp(2 * factor * logVariance)
      }
    }
    let dimensions = sums.map { $0.dimension(count: images.evaluationCount) }
    let rows = LatentSurvey.rows(of: dimensions, isOpen: gates.isOpen)
    let (original, reconstruction) = reconstructions(count: 1)
    let encoding = (0..<latents).map { network.latents[$0] }
    return LatentSurvey(
      dimensions: dimensions, rows: rows, original: original, reconstruction: reconstruction,
      pictures: pictures(from: encoding, along: rows, dimensions))
  }

  /// The decoded pictures of each row, each a whole row of ``LatentSurvey/offsets``.
  private func pictures(
    from encoding: [Float], along rows: [Int], _ dimensions: [LatentSurvey.Dimension]
  ) -> [UInt8] {
    let offsets = LatentSurvey.offsets
    let total = rows.count * offsets.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total * images.shape.elementCount)
    for start in stride(from: 0, to: total, by: network.batchSize) {
      let count = min(network.batchSize, total - start)
      for place in 0..<count {
        let (row, column) = (start + place).quotientAndRemainder(dividingBy: offsets.count)
        let dimension = dimensions[rows[row]]
        let first = place * gates.count
        for index in encoding.indices { network.latents[first + index] = encoding[index] }
        network.latents[first + rows[row]] = Float(
          dimension.mean + offsets[column] * dimension.deviation)
      }
      network.reconstruct(count: count)
      bytes += network.reconstructions.prefix(count * images.shape.elementCount).map(Self.byte)
    }
    return bytes
  }
}
