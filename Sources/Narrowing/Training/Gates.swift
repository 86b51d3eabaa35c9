import Trials

/// The gates of the latent dimensions: their logits γ and what L0-ARM derives from them.
///
/// Source: the paper's section II-C after Li and Ji, "L0-ARM: Network Sparsification via
/// Stochastic Binary Optimization". Gate j is open with probability σ(kγⱼ).
package struct Gates: Hashable, Sendable {
  /// k, how steeply a logit opens its gate.
  package let steepness: Double
  /// γ, one logit for each latent dimension.
  package private(set) var logits: [Double]
  /// σ(kγ), the probability that each gate is open.
  package private(set) var openProbabilities: [Double]
  /// Adam's moments of each logit.
  private(set) var moments: [Adam.Moments]

  /// `count` gates with the settings' steepness and initial logit.
  package init(count: Int, settings: TrainerSettings) {
    self.init(
      steepness: settings.gateSteepness,
      logits: [Double](repeating: settings.initialGateLogit, count: count),
      moments: [Adam.Moments](repeating: Adam.Moments(), count: count))
  }

  /// Gates in a given state; as many moments as logits.
  init(steepness: Double, logits: [Double], moments: [Adam.Moments]) {
    precondition(logits.count == moments.count, "each gate has its moments")
    self.steepness = steepness
    self.logits = logits
    self.moments = moments
    openProbabilities = logits.map { Sigmoid.value(steepness * $0) }
  }

  /// n, the number of gates and latent dimensions.
  package var count: Int { logits.count }

  /// ‖ν‖₀, the number of gates with σ(kγ) > ½; a gate at ½ is closed.
  package var openCount: Int { openProbabilities.count { $0 > 0.5 } }

  /// Σⱼ σ(kγⱼ), the expected number of open gates and the sparsity penalty of the loss.
  package var expectedOpenCount: Double { openProbabilities.reduce(0, +) }

  /// Whether gate `index` is open when gates are no longer drawn: σ(kγ) > ½.
  package func isOpen(_ index: Int) -> Bool { openProbabilities[index] > 0.5 }

  /// The derivative of the sparsity penalty Σσ(kγ) by a logit, `k·σ(1−σ)`.
  package func penaltyGradient(_ index: Int) -> Double {
    let open = openProbabilities[index]
    return steepness * open * (1 - open)
  }

  /// The ARM estimate of the derivative of λ′·𝔼[E] by a logit, `λ′·k·(E₁ − E₂)·(u − ½)`.
  ///
  /// Its mean over u ~ U[0,1)ⁿ is exactly that derivative.
  ///
  /// - Parameters:
  ///   - uniform: The draw u of this gate.
  ///   - errorDifference: E₁ − E₂, the error under ν₁ less the error under ν₂.
  ///   - multiplier: λ′.
  package func estimatedErrorGradient(
    uniform: Double, errorDifference: Double, multiplier: Double
  ) -> Double {
    multiplier * steepness * errorDifference * (uniform - 0.5)
  }

  /// Moves every logit against its gradient and updates the open probabilities.
  mutating func descend(gradients: [Double], adam: Adam) {
    for index in logits.indices {
      adam.descend(&logits[index], gradient: gradients[index], moments: &moments[index])
      openProbabilities[index] = Sigmoid.value(steepness * logits[index])
    }
  }
}
