/// The numbers of a finished trial that a later stage can refer to (`baseline.mse`), from the last
/// milestone.
package enum TrialOutput: String, CaseIterable, Codable, Hashable, Sendable {
  /// Moving average of the summed squared error per training image.
  case mse
  /// Summed squared error per evaluation image with hard gates and posterior means.
  case evaluationMSE = "evaluation_mse"
  /// ‖ν‖₀, the number of open gates.
  case gatesOpen = "gates_open"

  /// The number in a milestone's report.
  package func value(in report: MilestoneReport) -> Double {
    switch self {
    case .mse: report.mse
    case .evaluationMSE: report.evaluationMSE
    case .gatesOpen: Double(report.gatesOpen)
    }
  }
}
