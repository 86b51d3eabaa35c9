import Digests
import Trials

/// How people name one trial: by the first digits of its name, with or without the `t`, or by values that only it has
/// (`latents=10,tolerance=3,stage=narrowed`).
struct TrialSelector {
  private let text: String
  private let values: [(key: String, value: String)]?

  /// The keys that values may be given for.
  private static let keys = ["stage", "replicate", "dataset", "latents", "tolerance", "seed"]

  /// Reads what a person typed.
  init(_ text: String) throws(AdministrationError) {
    self.text = text
    guard text.contains("=") else {
      let digits = TrialID.withoutLetter(text)
      guard !digits.isEmpty, digits.count <= 16, digits.allSatisfy(\.isHexDigit) else {
        throw AdministrationError(
          """
          trial "\(text)": expected t and the first hexadecimal digits of a trial's name, or values \
          such as latents=10,tolerance=3
          """)
      }
      values = nil
      return
    }
    var values: [(String, String)] = []
    for part in text.split(separator: ",") {
      let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2, Self.keys.contains(sides[0]) else {
        throw AdministrationError(
          "trial \"\(text)\": found \"\(part)\", expected KEY=VALUE with one of the keys "
            + Self.keys.joined(separator: ", "))
      }
      values.append((sides[0], sides[1]))
    }
    self.values = values
  }

  /// The one trial that is meant.
  ///
  /// - Throws: ``AdministrationError`` when it is none, or several.
  func select(in trials: [PlannedTrial]) throws(AdministrationError) -> PlannedTrial {
    let found = trials.filter(matches)
    if found.count == 1 { return found[0] }
    guard !found.isEmpty else {
      throw AdministrationError("trial \"\(text)\": no such trial in this sweep")
    }
    let names = found.prefix(5).map { "\($0.id)" }.joined(separator: ", ")
    throw AdministrationError(
      "trial \"\(text)\": \(found.count) trials are meant: \(names)"
        + (found.count > 5 ? ", …" : ""))
  }

  private func matches(_ trial: PlannedTrial) -> Bool {
    guard let values else {
      return trial.id.digits.hasPrefix(TrialID.withoutLetter(text).lowercased())
    }
    return values.allSatisfy { Self.value($0.key, of: trial, equals: $0.value) }
  }

  private static func value(_ key: String, of trial: PlannedTrial, equals text: String) -> Bool {
    let configuration = trial.configuration
    switch key {
    case "stage": return trial.stage == text
    case "replicate": return trial.replicate == Int(text)
    case "dataset": return configuration.dataset.name == text
    case "seed":
      return UInt64(hexadecimal: text.hasPrefix("s") ? String(text.dropFirst()) : text)
        == configuration.seed
    case "latents":
      if case .value(let latents) = configuration.model.latents { return latents == Int(text) }
    case "tolerance":
      if case .value(let value) = configuration.tolerance { return value == Double(text) }
    default: break
    }
    return false
  }
}
