import Foundation
import Reports
import Store
import Sweeps
import Trials

extension TrialReport {
  /// The result of a complete trial.
  package struct Result: Codable, Hashable, Sendable {
    /// What it reported at a budget.
    package struct Milestone: Codable, Hashable, Sendable {
      package var count: Int
      /// `batches` or `epochs`.
      package var unit: String
      /// The budget in optimiser steps; where a rung of a traced trial ended.
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
      /// The word for how the rung of a traced trial ended; nil of other trials.
      package var ending: String?
    }

    /// How the trial ended.
    package struct End: Codable, Hashable, Sendable {
      /// `budget`, `quiet`, `oscillating`, `unreachable`, or what other programs may say.
      package var ending: String
      package var step: Int
      /// Gates that are open, from 0.
      package var openGates: [Int]
      /// The step since which the ending's condition held; nil for `budget`.
      package var sinceStep: Int?
      /// Gates that open and close, from 0; nil unless it ended `oscillating`.
      package var alternatingGates: [Int]?
    }

    /// Each budget at which it reported, ascending.
    package var milestones: [Milestone]
    /// How it ended, according to its last report; nil without reports.
    package var end: End?
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
  /// Converts a recorded result.
  init(_ result: TrialResult) {
    let provenance = result.provenance
    let isTraced = provenance.configuration.trace != nil
    milestones = result.milestones.map { Milestone($0, isRung: isTraced) }
    end = result.milestones.last.map(End.init)
    latents = result.milestones.last?.openProbabilities.count ?? 0
    host = provenance.host
    processor = provenance.processor
    build = provenance.build
    instructionSet = provenance.instructionSet
    seconds = provenance.seconds
    steps = provenance.steps
  }

  /// The result as lines for people.
  var lines: [String] {
    var lines = milestones.map { milestone in
      let early = end.flatMap { $0.endedByRule && $0.step == milestone.step ? $0 : nil }
      return "  " + milestone.words(of: latents, endedBy: milestone.ending ?? early?.ending)
    }
    if let words = end?.words { lines.append("  " + words) }
    lines.append(
      "  on \(host) (\(processor), \(instructionSet), \(build)), \(steps) steps in "
        + PlanSummary.duration(seconds))
    return lines
  }
}

extension TrialReport.Result.End {
  fileprivate init(_ report: MilestoneReport) {
    self.init(
      ending: report.ending.word, step: report.step,
      openGates: report.openProbabilities.indices.filter { report.openProbabilities[$0] > 0.5 },
      sinceStep: report.sinceStep, alternatingGates: report.alternatingGates)
  }

  /// Whether the trial ended for a reason other than its budget.
  fileprivate var endedByRule: Bool { ending != ReportEnding.budget.word }

  /// `quiet since step 40100; open gates: 0, 3, 7`; nil if its budget ended it.
  fileprivate var words: String? {
    func list(_ gates: [Int]) -> String {
      gates.isEmpty ? "none" : gates.map(String.init).joined(separator: ", ")
    }
    guard endedByRule else { return nil }
    return ending + (sinceStep.map { " since step \($0)" } ?? "")
      + "; open gates: \(list(openGates))"
      + (alternatingGates.map { "; opening and closing: \(list($0))" } ?? "")
  }
}

extension TrialReport.Result.Milestone {
  fileprivate init(_ report: MilestoneReport, isRung: Bool) {
    let budget = TrialReport.Milestone(report.budget)
    self.init(
      count: budget.count, unit: budget.unit, step: report.step, tolerance: report.tolerance,
      toleranceMet: report.toleranceMet, gatesOpen: report.gatesOpen, mse: report.mse,
      evaluationMse: report.evaluationMSE, firstHitStep: report.firstHitStep,
      ending: isRung ? report.ending.word : nil)
  }

  /// `200 batches: 3 of 8 gates open, MSE 8.02 (evaluation 8.4), tolerance 8 met, first in step 120`.
  ///
  /// - Parameter ending: The ending's word if the trial ended before its budget was spent, or of a
  ///   rung.
  fileprivate func words(of latents: Int, endedBy ending: String?) -> String {
    func number(_ value: Double) -> String { String(format: "%.4g", value) }
    let met =
      switch toleranceMet {
      case nil: "no tolerance"
      case true?: "tolerance \(number(tolerance)) met"
      case false?: "tolerance \(number(tolerance)) NOT met"
      }
    let place = ending.map { "\($0) at step \(step), within " } ?? ""
    return "\(place)\(count) \(unit): \(gatesOpen) of \(latents) gates open, MSE \(number(mse)) "
      + "(evaluation \(number(evaluationMse))), \(met)"
      + (firstHitStep.map { ", first in step \($0)" } ?? "")
  }
}
