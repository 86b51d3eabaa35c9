import Foundation
import Primitives
import Trials

/// The Gaussian posterior of a batch: its samples, its divergence from N(0, 1) and the gradients
/// of both.
///
/// The encoder gives the mean μ and ℓ. By default ℓ = log σ² is the logarithm of the *variance*:
/// equation 2 of the paper writes σ as a covariance and equation 14 is the divergence of a Gaussian
/// with that variance. The other reading is ℓ = log σ (``Trials/Posterior``). With the factor
/// h = ½ or 1, the deviation is σ = exp(hℓ). All buffers are `[B, n]`. Each value is computed in
/// double precision and rounded once.
package final class LatentPosterior {
  /// B, images of a batch.
  package let batchSize: Int
  /// n, latent dimensions.
  package let latents: Int
  /// Which reading of σ is used.
  private let reading: Posterior

  private let noiseBuffer: AlignedBuffer<Float>
  private let sampleBuffer: AlignedBuffer<Float>
  private let deviationBuffer: AlignedBuffer<Float>

  /// Memory for batches of `batchSize` images with `latents` dimensions.
  package init(batchSize: Int, latents: Int, reading: Posterior = .logVariance) {
    self.reading = reading
    self.batchSize = batchSize
    self.latents = latents
    noiseBuffer = AlignedBuffer(count: batchSize * latents)
    sampleBuffer = AlignedBuffer(count: batchSize * latents)
    deviationBuffer = AlignedBuffer(count: batchSize * latents)
  }

  /// ε of the next or latest sample.
  package var noise: UnsafeMutableBufferPointer<Float> { noiseBuffer.elements }
  /// z = μ + exp(hℓ)⊙ε of the latest sample, before gating.
  package var samples: UnsafeMutableBufferPointer<Float> { sampleBuffer.elements }

  /// h in σ = exp(hℓ).
  static func deviationExponentFactor(_ reading: Posterior) -> Double {
    switch reading {
    case .logVariance: 0.5
    case .equation14: 1
    }
  }

  /// KLⱼ of one image: `−½(1 + ℓⱼ − exp(ℓⱼ) − μⱼ²)` (equation 14).
  static func divergence(mean: Double, logVariance: Double) -> Double {
    -0.5 * (1 + logVariance - exp(logVariance) - mean * mean)
  }

  /// Draws ε for the next sample.
  package func drawNoise(from stream: RandomStream) {
    stream.fillNormals(noise)
  }

  /// Sets ``samples`` from the posterior and ``noise`` (Algorithm 1, step 2).
  package func sample(
    mean: UnsafeMutableBufferPointer<Float>, logVariance: UnsafeMutableBufferPointer<Float>
  ) {
    let (noise, samples, deviations) = (noise, samples, deviationBuffer.elements)
    let factor = Self.deviationExponentFactor(reading)
    for index in samples.indices {
      let deviation = exp(factor * Double(logVariance[index]))
      deviations[index] = Float(deviation)
      samples[index] = Float(Double(mean[index]) + deviation * Double(noise[index]))
    }
  }

  /// Writes z⊙ν: zero where a gate is closed.
  package func gate(_ open: [Bool], into latents: UnsafeMutableBufferPointer<Float>) {
    let samples = samples
    open.withUnsafeBufferPointer { open in
      for row in stride(from: 0, to: samples.count, by: self.latents) {
        for column in 0..<self.latents {
          latents[row + column] = open[column] ? samples[row + column] : 0
        }
      }
    }
  }

  /// The divergence term of the loss, `Σⱼ wⱼ · mean over the batch of KLⱼ` (Algorithm 1, step 6),
  /// with KLⱼ as in ``divergence(mean:logVariance:)``.
  ///
  /// - Parameter weight: w of every open dimension, see ``weight(_:openCount:)``.
  package func divergence(
    mean: UnsafeMutableBufferPointer<Float>, logVariance: UnsafeMutableBufferPointer<Float>,
    open: [Bool], weight: Double
  ) -> Double {
    var sum = 0.0
    open.withUnsafeBufferPointer { open in
      for row in stride(from: 0, to: mean.count, by: latents) {
        for column in 0..<latents where open[column] {
          sum += Self.divergence(
            mean: Double(mean[row + column]), logVariance: Double(logVariance[row + column]))
        }
      }
    }
    return weight * sum / Double(batchSize)
  }

  /// w, the weight of each open dimension's divergence: 1/‖ν₂‖₀ for the mean over open
  /// dimensions, 1 for the sum; 0 when no gate is open, where the mean is undefined and the sum
  /// is empty.
  package static func weight(_ reduction: KLReduction, openCount: Int) -> Double {
    guard openCount > 0 else { return 0 }
    return switch reduction {
    case .meanOpen: 1 / Double(openCount)
    case .sum: 1
    }
  }

  /// Computes the gradients of the loss with respect to μ and ℓ from that with respect to the gated
  /// latents of the ν₂ pass.
  ///
  /// With g the gradient with respect to z⊙ν₂: `∂μ = ν₂(g + w·μ/B)` and
  /// `∂ℓ = ν₂(g·ε·h·exp(hℓ) + w·½(exp(ℓ) − 1)/B)`; a closed dimension has none.
  ///
  /// - Parameters:
  ///   - latentGradient: g.
  ///   - meanGradient: Gradient with respect to μ; overwritten.
  ///   - logVarianceGradient: Gradient with respect to ℓ; overwritten.
  package func backward(
    mean: UnsafeMutableBufferPointer<Float>, open: [Bool], weight: Double,
    latentGradient: UnsafeMutableBufferPointer<Float>,
    meanGradient: UnsafeMutableBufferPointer<Float>,
    logVarianceGradient: UnsafeMutableBufferPointer<Float>
  ) {
    let (noise, deviations) = (noise, deviationBuffer.elements)
    let scale = weight / Double(batchSize)
    open.withUnsafeBufferPointer { open in
      for row in stride(from: 0, to: mean.count, by: latents) {
        for index in row..<row + latents {
          guard open[index - row] else {
            meanGradient[index] = 0
            logVarianceGradient[index] = 0
            continue
          }
          let (gradient, deviation) = (Double(latentGradient[index]), Double(deviations[index]))
          meanGradient[index] = Float(gradient + scale * Double(mean[index]))
          let sampled = gradient * Double(noise[index]) * deviation
          logVarianceGradient[index] =
            switch reading {
            case .logVariance: Float(0.5 * (sampled + scale * (deviation * deviation - 1)))
            case .equation14: Float(sampled + 0.5 * scale * (deviation - 1))
            }
        }
      }
    }
  }
}
