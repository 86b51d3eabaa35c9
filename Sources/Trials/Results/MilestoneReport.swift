import Digests

/// A trial's report at a milestone.
package struct MilestoneReport: Codable, Hashable, Sendable {
  /// The milestone's budget in the configuration.
  package var budget: Budget
  /// τ of the trial; of a traced one, of the rung that ends here.
  package var tolerance: Double
  /// Optimiser steps taken: the budget in steps, or fewer in the last report of a trial that ended
  /// before it (``QuietRule``), and where rungs of a traced trial did.
  package var step: Int
  /// Whether and why the trial ends here.
  package var ending: ReportEnding
  /// The digest of the trainer's state; nil in results of releases without it.
  package var stateDigest: Digest?
  /// ‖ν‖₀: the number of gates with an open probability σ(kγ) above one half.
  package var gatesOpen: Int
  /// Moving average of the summed squared error per training image.
  package var mse: Double
  /// Summed squared error per evaluation image: hard gates, posterior means, running statistics.
  package var evaluationMSE: Double
  /// The step in which a batch first met the tolerance, counted from 1; nil if none has.
  ///
  /// In a traced trial it may be in an earlier rung, whose tolerance the batch then met.
  package var firstHitStep: Int?
  /// The effective multiplier λ′.
  package var multiplier: Double
  /// σ(kγ) of every gate.
  package var openProbabilities: [Double]
  /// The step from which on the ending's condition held; nil unless the trial, or a rung of it, ended
  /// by its ``QuietRule``.
  package var sinceStep: Int?
  /// The gates that open and close, ascending from 0; nil unless the trial ended oscillating.
  package var alternatingGates: [Int]?

  /// A report of the given numbers.
  package init(
    budget: Budget, tolerance: Double, step: Int, ending: ReportEnding, stateDigest: Digest?,
    gatesOpen: Int, mse: Double, evaluationMSE: Double, firstHitStep: Int?, multiplier: Double,
    openProbabilities: [Double], sinceStep: Int? = nil, alternatingGates: [Int]? = nil
  ) {
    self.budget = budget
    self.tolerance = tolerance
    self.step = step
    self.ending = ending
    self.stateDigest = stateDigest
    self.gatesOpen = gatesOpen
    self.mse = mse
    self.evaluationMSE = evaluationMSE
    self.firstHitStep = firstHitStep
    self.multiplier = multiplier
    self.openProbabilities = openProbabilities
    self.sinceStep = sinceStep
    self.alternatingGates = alternatingGates
  }

  private enum CodingKeys: String, CodingKey {
    case budget
    case tolerance
    case step
    case ending
    case stateDigest = "state_sha256"
    case gatesOpen = "gates_open"
    case mse
    case evaluationMSE = "evaluation_mse"
    case firstHitStep = "first_hit_step"
    case multiplier
    case openProbabilities = "open_probabilities"
    case sinceStep = "since_step"
    case alternatingGates = "alternating_gates"
  }
}
