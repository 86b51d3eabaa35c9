import Foundation

/// The elementwise functions of the network and their gradients, in double.
package enum ReferenceActivations {
  /// x where x is positive, slope · x elsewhere.
  package static func leakyReLU(_ src: [Double], slope: Double) -> [Double] {
    src.map { $0 > 0 ? $0 : slope * $0 }
  }

  /// The gradient of the leaky ReLU with respect to its source, from its output.
  package static func leakyReLUGradient(
    dst: [Double], diffDst: [Double], slope: Double
  ) -> [Double] {
    zip(dst, diffDst).map { $0 > 0 ? $1 : slope * $1 }
  }

  /// 1 / (1 + e⁻ˣ).
  package static func sigmoid(_ src: [Double]) -> [Double] {
    src.map { 1 / (1 + exp(-$0)) }
  }

  /// Σ (x̂ − x)² of each of `batch` images.
  package static func squaredErrors(
    reconstruction: [Double], target: [Double], batch: Int
  ) -> [Double] {
    let count = reconstruction.count / batch
    return (0..<batch).map { image in
      (image * count..<(image + 1) * count).reduce(0) { sum, index in
        let difference = reconstruction[index] - target[index]
        return sum + difference * difference
      }
    }
  }

  /// The gradient of the sum of all squared errors with respect to the sigmoid's input.
  package static func sigmoidSquaredErrorGradient(
    reconstruction: [Double], target: [Double]
  ) -> [Double] {
    zip(reconstruction, target).map { 2 * ($0 - $1) * $0 * (1 - $0) }
  }
}
