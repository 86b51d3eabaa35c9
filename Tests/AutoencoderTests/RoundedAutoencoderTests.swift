import Autoencoder
import Primitives
import Testing
import Trials

/// Compares one training step's gradients in bf16 with those in fp32.
@Suite("Autoencoder in bf16")
struct RoundedAutoencoderTests {
  /// How far a gradient may be from that in fp32, as a share of its length, by the slope of the
  /// leaky ReLUs.
  ///
  /// With slope 1 there is only rounding to eight places, twenty times on the way; the gradients of
  /// biases, which the batch norms behind then cancel, are rounding alone and left out. With the
  /// paper's slope one activation in a hundred changes its sign and, with it, its gradient
  /// fiftyfold.
  static let tolerances = [(slope: 1.0, tolerance: 0.05), (0.02, 0.35)]
  static let networks = [
    SmallNetwork(size: 28, imageChannels: 1, channels: [16, 16, 32], batch: 8),
    SmallNetwork(size: 64, imageChannels: 3, channels: [16, 16, 32, 32], batch: 7),
  ]

  @Test(
    "errors and gradients are those of fp32 up to rounding", arguments: networks, tolerances)
  func gradients(
    network: SmallNetwork, leaky: (slope: Double, tolerance: Double)
  ) throws {
    let plain = try Pair(network, AutoencoderSettings(leakySlope: leaky.slope)).fast
    let rounded = try Pair(
      network, AutoencoderSettings(leakySlope: leaky.slope, arithmetic: .bf16)
    ).fast
    step(plain)
    step(rounded)
    let errors = distance(Array(rounded.squaredErrors), Array(plain.squaredErrors))
    #expect(errors > 0 && errors < 0.002)
    for tensor in plain.tensors where leaky.slope < 1 || tensor.name.hasSuffix(".weight") {
      let found = rounded.gradients[tensor.range].map(Double.init)
      let expected = plain.gradients[tensor.range].map(Double.init)
      let share = distance(found, expected)
      #expect(share < leaky.tolerance, "\(tensor.name)")
    }
  }

  private func step(_ network: Autoencoder) {
    network.encode()
    for index in network.latents.indices { network.latents[index] = network.posteriorMean[index] }
    network.decode(updatingStatistics: true)
    network.decodeBackward(errorScale: 1)
    for index in network.meanGradient.indices {
      network.meanGradient[index] = network.latentGradient[index]
      network.logVarianceGradient[index] = 0.25
    }
    network.encodeBackward()
  }

  /// ‖found − expected‖ / ‖expected‖.
  private func distance(_ found: [Double], _ expected: [Double]) -> Double {
    let difference = zip(found, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}
