import Trials

/// The numbers of a stage that other stages may refer to.
enum StageOutput: String, CaseIterable {
  case latents
  case gatesOpen = "gates_open"
  case tolerance
  case mse
  case evaluationMSE = "evaluation_mse"

  /// The number that the trial reports when it ends; nil for one that stands in its configuration.
  var measured: TrialOutput? { TrialOutput(rawValue: rawValue) }

  /// The outputs of a setting's own unit: a count for `latents`, squared error per image for
  /// `tolerance`; none for settings that take no reference.
  static func fitting(_ key: TrialKey) -> [StageOutput] {
    switch key {
    case .latents: [.latents, .gatesOpen]
    case .tolerance: [.tolerance, .mse, .evaluationMSE]
    default: []
    }
  }
}
