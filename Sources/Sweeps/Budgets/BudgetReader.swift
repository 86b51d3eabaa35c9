import Trials

/// Reads the value of `budget:`: a budget, a list of milestones, or a mapping with a quiet rule.
struct BudgetReader {
  /// The factor on budgets.
  let scale: BudgetScale

  /// The mapping in its shortest form.
  static let quietExample = "{until: quiet, within: 2000 epochs}"
  private static let quietKeys = ["until", "within", "milestones", "window"]

  /// The scaled budget at a node; nil if it is invalid, which is reported.
  func budget(_ node: SyntaxNode, log: inout DiagnosticLog) -> TrialBudget? {
    if let entries = node.entries { return quiet(node, entries, log: &log) }
    guard let milestones = milestones(node, log: &log),
      let scaled = scale.scaled(milestones, at: node.place, log: &log)
    else { return nil }
    return TrialBudget(milestones: scaled)
  }

  /// Reads `{until: quiet, within: 2000 epochs, milestones: [200 epochs], window: 20000 batches}`.
  private func quiet(
    _ node: SyntaxNode, _ entries: [SyntaxNode.Entry], log: inout DiagnosticLog
  ) -> TrialBudget? {
    for entry in entries where !Self.quietKeys.contains(entry.key) {
      log.report(
        "unknown key \"\(entry.key)\" in budget", at: entry.place,
        expected: "one of " + Self.quietKeys.joined(separator: ", "),
        suggestion: NearestName.suggestion(for: entry.key, among: Self.quietKeys))
      return nil
    }
    guard let until = node["until"], until.text == "quiet" else {
      log.report(
        node["until"].map { "\($0.summary) for until" } ?? "a budget without \"until\"",
        at: node["until"]?.place ?? node.place, expected: "quiet, as in \(Self.quietExample)")
      return nil
    }
    guard let within = node["within"] else {
      log.report(
        "a budget without \"within\"", at: node.place,
        expected: "the most that a trial may train, as in \(Self.quietExample)")
      return nil
    }
    guard let limit = within.text.flatMap({ Budget($0) }) else {
      log.report(
        "\(within.summary) for within", at: within.place,
        expected: "one budget such as 200000 batches or 2000 epochs",
        suggestion: Self.unitSuggestion(within.text))
      return nil
    }
    var earlier: [Budget] = []
    if let list = node["milestones"] {
      guard let read = milestones(list, log: &log) else { return nil }
      guard let last = read.last, last.with(count: limit.count) == limit, last.count < limit.count
      else {
        log.report(
          "milestones up to \(read.last?.description ?? "none")", at: list.place,
          expected: "milestones in the unit of within, and before \(limit)")
        return nil
      }
      earlier = read
    }
    guard let window = window(node["window"], log: &log),
      let scaled = scale.scaled(earlier + [limit], at: node.place, log: &log),
      let scaledWindow = scale.scaled([.batches(window)], at: node.place, log: &log)
    else { return nil }
    return TrialBudget(milestones: scaled, quiet: QuietRule(window: scaledWindow[0].count))
  }

  /// The window in batches; the standard one if there is no node.
  private func window(_ node: SyntaxNode?, log: inout DiagnosticLog) -> Int? {
    guard let node else { return QuietRule.standardWindow }
    if let text = node.text, case .batches(let count)? = Budget(text) { return count }
    log.report(
      "\(node.summary) for window", at: node.place,
      expected: "a count of batches such as \(Budget.batches(QuietRule.standardWindow))",
      suggestion: node.text.flatMap(Self.unitSuggestion).flatMap { text in
        if case .batches? = Budget(text) { text } else { nil }
      })
    return nil
  }

  private func milestones(_ node: SyntaxNode, log: inout DiagnosticLog) -> [Budget]? {
    let items: [SyntaxNode]
    if case .list(let list) = node.content { items = list } else { items = [node] }
    guard !items.isEmpty else {
      refuse(node, log: &log)
      return nil
    }
    var milestones: [Budget] = []
    for item in items {
      guard let budget = item.text.flatMap({ Budget($0) }) else {
        refuse(item, log: &log)
        return nil
      }
      if let earlier = milestones.last {
        guard earlier.with(count: budget.count) == budget else {
          log.report(
            "\(budget) after \(earlier)", at: item.place, expected: "milestones in one unit")
          return nil
        }
        guard earlier.count < budget.count else {
          log.report(
            "\(budget) after \(earlier)", at: item.place, expected: "ascending milestones")
          return nil
        }
      }
      milestones.append(budget)
    }
    return milestones
  }

  private func refuse(_ node: SyntaxNode, log: inout DiagnosticLog) {
    log.report(
      "\(node.summary) for budget", at: node.place, expected: ValueReader.expectation(.budget),
      suggestion: Self.unitSuggestion(node.text))
  }

  /// `200000` or `200000 steps` → `200000 batches`; `10 epoch s` → nothing.
  private static func unitSuggestion(_ text: String?) -> String? {
    guard let words = text?.split(separator: " "), let first = words.first,
      let count = Numerals.whole(String(first)), words.count <= 2,
      (1...Budget.maximumCount).contains(count)
    else { return nil }
    let unit = words.count == 2 ? String(words[1]) : "batches"
    let isEpochs = NearestName.suggestion(for: unit, among: ["epochs", "epoch"]) != nil
    return isEpochs ? "\(Budget.epochs(count))" : "\(Budget.batches(count))"
  }
}
