import Foundation
import Reports
import Store
import Sweeps
import Trials

extension TrialReport {
  /// What a complete trial came to.
  package struct Result: Codable, Hashable, Sendable {
    /// What it reported at a budget.
    package struct Milestone: Codable, Hashable, Sendable {
      package var count: Int
      /// `batches` or `epochs`.
      package var unit: String
      /// The budget in optimiser steps.
      package var step: Int
      /// τ as a number.
      package var tolerance: Double
      /// Whether it kept τ; nil of a baseline.
      package var toleranceMet: Bool?
      /// ‖ν‖₀.
      package var gatesOpen: Int
      /// Moving average of the summed squared error per training image.
      package var mse: Double
      /// Summed squared error per evaluation image.
      package var evaluationMse: Double
      /// The step in which a batch first met τ; nil if none has.
      package var firstHitStep: Int?
    }

    /// Each budget at which it reported, ascending.
    package var milestones: [Milestone]
    /// n as a number.
    package var latents: Int
    /// Where its last attempt ran.
    package var host: String
    /// That host's processor.
    package var processor: String
    /// The worker's build.
    package var build: String
    /// Instruction set of the kernels.
    package var instructionSet: String
    /// Training and evaluation of the last attempt.
    package var seconds: Double
    /// Optimiser steps of the last attempt.
    package var steps: Int
  }
}

extension TrialReport.Result {
  /// What the record has of a result.
  init(_ result: TrialResult) {
    let provenance = result.provenance
    milestones = result.milestones.map(Milestone.init)
    latents = result.milestones.last?.openProbabilities.count ?? 0
    host = provenance.host
    processor = provenance.processor
    build = provenance.build
    instructionSet = provenance.instructionSet
    seconds = provenance.seconds
    steps = provenance.steps
  }

  /// The result for people, a line each.
  var lines: [String] {
    milestones.map { "  \($0.words(of: latents))" } + [
      "  on \(host) (\(processor), \(instructionSet), \(build)), \(steps) steps in "
        + PlanSummary.duration(seconds)
    ]
  }
}

extension TrialReport.Result.Milestone {
  fileprivate init(_ report: MilestoneReport) {
    let budget = TrialReport.Milestone(report.budget)
    self.init(
      count: budget.count, unit: budget.unit, step: report.step, tolerance: report.tolerance,
      toleranceMet: report.toleranceMet, gatesOpen: report.gatesOpen, mse: report.mse,
      evaluationMse: report.evaluationMSE, firstHitStep: report.firstHitStep)
  }

  /// `200 batches: 3 of 8 gates open, MSE 8.02 (evaluation 8.4), tolerance 8 met, first in step 120`.
  fileprivate func words(of latents: Int) -> String {
    func number(_ value: Double) -> String { String(format: "%.4g", value) }
    let met =
      switch toleranceMet {
      case nil: "no tolerance"
      case true?: "tolerance \(number(tolerance)) met"
      case false?: "tolerance \(number(tolerance)) NOT met"
      }
    return "\(count) \(unit): \(gatesOpen) of \(latents) gates open, MSE \(number(mse)) "
      + "(evaluation \(number(evaluationMse))), \(met)"
      + (firstHitStep.map { ", first in step \($0)" } ?? "")
  }
}
