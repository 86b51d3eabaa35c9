import Foundation

/// One of a trial's random streams at one step or epoch: a sequence of numbers, each a function of
/// its coordinates.
///
/// Draws carry no state, so a resumed trial needs only its step number and any draw can be
/// recomputed. Block `b` of a stream is
/// `Philox4x32-10(key, counter)` with
///
/// - key = (seed mod 2³², seed ÷ 2³²), the trial's 64-bit seed;
/// - counter = (b mod 2³², b ÷ 2³², step or epoch, stream number);
/// - stream numbers as in ``Purpose``; steps count from 1, epochs from 0.
///
/// Its four words w₀…w₃ give draws as follows; ÷ is integer division.
///
/// | Draw `i` | Block | Value |
/// | --- | --- | --- |
/// | uniform | i ÷ 4 | `(w[i mod 4] >> 8) · 2⁻²⁴`, in [0, 1) |
/// | normal | i ÷ 4 | Box–Muller: with (a, b) = (w₀, w₁) for i mod 4 < 2, else (w₂, w₃), `r = √(−2 ln((a + 1) · 2⁻³²))` and `θ = 2π · b · 2⁻³²`: `r cos θ` for even i, `r sin θ` for odd i; in double precision, rounded once to float |
/// | 64 bits | i ÷ 2 | `w₀ · 2³² + w₁` for even i, `w₂ · 2³² + w₃` for odd i |
package struct RandomStream: Hashable, Sendable {
  /// The purpose of a stream; the raw value is the stream's number.
  package enum Purpose: UInt32, Sendable {
    /// Initial parameters: uniform `i` belongs to element `i` of the flat parameters; step 0.
    case initialisation = 0
    /// The order of the training images in an epoch: 64 bits each.
    case permutation = 1
    /// ε: normal `row · n + j` belongs to image `row` of the batch and latent dimension `j`.
    case noise = 2
    /// u: uniform `j` belongs to gate `j`.
    case gates = 3
  }

  private let philox: Philox
  private let coordinate: UInt32
  private let purpose: Purpose

  /// A trial's stream at a step (counted from 1) or epoch (counted from 0).
  package init(seed: UInt64, purpose: Purpose, at coordinate: Int) {
    philox = Philox(key: seed)
    self.coordinate = UInt32(coordinate)
    self.purpose = purpose
  }

  private func block(_ index: Int) -> Philox.Words {
    let index = UInt64(index)
    return philox.words(
      at: (
        UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), coordinate,
        purpose.rawValue
      ))
  }

  /// Uniform draw `index`, a multiple of 2⁻²⁴ in [0, 1).
  package func uniform(_ index: Int) -> Double {
    let words = block(index >> 2)
    return switch index & 3 {
    case 0: Self.uniform(words.0)
    case 1: Self.uniform(words.1)
    case 2: Self.uniform(words.2)
    default: Self.uniform(words.3)
    }
  }

  private static func uniform(_ word: UInt32) -> Double {
    Double(word >> 8) * 0x1p-24
  }

  /// 64-bit draw `index`.
  package func bits(_ index: Int) -> UInt64 {
    let words = block(index >> 1)
    let (high, low) = index & 1 == 0 ? (words.0, words.1) : (words.2, words.3)
    return UInt64(high) << 32 | UInt64(low)
  }

  /// Fills a buffer with the stream's first normal draws, N(0, 1).
  package func fillNormals(_ normals: UnsafeMutableBufferPointer<Float>) {
    for start in stride(from: 0, to: normals.count, by: 4) {
      let words = block(start >> 2)
      let (first, second) = Self.normals(words.0, words.1)
      let (third, fourth) = Self.normals(words.2, words.3)
      normals[start] = first
      if start + 1 < normals.count { normals[start + 1] = second }
      if start + 2 < normals.count { normals[start + 2] = third }
      if start + 3 < normals.count { normals[start + 3] = fourth }
    }
  }

  private static func normals(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
    let radius = (-2 * log((Double(first) + 1) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * (Double(second) * 0x1p-32)
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}
