import Foundation
import Testing
import Trials

@testable import Narrowing

@Suite("Posterior, sample and divergence (Algorithm 1, steps 2, 6 and 8)")
struct LatentPosteriorTests {
  private static let (batch, latents) = (3, 4)
  private static let means: [Float] = (0..<12).map { Float($0) * 0.3 - 1.5 }
  private static let logVariances: [Float] = (0..<12).map { 0.8 - Float($0) * 0.2 }
  private static let open = [true, false, true, true]

  /// Calls a closure with a posterior that has sampled step 4 of seed 9.
  private static func withSample(
    means: [Float] = means, logVariances: [Float] = logVariances, reading: Posterior = .logVariance,
    _ body: (
      LatentPosterior, _ mean: UnsafeMutableBufferPointer<Float>,
      _ logVariance: UnsafeMutableBufferPointer<Float>
    ) -> Void
  ) {
    let posterior = LatentPosterior(batchSize: batch, latents: latents, reading: reading)
    var (means, logVariances) = (means, logVariances)
    means.withUnsafeMutableBufferPointer { means in
      logVariances.withUnsafeMutableBufferPointer { logVariances in
        posterior.drawNoise(from: RandomStream(seed: 9, purpose: .noise, at: 4))
        posterior.sample(mean: means, logVariance: logVariances)
        body(posterior, means, logVariances)
      }
    }
  }

  // Equation 5, z = μ + σ⊙ε; ℓ is the logarithm of σ² or, as equation 14 has it, of σ.
  @Test(
    "a sample is the mean plus the deviation times the noise", arguments: Posterior.allCases)
  func sample(reading: Posterior) {
    Self.withSample(reading: reading) { posterior, _, _ in
      for index in 0..<12 {
        let deviation = Self.deviation(Double(Self.logVariances[index]), reading)
        let expected =
          Double(Self.means[index]) + deviation * Double(posterior.noise[index])
        #expect(posterior.samples[index] == Float(expected))
      }
    }
  }

  /// σ from ℓ.
  private static func deviation(_ logarithm: Double, _ reading: Posterior) -> Double {
    switch reading {
    case .logVariance: exp(logarithm / 2)
    case .equation14: exp(logarithm)
    }
  }

  @Test("closed gates make their latents zero, for every image of the batch")
  func gating() {
    Self.withSample { posterior, _, _ in
      var gated = [Float](repeating: .nan, count: 12)
      gated.withUnsafeMutableBufferPointer { posterior.gate(Self.open, into: $0) }
      for index in 0..<12 {
        #expect(gated[index] == (index % 4 == 1 ? 0 : posterior.samples[index]))
      }
    }
  }

  // Equation 14, KLⱼ = −½(1 + ℓⱼ − exp(ℓⱼ) − μⱼ²); line 22, averaged over open dimensions.
  @Test(
    "the divergence term is the mean or the sum over open dimensions",
    arguments: [(KLReduction.meanOpen, 1.0 / 3), (.sum, 1.0)])
  func divergence(reduction: KLReduction, weight: Double) {
    #expect(LatentPosterior.weight(reduction, openCount: 3) == weight)
    Self.withSample { posterior, means, logVariances in
      var expected = 0.0
      for index in 0..<12 where index % 4 != 1 {
        let (m, l) = (Double(Self.means[index]), Double(Self.logVariances[index]))
        expected += -0.5 * (1 + l - exp(l) - m * m) * weight / 3
      }
      let found = posterior.divergence(
        mean: means, logVariance: logVariances, open: Self.open, weight: weight)
      #expect(abs(found - expected) < 1e-12)
    }
  }

  @Test("a standard normal posterior has divergence 0")
  func standardNormal() {
    let zeros = [Float](repeating: 0, count: 12)
    Self.withSample(means: zeros, logVariances: zeros) { posterior, means, logVariances in
      let found = posterior.divergence(
        mean: means, logVariance: logVariances, open: Self.open, weight: 1)
      #expect(found == 0)
    }
  }

  // "with ‖ν₂‖₀ = 0 the KL term is 0"
  @Test("without an open gate there is no divergence", arguments: KLReduction.allCases)
  func allClosed(reduction: KLReduction) {
    let weight = LatentPosterior.weight(reduction, openCount: 0)
    #expect(weight == 0)
    Self.withSample { posterior, means, logVariances in
      let closed = [Bool](repeating: false, count: 4)
      let found = posterior.divergence(
        mean: means, logVariance: logVariances, open: closed, weight: weight)
      #expect(found == 0)
    }
  }

  @Test(
    "both gradients agree with central differences of the loss", arguments: Posterior.allCases)
  func gradients(reading: Posterior) {
    // A loss that is linear in the gated sample with slopes g, plus the divergence.
    let slopes: [Float] = (0..<12).map { Float($0 * 5 % 7) - 3 }
    let weight = 1.0 / 3
    Self.withSample(reading: reading) { posterior, means, logVariances in
      let noise = posterior.noise.map(Double.init)
      func loss(_ m: [Double], _ l: [Double]) -> Double {
        (0..<12).filter { Self.open[$0 % 4] }.reduce(0) { sum, index in
          let sample = m[index] + Self.deviation(l[index], reading) * noise[index]
          return sum + Double(slopes[index]) * sample
            - weight / 3 * 0.5 * (1 + l[index] - exp(l[index]) - m[index] * m[index])
        }
      }
      let (meanGradient, logVarianceGradient) = Self.backward(
        posterior, means, weight: weight, slopes: slopes)
      let (m, l) = (means.map(Double.init), logVariances.map(Double.init))
      let step = 1e-5
      for index in 0..<12 {
        func shifted(_ values: [Double], by shift: Double) -> [Double] {
          var values = values
          values[index] += shift
          return values
        }
        let byMean = loss(shifted(m, by: step), l) - loss(shifted(m, by: -step), l)
        let byLogVariance = loss(m, shifted(l, by: step)) - loss(m, shifted(l, by: -step))
        #expect(abs(Double(meanGradient[index]) - byMean / (2 * step)) < 1e-5)
        #expect(abs(Double(logVarianceGradient[index]) - byLogVariance / (2 * step)) < 1e-5)
      }
    }
  }

  private static func backward(
    _ posterior: LatentPosterior, _ means: UnsafeMutableBufferPointer<Float>, weight: Double,
    slopes: [Float]
  ) -> (mean: [Float], logVariance: [Float]) {
    var slopes = slopes
    var meanGradient = [Float](repeating: .nan, count: slopes.count)
    var logVarianceGradient = meanGradient
    slopes.withUnsafeMutableBufferPointer { slopes in
      meanGradient.withUnsafeMutableBufferPointer { meanGradient in
        logVarianceGradient.withUnsafeMutableBufferPointer { logVarianceGradient in
          posterior.backward(
            mean: means, open: open, weight: weight, latentGradient: slopes,
            meanGradient: meanGradient, logVarianceGradient: logVarianceGradient)
        }
      }
    }
    return (meanGradient, logVarianceGradient)
  }
}
