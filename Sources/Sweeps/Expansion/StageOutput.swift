import Trials

/// The numbers of a stage that other stages can refer to.
enum StageOutput: String, CaseIterable {
  case latents
  case gatesOpen = "gates_open"
  case tolerance
  case mse
  case evaluationMSE = "evaluation_mse"

  /// The number in the trial's result; nil for one in its configuration.
  var measured: TrialOutput? { TrialOutput(rawValue: rawValue) }

  /// The outputs in the unit of a setting: a count for `latents`, squared error per image for
  /// `tolerance`; none for settings that cannot be a reference.
  static func fitting(_ key: TrialKey) -> [StageOutput] {
    switch key {
    case .latents: [.latents, .gatesOpen]
    case .tolerance: [.tolerance, .mse, .evaluationMSE]
    default: []
    }
  }
}
