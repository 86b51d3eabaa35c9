import Foundation

/// The values of `{from: 3, to: 30, step: 3}`, `{from: 1, to: 5, count: 9}` or
/// `{from: 1, to: 100, count: 5, scale: log}`.
///
/// Values are rounded to 12 significant digits, so that three steps of 0.1 give the same point as a
/// typed 0.3. On a logarithmic scale, values of whole-number settings are rounded to whole numbers.
struct NumericRange {
  static let keys = ["from", "to", "step", "count", "scale"]
  static let maximumCount = 1_000_000

  private var from = 0.0
  private var to = 0.0
  private var spacing = Spacing.step(1)
  private let kind: NumberKind

  private enum Spacing {
    case step(Double)
    case linear(count: Int)
    case logarithmic(count: Int)
  }

  /// Reads a range; nil if it is invalid, which is reported.
  init?(_ node: SyntaxNode, for key: TrialKey, kind: NumberKind, log: inout DiagnosticLog) {
    self.kind = kind
    guard let entries = node.entries else { return nil }
    var isUsable = true
    for entry in entries where !Self.keys.contains(entry.key) {
      log.report(
        "unknown key \"\(entry.key)\" in a range", at: entry.place,
        expected: "one of " + Self.keys.joined(separator: ", "),
        suggestion: NearestName.suggestion(for: entry.key, among: Self.keys))
      isUsable = false
    }
    guard let from = Self.number("from", in: node, key: key, log: &log),
      let to = Self.number("to", in: node, key: key, log: &log), isUsable
    else { return nil }
    guard from < to else {
      log.report(
        "a range from \(Numerals.text(from)) to \(Numerals.text(to))", at: node.place,
        expected: "from below to")
      return nil
    }
    self.from = from
    self.to = to
    guard let spacing = readSpacing(node, key: key, log: &log) else { return nil }
    self.spacing = spacing
  }

  private static func number(
    _ name: String, in node: SyntaxNode, key: TrialKey, log: inout DiagnosticLog
  ) -> Double? {
    guard let value = node[name] else {
      log.report(
        "a range for \(key.name) without \"\(name)\"", at: node.place,
        expected: "{from: …, to: …, step: …} or {from: …, to: …, count: …}")
      return nil
    }
    guard let number = value.plainText.flatMap(Numerals.real) else {
      log.report("\(value.summary) for \"\(name)\"", at: value.place, expected: "a number")
      return nil
    }
    return number
  }

  private func readSpacing(
    _ node: SyntaxNode, key: TrialKey, log: inout DiagnosticLog
  ) -> Spacing? {
    var isLogarithmic = false
    if let scale = node["scale"] {
      guard let word = scale.text, word == "log" || word == "linear" else {
        log.report(
          "\(scale.summary) for \"scale\"", at: scale.place, expected: "log or linear")
        return nil
      }
      isLogarithmic = word == "log"
    }
    switch (node["step"], node["count"]) {
    case (let step?, nil):
      guard !isLogarithmic else {
        log.report(
          "a logarithmic range with \"step\"", at: step.place, expected: "\"count\" instead")
        return nil
      }
      return readStep(step, log: &log)
    case (nil, let count?):
      guard let number = count.plainText.flatMap(Numerals.whole),
        (2...Self.maximumCount).contains(number)
      else {
        log.report(
          "\(count.summary) for \"count\"", at: count.place,
          expected: "a whole number from 2 to \(Self.maximumCount)")
        return nil
      }
      guard !isLogarithmic || from > 0 else {
        log.report(
          "a logarithmic range from \(Numerals.text(from))", at: node.place,
          expected: "from above 0")
        return nil
      }
      return isLogarithmic ? .logarithmic(count: number) : .linear(count: number)
    default:
      log.report(
        "a range for \(key.name) with \(node["step"] == nil ? "neither" : "both")"
          + " \"step\" \(node["step"] == nil ? "nor" : "and") \"count\"",
        at: node.place, expected: "one of them")
      return nil
    }
  }

  private func readStep(_ step: SyntaxNode, log: inout DiagnosticLog) -> Spacing? {
    guard let size = step.plainText.flatMap(Numerals.real), size > 0 else {
      log.report("\(step.summary) for \"step\"", at: step.place, expected: "a number above 0")
      return nil
    }
    let intervals = (to - from) / size
    guard intervals < Double(Self.maximumCount) else {
      log.report(
        "a range of \(Numerals.text(intervals.rounded())) steps", at: step.place,
        expected: "fewer than \(Self.maximumCount)")
      return nil
    }
    guard abs(intervals - intervals.rounded()) < 1e-6 else {
      log.report(
        "a step of \(Numerals.text(size)) from \(Numerals.text(from))", at: step.place,
        expected: "one that arrives at \(Numerals.text(to))")
      return nil
    }
    return .step(size)
  }

  /// The values, ascending.
  var values: [Double] {
    switch spacing {
    case .step(let size):
      (0...Int(((to - from) / size).rounded())).map { tidy(from + Double($0) * size) }
    case .linear(let count):
      (0..<count).map { tidy(from + (to - from) * Double($0) / Double(count - 1)) }
    case .logarithmic(let count):
      (0..<count).map { index in
        let value = from * pow(to / from, Double(index) / Double(count - 1))
        return kind == .whole ? value.rounded() : tidy(value)
      }
    }
  }

  private func tidy(_ value: Double) -> Double {
    // Whole numbers of at most 12 digits need no rounding; formatting many values is slow.
    if value == value.rounded(), abs(value) < 1e12 { return value }
    return Double(String(format: "%.12g", value)) ?? value
  }
}
