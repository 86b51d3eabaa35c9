import Foundation
import Trials

/// `gates.csv` and `gates.json`: for every gate of every complete narrowing trial, when it closed
/// and at which error.
struct GateTable {
  /// The facts about the whole sweep.
  private let head: ReportHead
  /// A trial with its gates.
  private let trials: [Trial]

  /// One trial.
  struct Trial: Encodable {
    let trial: String
    let stage: String
    let replicate: Int
    let dataset: String
    /// τ as used.
    let tolerance: Double
    let gates: [GateCourse]
  }

  /// The table of a sweep.
  ///
  /// - Parameter courses: The gates of complete trials; other trials are omitted.
  init(of results: SweepResults, courses: [TrialID: [GateCourse]]) {
    head = ReportHead(of: results)
    trials = results.trials.compactMap { recorded in
      guard let gates = courses[recorded.planned.id], let end = recorded.result?.milestones.last
      else { return nil }
      return Trial(
        trial: "\(recorded.planned.id)", stage: recorded.planned.stage,
        replicate: recorded.planned.replicate, dataset: recorded.planned.configuration.dataset.name,
        tolerance: end.tolerance, gates: gates)
    }
  }

  /// `gates.csv`: one row per gate.
  var csv: Data {
    var table = CSVTable(header: [
      "trial", "stage", "replicate", "dataset", "tolerance", "gate", "is_open", "open_probability",
      "closures", "last_open_step", "closed_step", "closed_mse", "closed_gates_open",
    ])
    for trial in trials {
      for gate in trial.gates {
        table.append([
          trial.trial, trial.stage, "\(trial.replicate)", trial.dataset,
          NumberText.shortest(trial.tolerance), "\(gate.gate)", "\(gate.isOpen)",
          NumberText.shortest(gate.openProbability), "\(gate.closures)",
          CSVCell.number(gate.lastOpenStep), CSVCell.number(gate.closedStep),
          CSVCell.number(gate.closedMSE), CSVCell.number(gate.closedGatesOpen),
        ])
      }
    }
    return table.data
  }

  /// `gates.json`: one item per trial.
  var json: Data { ReportJSON.data(head, list: "trials", trials) }
}
