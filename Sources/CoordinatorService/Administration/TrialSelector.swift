import Trials

/// Selects trials as people name them: one by the first digits of its name, with or without the
/// `t`, or several by values (`latents=10,tolerance=3`, `stage=narrowed`, `learning_rate=0.001`).
struct TrialSelector {
  private let text: String
  private let values: [(fact: TrialFact, value: String)]?

  /// Parses the text.
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
    var values: [(TrialFact, String)] = []
    for part in Self.parts(of: text) {
      let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2, let fact = TrialFact.all.first(where: { $0.key == sides[0] }) else {
        throw AdministrationError(
          "trial \"\(text)\": found \"\(part)\", expected KEY=VALUE with one of the keys "
            + TrialFact.all.map(\.key).joined(separator: ", "))
      }
      values.append((fact, sides[1]))
    }
    self.values = values
  }

  /// Splits at commas outside lists: `channels=[4, 4, 8]` is one part.
  private static func parts(of text: String) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if character == "[" { depth += 1 }
      if character == "]" { depth -= 1 }
      if character == ",", depth <= 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }

  /// The one matching trial.
  ///
  /// - Throws: ``AdministrationError`` if none or several match.
  func select(in trials: [PlannedTrial]) throws(AdministrationError) -> PlannedTrial {
    let found = try found(in: trials)
    guard found.count == 1 else { throw severalMeant(found) }
    return found[0]
  }

  /// The matching trials: several for values, one for digits.
  ///
  /// - Throws: ``AdministrationError`` if none match, or if digits match several names.
  func selectAll(in trials: [PlannedTrial]) throws(AdministrationError) -> [PlannedTrial] {
    let found = try found(in: trials)
    guard values != nil || found.count == 1 else { throw severalMeant(found) }
    return found
  }

  private func found(in trials: [PlannedTrial]) throws(AdministrationError) -> [PlannedTrial] {
    let found = trials.filter(matches)
    if !found.isEmpty { return found }
    throw AdministrationError("trial \"\(text)\": no such trial in this sweep")
  }

  private func severalMeant(_ found: [PlannedTrial]) -> AdministrationError {
    let names = found.prefix(5).map { "\($0.id)" }.joined(separator: ", ")
    return AdministrationError(
      "trial \"\(text)\": \(found.count) trials are meant: \(names)"
        + (found.count > 5 ? ", …" : ""))
  }

  private func matches(_ trial: PlannedTrial) -> Bool {
    guard let values else {
      return trial.id.digits.hasPrefix(TrialID.withoutLetter(text).lowercased())
    }
    return values.allSatisfy { $0.fact.matches($0.value, in: trial) }
  }
}
