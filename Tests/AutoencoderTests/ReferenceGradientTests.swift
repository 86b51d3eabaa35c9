import Autoencoder
import Primitives
import TestSupport
import Testing
import Trials

@Suite("Gradients of the double-precision twin, by central differences")
struct ReferenceGradientTests {
  static let networks = [
    SmallNetwork(size: 28, imageChannels: 1, channels: [2, 2, 2], batch: 2, latents: 2),
    SmallNetwork(size: 64, imageChannels: 1, channels: [1, 1, 2, 2], batch: 2, latents: 2),
  ]

  /// Small enough that no leaky ReLU changes sign under it.
  static let step = 1e-6

  @Test("every tensor's gradient is the derivative along a random direction", arguments: networks)
  func gradients(network: SmallNetwork) throws {
    let pair = try Pair(network)
    let reference = pair.reference
    var random = RandomNumbers(seed: 23)
    let weights = (0..<2 * network.latents * network.batch).map { _ in random.next() }

    let encoded = reference.encode(pair.images)
    let decoded = reference.decode(pair.latents)
    var gradients = reference.encodeBackward(encoded.trace, posteriorGradient: weights)
    gradients.merge(
      reference.decodeBackward(
        decoded.trace, reconstruction: decoded.reconstruction, images: pair.images, scale: 1)
    ) { first, _ in first }

    for tensor in pair.fast.tensors {
      let values = try #require(reference.tensors[tensor.name])
      let gradient = try #require(gradients[tensor.name])
      let direction = values.map { _ in random.next() }
      func loss(at distance: Double) -> Double {
        var moved = reference
        moved.tensors[tensor.name] = zip(values, direction).map { $0 + distance * $1 }
        if tensor.name.hasPrefix("encoder") {
          return zip(moved.encode(pair.images).posterior, weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let errors = ReferenceActivations.squaredErrors(
          reconstruction: moved.decode(pair.latents).reconstruction, target: pair.images,
          batch: network.batch)
        return errors.reduce(0, +) / Double(network.batch)
      }
      let derivative = (loss(at: Self.step) - loss(at: -Self.step)) / (2 * Self.step)
      let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(derivative - expected) < 1e-5 * max(1, abs(expected)), "\(tensor.name)")
    }
  }
}
