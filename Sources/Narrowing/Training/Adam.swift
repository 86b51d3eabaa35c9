import Foundation
import Trials

/// Adam for the scalars in double precision: gate logits and multiplier.
///
/// Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 1. With g the gradient and t the step,
/// `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, and the parameter moves by
/// `−η · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)`. t is the trial's step for
/// every parameter, even if its gradient has been zero so far.
struct Adam: Sendable {
  /// A parameter's decayed gradient and squared gradient.
  struct Moments: Hashable, Sendable {
    /// m, the decayed mean of the gradient.
    var first = 0.0
    /// v, the decayed mean of the squared gradient.
    var second = 0.0
  }

  private let settings: TrainerSettings
  private let firstCorrection: Double
  private let secondCorrection: Double

  /// The rule at a step, counted from 1.
  init(settings: TrainerSettings, step: Int) {
    self.settings = settings
    firstCorrection = 1 - pow(settings.adamBeta1, Double(step))
    secondCorrection = 1 - pow(settings.adamBeta2, Double(step))
  }

  /// Moves one parameter against its gradient.
  func descend(_ parameter: inout Double, gradient: Double, moments: inout Moments) {
    moments.first = settings.adamBeta1 * moments.first + (1 - settings.adamBeta1) * gradient
    moments.second =
      settings.adamBeta2 * moments.second + (1 - settings.adamBeta2) * gradient * gradient
    parameter -=
      settings.learningRate * (moments.first / firstCorrection)
      / ((moments.second / secondCorrection).squareRoot() + settings.adamEpsilon)
  }
}
