import CKernels

/// Adam (Kingma and Ba, 2015, algorithm 1) over one flat array of parameters.
///
/// The moments are the optimiser's state; the caller keeps the step number.
package final class AdamOptimizer {
  /// The settings of the algorithm.
  package struct Settings: Hashable, Sendable {
    /// Step size α.
    package var learningRate: Double
    /// Decay of the first moment, β₁.
    package var beta1: Double
    /// Decay of the second moment, β₂.
    package var beta2: Double
    /// Added to the root of the second moment, ε.
    package var epsilon: Double

    /// The given settings; the defaults are the paper's.
    package init(
      learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
      epsilon: Double = 1e-8
    ) {
      self.learningRate = learningRate
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
    }
  }

  /// m, the decayed mean of the gradients; part of a checkpoint.
  package var firstMoments: UnsafeMutableBufferPointer<Float> { first.elements }
  /// v, the decayed mean of the squared gradients; part of a checkpoint.
  package var secondMoments: UnsafeMutableBufferPointer<Float> { second.elements }

  private let kernels: ck_kernels
  private let team: ThreadTeam
  private let first: AlignedBuffer<Float>
  private let second: AlignedBuffer<Float>

  /// An optimiser of `count` parameters with zero moments.
  ///
  /// - Parameter team: The threads that the parameters are split among.
  package init(
    count: Int, instructionSet: InstructionSet = .effective, team: ThreadTeam = ThreadTeam(count: 1)
  ) {
    self.team = team
    kernels = instructionSet.kernels()
    first = AlignedBuffer(count: count)
    second = AlignedBuffer(count: count)
  }

  /// Moves the parameters by one bias-corrected step.
  ///
  /// - Parameters:
  ///   - step: t, 1 at the first step.
  ///   - parameters: Overwritten; as many as the optimiser was created for.
  ///   - gradients: Gradients of the loss, in the same order.
  package func step(
    _ step: Int, parameters: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<Float>, settings: Settings
  ) {
    let count = first.elements.count
    precondition(
      parameters.count == count && gradients.count == count && step > 0,
      "the optimiser was made for as many parameters, and counts steps from 1")
    guard let values = parameters.baseAddress, let slopes = gradients.baseAddress else { return }
    let firstCorrection = 1 - Self.power(settings.beta1, step)
    let secondCorrection = 1 - Self.power(settings.beta2, step)
    team.share(0..<count, unit: 1024) { part, _ in
      let start = part.lowerBound
      kernels.adam(
        values + start, slopes + start, first.start + start, second.start + start,
        Int64(part.count), Float(settings.learningRate / firstCorrection), Float(settings.beta1),
        Float(1 - settings.beta1), Float(settings.beta2), Float(1 - settings.beta2),
        Float(1 / secondCorrection.squareRoot()), Float(settings.epsilon))
    }
  }

  /// `base` to the power `exponent` by repeated squaring: the same bits on every platform.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    var square = base
    var remaining = exponent
    while remaining > 0 {
      if remaining & 1 == 1 { result *= square }
      square *= square
      remaining >>= 1
    }
    return result
  }
}
