import Digests
import Synchronization

/// Writes a configuration's canonical text directly: the same bytes as ``CanonicalJSON``, whose
/// encoder would take seconds for a sweep of 100,000 trials.
enum CanonicalConfigurationText {
  /// Cached texts of trainer settings, of which a sweep has few, and the latest one.
  private struct TrainerTexts {
    var last = (settings: TrainerSettings(), text: CanonicalJSON.text(TrainerSettings()))
    var others: [TrainerSettings: String] = [:]
  }

  private static let trainerTexts = Mutex(TrainerTexts())
  /// The most settings in the cache.
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
    case .measured(let measurement): append(measurement, to: &text)
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
    case .measured(let measurement): append(measurement, to: &text)
    }
    if let trace = configuration.trace {
      text += ",\"trace\":["
      text += trace.tolerances.map(number).joined(separator: ",")
      text += "]"
    }
    text += ",\"trainer\":"
    text += trainer(configuration.trainer)
    text += "}"
    return text
  }

  private static func append(_ measurement: ParentMeasurement, to text: inout String) {
    text += "{\"factor\":"
    text += number(measurement.factor)
    text += ",\"output\":\""
    text += measurement.output.rawValue
    text += "\",\"trial\":\""
    text += measurement.trial.digits
    text += "\"}"
  }

  /// The shortest text that reads back as the number; whole numbers have no point.
  private static func number(_ value: Double) -> String {
    precondition(value.isFinite, "a value that JSON cannot hold: \(value)")
    // The encoder writes whole numbers below 10¹⁵ without an exponent, and -0 with its sign.
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
