import Trials

/// Reads the value of one key, checking type, unit and range.
struct ValueReader {
  /// The factor on budgets.
  let budgetScale: BudgetScale
  /// The users' own sets that are prepared on this host.
  let ownImages: [Dataset]

  /// The value of `key` at `node`; nil if it is invalid, which is reported.
  func value(
    _ node: SyntaxNode, for key: TrialKey, log: inout DiagnosticLog
  ) -> Placed<TrialValue>? {
    let value: TrialValue? =
      switch key {
      case .dataset: dataset(node, log: &log).map { .dataset($0) }
      case .latents: latents(node, log: &log).map { .latents($0) }
      case .channels: channels(node, log: &log).map { .channels($0) }
      case .tolerance: tolerance(node, log: &log).map { .tolerance($0) }
      case .trace: trace(node, log: &log).map { .trace($0) }
      case .budget:
        BudgetReader(scale: budgetScale).budget(node, log: &log).map { .budget($0) }
      case .seed: seed(node, log: &log).map { .seed($0) }
      case .trainer(let name):
        setting(node, TrialKey.setting(name), log: &log).map { .setting($0) }
      }
    return value.map { Placed($0, at: node.place) }
  }

  /// The accepted values of a key, in words.
  static func expectation(_ key: TrialKey) -> String {
    switch key {
    case .dataset:
      "one of " + Dataset.allCases.map(\.name).joined(separator: ", ")
        + ", or a set of your own that is prepared (coordinator data prepare NAME --as SHAPE)"
    case .latents:
      "a whole number from \(ModelSettings.latentRange.lowerBound) to "
        + "\(ModelSettings.latentRange.upperBound), or a reference such as 2 * baseline.latents"
    case .channels: "a list of whole numbers from 1 to 1024, such as [32, 32, 64]"
    case .tolerance:
      "a number from 0 to \(Numerals.text(TrialConfiguration.maximumTolerance)), "
        + "or a reference such as baseline.mse"
    case .trace: ToleranceLadder.expectation
    case .budget:
      "a budget such as 200000 batches or 100 epochs, an ascending list of them in one unit, or "
        + BudgetReader.quietExample
    case .seed: "a whole number from 0 to \(Int.max)"
    case .trainer(let name): TrialKey.setting(name).expectation
    }
  }

  private func refuse(
    _ node: SyntaxNode, for key: TrialKey, log: inout DiagnosticLog, suggestion: String? = nil
  ) {
    var suggestion = suggestion
    if case .list = node.content, ![.channels, .budget, .trace].contains(key) {
      suggestion = "an axis, axes: {\(key.name): […]}"
    }
    if key.numberKind == .real, let text = node.plainText {
      suggestion =
        suggestion ?? Numerals.withPoint(text)
        ?? (Numerals.isTooSmall(text) ? "0 (the number is too small)" : nil)
    }
    log.report(
      "\(node.summary) for \(key.name)", at: node.place, expected: Self.expectation(key),
      suggestion: suggestion)
  }

  private func dataset(_ node: SyntaxNode, log: inout DiagnosticLog) -> Dataset? {
    let known = Dataset.allCases + ownImages
    if let text = node.text,
      let dataset = known.first(where: { $0.name == text }) ?? Dataset(rawValue: text)
    {
      return dataset
    }
    let suggestion = node.text.flatMap {
      NearestName.suggestion(for: $0, among: known.map(\.name))
    }
    refuse(node, for: .dataset, log: &log, suggestion: suggestion)
    return nil
  }

  private func latents(_ node: SyntaxNode, log: inout DiagnosticLog) -> Quantity? {
    if let text = node.plainText {
      if let count = Numerals.whole(text), ModelSettings.latentRange.contains(count) {
        return .number(Double(count))
      }
      if let reference = StageReference(text) { return .reference(reference) }
    }
    refuse(node, for: .latents, log: &log)
    return nil
  }

  private func tolerance(_ node: SyntaxNode, log: inout DiagnosticLog) -> Quantity? {
    if let text = node.plainText {
      if let value = Numerals.real(text), value >= 0, value <= TrialConfiguration.maximumTolerance {
        return .number(value)
      }
      if let reference = StageReference(text) { return .reference(reference) }
    }
    refuse(node, for: .tolerance, log: &log)
    return nil
  }

  private func channels(_ node: SyntaxNode, log: inout DiagnosticLog) -> [Int]? {
    guard case .list(let items) = node.content, !items.isEmpty else {
      refuse(node, for: .channels, log: &log)
      return nil
    }
    var widths: [Int] = []
    for item in items {
      guard let width = item.plainText.flatMap(Numerals.whole),
        ModelSettings.channelRange.contains(width)
      else {
        log.report(
          "\(item.summary) for a width of channels", at: item.place,
          expected: "a whole number from 1 to 1024")
        return nil
      }
      widths.append(width)
    }
    return widths
  }

  /// Refuses a list of numbers some of whose commas may be decimal ones.
  ///
  /// - Returns: Whether it is refused.
  static func refuseDecimalCommas(
    in node: SyntaxNode, for what: String, log: inout DiagnosticLog
  ) -> Bool {
    guard node.hasDecimalCommas else { return false }
    log.report(
      "numbers for \(what), some with a space after the comma, some without",
      at: node.place, expected: "a space after every comma, or after none",
      suggestion: "a point in place of each decimal comma")
    return true
  }

  private func trace(_ node: SyntaxNode, log: inout DiagnosticLog) -> ToleranceLadder? {
    guard case .list(let items) = node.content else {
      refuse(node, for: .trace, log: &log)
      return nil
    }
    if Self.refuseDecimalCommas(in: node, for: "trace", log: &log) { return nil }
    var tolerances: [Double] = []
    for item in items {
      guard let value = item.plainText.flatMap(Numerals.real), value > 0,
        value <= TrialConfiguration.maximumTolerance
      else {
        log.report(
          "\(item.summary) for a tolerance of trace", at: item.place,
          expected: "a number above 0, at most "
            + Numerals.text(TrialConfiguration.maximumTolerance),
          suggestion: item.plainText.flatMap(Numerals.withPoint))
        return nil
      }
      if let last = tolerances.last {
        // The first two tolerances say which way the ladder leads.
        let ascends = tolerances.count == 1 ? last < value : tolerances[0] < tolerances[1]
        guard ascends ? last < value : last > value else {
          log.report(
            "\(Numerals.text(value)) after \(Numerals.text(last)) for trace", at: item.place,
            expected: "tolerances that all ascend or all descend")
          return nil
        }
      }
      tolerances.append(value)
    }
    guard let ladder = ToleranceLadder(tolerances) else {
      log.report(
        "\(tolerances.count) tolerances for trace", at: node.place,
        expected: ToleranceLadder.expectation)
      return nil
    }
    return ladder
  }

  private func seed(_ node: SyntaxNode, log: inout DiagnosticLog) -> UInt64? {
    if let value = node.plainText.flatMap(Numerals.whole), value >= 0 { return UInt64(value) }
    refuse(node, for: .seed, log: &log)
    return nil
  }

  private func setting(
    _ node: SyntaxNode, _ setting: TrainerSetting, log: inout DiagnosticLog
  ) -> String? {
    var settings = TrainerSettings()
    let text: String? =
      switch setting.kind {
      case .integer: node.plainText.flatMap(Numerals.whole).map(String.init)
      case .real: node.plainText.flatMap(Numerals.real).map(\.description)
      case .choice: node.text
      }
    if let text, setting.set(text, in: &settings) { return text }
    var suggestion: String?
    if case .choice(let words, _, _) = setting.kind, let text = node.text {
      suggestion = NearestName.suggestion(for: text, among: words)
    }
    refuse(node, for: .trainer(setting.key), log: &log, suggestion: suggestion)
    return nil
  }
}
