import Digests
import Foundation
import Trials

/// A sweep as four tables for data frames, which the column `trial` joins.
///
/// `trials`: one row per trial, with its configuration, every setting, its last report and its
/// host. `milestones`: one row per milestone reached. `trajectories`: one row per sample. `gates`:
/// one row per sample and gate. Unlike the output `trials.csv` they contain times and hosts. In
/// JSON each is a list of objects.
package struct TidyTables {
  /// The format of tables; the raw value is the files' extension.
  package enum Form: String, Sendable {
    case csv
    case json
  }

  /// The tables' file names without extension.
  package static let names = ["trials", "milestones", "trajectories", "gates"]

  private let form: Form
  private let trials: [RecordedTrial]
  private let results: SweepResults
  private let loader: ArtifactLoader
  /// Appends the next piece of a file.
  private let append: (_ file: String, _ text: String) throws -> Void

  /// The tables of some trials of a sweep.
  ///
  /// - Parameters:
  ///   - load: Fetches a finished trial's file by its digest.
  ///   - append: Appends the next piece of a file; whole files may not fit into memory.
  package init(
    of trials: [RecordedTrial], in results: SweepResults, as form: Form,
    load: @escaping (Artifact) throws -> Data,
    append: @escaping (_ file: String, _ text: String) throws -> Void
  ) {
    self.form = form
    self.trials = trials
    self.results = results
    loader = ArtifactLoader(load: load)
    self.append = append
  }

  /// Writes all tables.
  ///
  /// - Returns: An error for each trial whose trajectory is missing; all else is written.
  /// - Throws: The errors of `append`.
  package func write() throws -> [ReportError] {
    try writeTrials()
    try writeMilestones()
    return try writeTrajectories()
  }

  private static let found = [
    "budget", "step", "gates_open", "mse", "evaluation_mse", "first_hit_step", "tolerance_met",
    "multiplier", "expected_open", "state_sha256",
  ]

  private func cells(of report: MilestoneReport?) -> [TidyCell] {
    guard let report else { return Self.found.map { _ in .missing } }
    return [
      .text(report.budget.description), .number(report.step), .number(report.gatesOpen),
      .number(report.mse), .number(report.evaluationMSE), .number(report.firstHitStep),
      report.toleranceMet.map { .flag($0) } ?? .missing, .number(report.multiplier),
      .number(report.openProbabilities.reduce(0, +)),
      report.stateDigest.map { .text($0.hexadecimal) } ?? .missing,
    ]
  }

  private func writeTrials() throws {
    let settings = TrainerSetting.all.filter(\.changesTraining)
    var table = TidyTable(
      "trials", form,
      columns: [
        "trial", "stage", "replicate", "dataset", "seed", "channels", "latents", "tolerance",
        "parents", "status", "attempts",
      ] + Self.found + settings.map(\.key) + [
        "host", "processor", "instruction_set", "build", "worker", "images_sha256",
        "model_sha256", "started", "seconds", "processor_seconds", "steps", "second_pass_share",
        "peak_resident_bytes", "reused_from",
      ])
    try append(table.name, table.head)
    let reports = results.lastReports
    for trial in trials {
      let planned = trial.planned.configuration
      let used = trial.configurationUsed(in: reports)
      let last = trial.lastReport
      let provenance = trial.result?.provenance
      let model = trial.result?.artifacts.first { $0.kind == .model }
      let head: [TidyCell] = [
        .text(trial.planned.id.description), .text(trial.planned.stage),
        .number(trial.planned.replicate), .text(planned.dataset.name),
        .text("s\(planned.seed.hexadecimal)"),
        .text(planned.model.channels.map(String.init).joined(separator: " ")),
        .number(try? used.resolvedLatents()), .number(used.tolerance(at: last)),
        .text(planned.parents.map(\.description).joined(separator: " ")),
        .text(trial.status.rawValue), .number(trial.attempts),
      ]
      let tail: [TidyCell] = [
        provenance.map { .foreign($0.host) } ?? .missing,
        provenance.map { .foreign($0.processor) } ?? .missing,
        provenance.map { .foreign($0.instructionSet) } ?? .missing,
        provenance.map { .foreign($0.versions[TrialProvenance.program] ?? "") } ?? .missing,
        trial.worker.map { .foreign($0) } ?? .missing,
        provenance.map { .text($0.images.hexadecimal) } ?? .missing,
        model.map { .text($0.digest.hexadecimal) } ?? .missing,
        provenance.map { .foreign($0.started) } ?? .missing, .number(provenance?.seconds),
        .number(provenance?.processorSeconds), .number(provenance?.steps),
        .number(provenance?.secondPassShare), .number(provenance?.peakResidentBytes),
        trial.reusedFrom.map { .foreign($0) } ?? .missing,
      ]
      try append(
        table.name,
        table.row(
          head + cells(of: last) + settings.map { .setting($0.text(in: planned.trainer)) } + tail))
    }
    try append(table.name, table.tail)
  }

  private func writeMilestones() throws {
    // The tolerance of a rung; that of other trials is in the table of trials.
    let isTraced = trials.contains { $0.planned.configuration.trace != nil }
    var table = TidyTable(
      "milestones", form,
      columns: ["trial"] + Self.found + (isTraced ? ["tolerance", "traced"] : []))
    try append(table.name, table.head)
    for trial in trials {
      for budget in trial.planned.configuration.milestones {
        guard let report = trial.report(at: budget) else { continue }
        let direction = trial.planned.configuration.trace?.direction
        let rung: [TidyCell] = [
          .number(report.tolerance), direction.map { .text($0.rawValue) } ?? .missing,
        ]
        try append(
          table.name,
          table.row(
            [.text(trial.planned.id.description)] + cells(of: report) + (isTraced ? rung : [])))
      }
    }
    try append(table.name, table.tail)
  }

  private func writeTrajectories() throws -> [ReportError] {
    let columns = TrajectoryText.fixedColumns
    var samples = TidyTable(
      "trajectories", form, columns: ["trial"] + columns + ["steps_per_second"])
    var gates = TidyTable("gates", form, columns: ["trial", "step", "gate", "open_probability"])
    var problems: [ReportError] = []
    try append(samples.name, samples.head)
    try append(gates.name, gates.head)
    for trial in trials where trial.result != nil {
      let trajectory: TrajectoryTable
      let pace: PaceTable
      do throws(ReportError) {
        trajectory = try loader.parse(.trajectory, of: trial) { try TrajectoryTable($0) }
        pace = try loader.parse(.pace, of: trial) { try PaceTable($0) }
      } catch {
        problems.append(error)
        continue
      }
      let id = TidyCell.text(trial.planned.id.description)
      var (sampled, probabilities) = ("", "")
      for row in trajectory.rows {
        let speed = pace.stepsPerSecond[row[0]].map { TidyCell.field($0) } ?? .missing
        sampled += samples.row([id] + row.prefix(columns.count).map { .field($0) } + [speed])
        for (gate, field) in row.dropFirst(columns.count).enumerated() {
          probabilities += gates.row([id, .field(row[0]), .number(gate), .field(field)])
        }
      }
      try append(samples.name, sampled)
      try append(gates.name, probabilities)
    }
    try append(samples.name, samples.tail)
    try append(gates.name, gates.tail)
    return problems
  }
}
