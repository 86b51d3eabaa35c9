import Digests
import Synchronization

/// Writes a configuration's canonical text without an encoder: the same bytes as
/// ``CanonicalJSON``, which a sweep of 100,000 trials would wait seconds for.
enum CanonicalConfigurationText {
  /// The texts of the few sets of trainer settings that a sweep has, and the one asked for last.
  private struct TrainerTexts {
    var last = (settings: TrainerSettings(), text: CanonicalJSON.text(TrainerSettings()))
    var others: [TrainerSettings: String] = [:]
  }

  private static let trainerTexts = Mutex(TrainerTexts())
  /// More distinct settings than this are not remembered.
  private static let memoryCount = 256

  static func text(_ configuration: TrialConfiguration) -> String {
    var text = "{\"dataset\":\""
    text.reserveCapacity(768)
    text += configuration.dataset.rawValue
    text += "\",\"milestones\":["
    for (index, budget) in configuration.milestones.enumerated() {
      text += index == 0 ? "\"" : ",\""
      text += budget.description
      text += "\""
    }
    text += "],\"model\":{\"channels\":["
    for (index, width) in configuration.model.channels.enumerated() {
      if index > 0 { text += "," }
      text += String(width)
    }
    text += "],\"latents\":"
    switch configuration.model.latents {
    case .value(let latents): text += String(latents)
    case .measured(let parentOutput): append(parentOutput, to: &text)
    }
    text += "}"
    if let quiet = configuration.quiet {
      text += ",\"quiet\":{\"window\":"
      text += String(quiet.window)
      text += "}"
    }
    text += ",\"seed\":\""
    text += configuration.seed.hexadecimal
    text += "\",\"tolerance\":"
    switch configuration.tolerance {
    case .value(let tolerance): text += number(tolerance)
    case .measured(let parentOutput): append(parentOutput, to: &text)
    }
    text += ",\"trainer\":"
    text += trainer(configuration.trainer)
    text += "}"
    return text
  }

  private static func append(_ parentOutput: ParentOutput, to text: inout String) {
    text += "{\"factor\":"
    text += number(parentOutput.factor)
    text += ",\"output\":\""
    text += parentOutput.output.rawValue
    text += "\",\"trial\":\""
    text += parentOutput.trial.digits
    text += "\"}"
  }

  /// The shortest text that reads back as the number, whole numbers without a point.
  private static func number(_ value: Double) -> String {
    precondition(value.isFinite, "a value that JSON cannot hold: \(value)")
    // Below 10¹⁵ all digits of a whole number are written; -0 keeps its sign.
    if value == value.rounded(), abs(value) < 1e15, value != 0 { return String(Int(value)) }
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func trainer(_ settings: TrainerSettings) -> String {
    let known = trainerTexts.withLock { texts -> String? in
      if texts.last.settings == settings { return texts.last.text }
      guard let text = texts.others[settings] else { return nil }
      texts.last = (settings, text)
      return text
    }
    if let known { return known }
    let text = CanonicalJSON.text(settings)
    trainerTexts.withLock { texts in
      if texts.others.count < memoryCount { texts.others[settings] = text }
      texts.last = (settings, text)
    }
    return text
  }
}
