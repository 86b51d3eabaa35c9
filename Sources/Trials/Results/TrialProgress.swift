/// The progress of a running trial, for people and the scheduler; results do not depend on it.
package struct TrialProgress: Codable, Hashable, Sendable {
  /// Optimiser steps taken.
  package var step: Int
  /// Optimiser steps up to the last milestone.
  package var totalSteps: Int
  /// Moving average of the summed squared error per training image.
  package var mse: Double
  /// ‖ν‖₀ at this moment.
  package var gatesOpen: Int
  /// λ′ at this moment.
  package var multiplier: Double
  /// Steps per second since the last progress.
  package var stepsPerSecond: Double

  /// A progress of the given numbers.
  package init(
    step: Int, totalSteps: Int, mse: Double, gatesOpen: Int, multiplier: Double,
    stepsPerSecond: Double
  ) {
    self.step = step
    self.totalSteps = totalSteps
    self.mse = mse
    self.gatesOpen = gatesOpen
    self.multiplier = multiplier
    self.stepsPerSecond = stepsPerSecond
  }

  private enum CodingKeys: String, CodingKey {
    case step
    case totalSteps = "total_steps"
    case mse
    case gatesOpen = "gates_open"
    case multiplier
    case stepsPerSecond = "steps_per_second"
  }
}
