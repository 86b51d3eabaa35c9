import Digests
import Foundation
import Trials

/// What `trials.csv` and `trials.json` say of a trial, without times and hosts.
///
/// ``TrialTables`` keeps the rows from round to round.
enum TrialRecords {
  /// One trial.
  struct Trial: Encodable {
    /// The trial's identity for people.
    let trial: String
    let stage: String
    let replicate: Int
    let dataset: Dataset
    /// The remark that the images are drawn or a part of the published ones; nil if complete.
    let images: String?
    /// `s` and 16 hexadecimal digits, so that no program reads it as a number.
    let seed: String
    let channels: [Int]
    /// n; nil while it waits for a parent.
    let latents: Int?
    /// The parent's number that n is, if measured.
    let latentsFrom: String?
    /// τ; nil while it waits for a parent.
    let tolerance: Double?
    /// The tolerances that a traced trial visits; nil for other trials.
    let trace: ToleranceLadder?
    /// The parent's number that τ is, if measured.
    let toleranceFrom: String?
    let parents: [String]
    let settings: TrainerSettings
    /// The rule for an end before the last milestone; nil for none.
    let quiet: QuietRule?
    let status: TrialStatus
    let milestones: [Milestone]

    private enum CodingKeys: String, CodingKey {
      case trial, stage, replicate, dataset, images, seed, channels, latents
      case latentsFrom = "latents_from"
      case tolerance, trace
      case toleranceFrom = "tolerance_from"
      case parents, settings, quiet, status, milestones
    }
  }

  /// One milestone of a trial, with its report if it was reached.
  struct Milestone: Encodable {
    let budget: Budget
    /// τ of the rung that ends here; nil of trials that are not traced.
    let tolerance: Double?
    let step: Int?
    let gatesOpen: Int?
    let mse: Double?
    let evaluationMSE: Double?
    let firstHitStep: Int?
    /// Whether it kept its tolerance there; nil for baselines, and if not reached.
    let toleranceMet: Bool?
    let multiplier: Double?
    let expectedOpen: Double?
    let openProbabilities: [Double]?
    /// The ending's word, or `ended-before`; nil if not reached, and without a quiet rule.
    let ending: String?
    /// The step from which on the ending's condition held; nil unless the quiet rule ended the
    /// trial.
    let sinceStep: Int?
    /// The gates that open and close, from 0; nil unless the trial ended oscillating.
    let alternatingGates: [Int]?

    private enum CodingKeys: String, CodingKey {
      case budget, tolerance, step
      case gatesOpen = "gates_open"
      case mse
      case evaluationMSE = "evaluation_mse"
      case firstHitStep = "first_hit_step"
      case toleranceMet = "tolerance_met"
      case multiplier
      case expectedOpen = "expected_open"
      case openProbabilities = "open_probabilities"
      case ending
      case sinceStep = "since_step"
      case alternatingGates = "alternating_gates"
    }

    init(budget: Budget, tolerance: Double?, report: MilestoneReport?, ending: String?) {
      self.budget = budget
      self.tolerance = tolerance
      step = report?.step
      gatesOpen = report?.gatesOpen
      mse = report?.mse
      evaluationMSE = report?.evaluationMSE
      firstHitStep = report?.firstHitStep
      toleranceMet = report?.toleranceMet
      multiplier = report?.multiplier
      expectedOpen = report?.openProbabilities.reduce(0, +)
      openProbabilities = report?.openProbabilities
      self.ending = ending
      sinceStep = report?.sinceStep
      alternatingGates = report?.alternatingGates
    }

    /// Extra columns of sweeps with a quiet rule; gates are counted from 0.
    static let endColumns = ["ending", "since_step", "open_gates", "alternating_gates"]

    var endCells: [String] {
      let open = (openProbabilities ?? []).enumerated().filter { $0.element > 0.5 }.map(\.offset)
      return [
        ending ?? "", CSVCell.number(sinceStep),
        (ending == nil ? [] : open).map(String.init).joined(separator: " "),
        (alternatingGates ?? []).map(String.init).joined(separator: " "),
      ]
    }
  }

  /// The columns of `trials.csv`, which has one row per trial and milestone.
  ///
  /// The last columns are the endings, if trials may end early, which way trials trace their
  /// tolerances, if any do, and the trainer settings that differ between the sweep's trials.
  struct Columns {
    /// The trainer settings that differ between trials.
    private let varying: [TrainerSetting]
    /// Whether a trial may end early.
    private let endsEarly: Bool
    /// Whether a trial is traced.
    private let isTraced: Bool

    /// The columns of a sweep.
    init(of plan: SweepPlan) {
      varying = TrainerSetting.all.filter { setting in
        let first = plan.trials.first.map { setting.text(in: $0.configuration.trainer) }
        return plan.trials.contains {
          $0.configuration.trainer != plan.trials[0].configuration.trainer
            && setting.text(in: $0.configuration.trainer) != first
        }
      }
      endsEarly = plan.trials.contains { $0.configuration.quiet != nil }
      isTraced = plan.trials.contains { $0.configuration.trace != nil }
    }

    /// The names of the columns.
    var header: [String] {
      [
        "trial", "stage", "replicate", "dataset", "images", "seed", "channels", "latents",
        "latents_from",
        "tolerance", "tolerance_from", "budget", "step", "gates_open", "mse", "evaluation_mse",
        "first_hit_step", "tolerance_met", "multiplier", "expected_open", "status", "parents",
      ] + (endsEarly ? Milestone.endColumns : []) + (isTraced ? ["traced"] : [])
        + varying.map(\.key)
    }

    /// The lines of a trial, one for each milestone.
    func lines(of trial: Trial) -> String {
      trial.milestones.map { milestone in
        let configuration = [
          trial.trial, trial.stage, String(trial.replicate), trial.dataset.name,
          trial.images ?? "", trial.seed, trial.channels.map(String.init).joined(separator: " "),
          CSVCell.number(trial.latents), trial.latentsFrom ?? "",
          CSVCell.number(milestone.tolerance ?? trial.tolerance), trial.toleranceFrom ?? "",
          milestone.budget.description,
        ]
        let found = [
          CSVCell.number(milestone.step), CSVCell.number(milestone.gatesOpen),
          CSVCell.number(milestone.mse), CSVCell.number(milestone.evaluationMSE),
          CSVCell.number(milestone.firstHitStep),
          milestone.toleranceMet.map(String.init) ?? "", CSVCell.number(milestone.multiplier),
          CSVCell.number(milestone.expectedOpen),
          trial.status.rawValue, trial.parents.joined(separator: " "),
        ]
        return CSVTable.line(
          configuration + found + (endsEarly ? milestone.endCells : [])
            + (isTraced ? [trial.trace?.direction.rawValue ?? ""] : [])
            + varying.map { $0.text(in: trial.settings) })
      }.joined()
    }
  }

  /// A measurement in the syntax of references in sweep files: `<trial>.mse`, `2 *
  /// <trial>.gates_open`.
  static func text(_ measurement: ParentMeasurement) -> String {
    let reference = "\(measurement.trial).\(measurement.output.rawValue)"
    guard measurement.factor != 1 else { return reference }
    return "\(NumberText.shortest(measurement.factor)) * \(reference)"
  }
}

extension TrialRecords.Trial {
  /// The record of a trial.
  ///
  /// - Parameters:
  ///   - used: Its configuration with the values that were used, as far as they are known.
  ///   - counts: Of data sets that are a part of the published ones.
  init(_ recorded: RecordedTrial, used: TrialConfiguration, counts: ImageCounts) {
    let planned = recorded.planned.configuration
    self.init(
      trial: "\(recorded.planned.id)", stage: recorded.planned.stage,
      replicate: recorded.planned.replicate, dataset: planned.dataset,
      images: counts.remark(on: planned.dataset), seed: "s\(planned.seed.hexadecimal)",
      channels: planned.model.channels,
      latents: try? used.resolvedLatents(),
      latentsFrom: planned.model.latents.measurement.map(TrialRecords.text),
      tolerance: try? used.resolvedTolerance(),
      trace: planned.trace, toleranceFrom: planned.tolerance.measurement.map(TrialRecords.text),
      parents: planned.parents.map(\.description), settings: planned.trainer,
      quiet: planned.quiet, status: recorded.status,
      milestones: planned.milestones.enumerated().map { index, budget in
        TrialRecords.Milestone(
          budget: budget, tolerance: planned.trace?.tolerances[index],
          report: recorded.report(at: budget), ending: recorded.ending(at: budget))
      })
  }
}

extension RecordedTrial {
  /// Its latest report; nil before the first.
  package var lastReport: MilestoneReport? {
    result?.milestones.last ?? reports.max { $0.key < $1.key }?.value
  }
}

extension SweepResults {
  /// The last milestone's report of every trial with a result.
  var lastReports: [TrialID: MilestoneReport] {
    var reports: [TrialID: MilestoneReport] = [:]
    for trial in trials {
      if let report = trial.result?.milestones.last { reports[trial.planned.id] = report }
    }
    return reports
  }
}
