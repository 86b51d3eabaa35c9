import CoordinatorService
import Reports
import Trials

/// A trial as the table of trials shows it; JSON keys are in snake case.
struct TrialRow: Encodable, Sendable {
  /// Its place in the plan, from 0.
  let place: Int
  let trial: String
  /// Its name within its stage.
  let name: String
  let stage: String
  var status = TrialStatus.waiting
  /// τ, where it is known.
  var tolerance: Double?
  /// n, where it is known.
  var latents: Int?
  var gatesOpen: Int?
  /// Also nil if it is not a number.
  var mse: Double?
  var evaluationMSE: Double?
  var step: Int?
  var attempts = 0
  var worker: String?
  /// Why the last attempt failed: cause and message.
  var cause: String?
  var message: String?
  /// The number of the last record about it; 0 for none.
  var changed = 0
  /// The text that the filter searches.
  private(set) var searched: String

  private enum CodingKeys: CodingKey {
    case place, trial, name, stage, status, tolerance, latents, gatesOpen, mse, evaluationMSE, step
    case attempts, worker, cause, message, changed
  }

  /// The row of a trial without records.
  init(_ planned: PlannedTrial, place: Int, name: String) {
    self.place = place
    self.name = name
    trial = "\(planned.id)"
    stage = planned.stage
    tolerance = try? planned.configuration.resolvedTolerance()
    latents = try? planned.configuration.resolvedLatents()
    searched = "\(trial) \(name) \(stage)".lowercased()
  }

  /// Updates the row from the trial's state.
  mutating func show(_ recorded: RecordedTrial, sequence: Int) {
    status = recorded.status
    attempts = recorded.attempts
    let words = (worker, cause, message)
    worker = recorded.worker
    changed = sequence
    let isFailure = recorded.status == .failed || recorded.status == .stopped
    cause = isFailure ? recorded.failure?.cause.rawValue : nil
    message = isFailure ? recorded.failure.map { String($0.message.prefix(400)) } : nil
    let report = recorded.lastReport
    gatesOpen = report?.gatesOpen
    mse = report.flatMap { $0.mse.isFinite ? $0.mse : nil }
    evaluationMSE = report.flatMap { $0.evaluationMSE.isFinite ? $0.evaluationMSE : nil }
    step = report?.step
    if recorded.planned.configuration.trace != nil {
      tolerance = recorded.planned.configuration.tolerance(at: report)
    }
    if let used = recorded.result?.provenance.configuration {
      tolerance = used.tolerance(at: report)
      latents = try? used.resolvedLatents()
    }
    guard words != (worker, cause, message) else { return }
    searched = [trial, name, stage, worker ?? "", cause ?? "", message ?? ""]
      .joined(separator: " ").lowercased().replacing(scalar: "\0", with: " ")
  }
}
