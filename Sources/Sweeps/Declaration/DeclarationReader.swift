import Trials

/// Makes a declaration from a sweep's tree; checks every key, type, unit and range.
struct DeclarationReader {
  private(set) var log = DiagnosticLog()
  private let values: ValueReader

  private static let trialKeys =
    TrialKey.direct.map(\.name) + ["model", "trainer", "axes", "zip"]
  private static let topKeys =
    ["sweep", "question", "outputs", "seed", "replicates", "limits", "stages"] + trialKeys

  init(log: DiagnosticLog, budgetScale: BudgetScale, ownImages: [Dataset]) {
    self.log = log
    self.values = ValueReader(budgetScale: budgetScale, ownImages: ownImages)
  }

  /// The declaration of a file; ``log`` receives its errors.
  mutating func declaration(_ root: SyntaxNode, of file: String) -> SweepDeclaration {
    var declaration = SweepDeclaration(place: .file(file))
    guard let entries = root.entries else {
      log.report(
        root.summary, at: root.place,
        expected: "a mapping of \(Self.topKeys.joined(separator: ", "))"
      )
      return declaration
    }
    if root["sweep"] == nil {
      log.report("no name of the sweep", at: .file(file), expected: "a key \"sweep\"")
    }
    for entry in entries {
      switch entry.key {
      case "sweep": declaration.name = name(entry.value)
      case "question": declaration.question = question(entry.value)
      case "outputs": declaration.outputs = outputs(entry.value)
      case "seed":
        if case .seed(let seed)? = values.value(entry.value, for: .seed, log: &log)?.value {
          declaration.seed = seed
        }
      case "replicates": declaration.replicates = replicates(entry.value)
      case "limits": declaration.limits = LimitsReader.limits(entry.value, log: &log)
      case "stages": declaration.stages = stages(entry.value)
      case let key where !Self.trialKeys.contains(key):
        refuseKey(entry, expected: Self.topKeys)
      default: break
      }
    }
    declaration.shared = scope(
      entries.filter { Self.trialKeys.contains($0.key) }, isShared: root["stages"] != nil)
    if declaration.shared.axisKeys.contains(.seed), let seed = root["seed"] {
      log.report(
        "a seed and an axis of seeds", at: seed.place, expected: "one of them")
    }
    if root["stages"] == nil {
      declaration.stages = [
        SweepDeclaration.Stage(
          name: SweepDeclaration.onlyStageName, place: .file(file), scope: Scope())
      ]
    }
    return declaration
  }

  private mutating func name(_ node: SyntaxNode) -> String {
    if let text = node.text, Name.isWellFormed(text) { return text }
    log.report("\(node.summary) for sweep", at: node.place, expected: Name.expectation)
    return ""
  }

  private mutating func question(_ node: SyntaxNode) -> String {
    if let text = node.text, !text.contains(where: \.isNewline), PlainText.line(text) == text {
      return text
    }
    let found =
      node.text.map { $0.contains(where: \.isNewline) ? "several lines" : "control characters" }
    log.report(
      "\(found ?? node.summary) for question", at: node.place, expected: "one line of text")
    return ""
  }

  private mutating func replicates(_ node: SyntaxNode) -> Int {
    let range = SweepDeclaration.replicateRange
    if let count = node.plainText.flatMap(Numerals.whole), range.contains(count) { return count }
    log.report(
      "\(node.summary) for replicates", at: node.place,
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    return 1
  }

  private mutating func outputs(_ node: SyntaxNode) -> [SweepOutput] {
    let known = SweepOutput.allCases.map(\.rawValue)
    guard case .list(let items) = node.content else {
      log.report(
        "\(node.summary) for outputs", at: node.place, expected: "a list such as [figure3]")
      return []
    }
    var outputs: [SweepOutput] = []
    for item in items {
      guard let text = item.text, let output = SweepOutput(rawValue: text) else {
        log.report(
          "\(item.summary) for an output", at: item.place,
          expected: "one of " + known.joined(separator: ", "),
          suggestion: item.text.flatMap { NearestName.suggestion(for: $0, among: known) })
        continue
      }
      if !outputs.contains(output) { outputs.append(output) }
    }
    return outputs
  }

  private mutating func stages(_ node: SyntaxNode) -> [SweepDeclaration.Stage] {
    guard let entries = node.entries, !entries.isEmpty else {
      log.report(
        "\(node.summary) for stages", at: node.place, expected: "a mapping of named stages")
      return []
    }
    var stages: [SweepDeclaration.Stage] = []
    for entry in entries {
      guard Name.isWellFormed(entry.key) else {
        log.report(
          "\"\(entry.key)\" for a stage", at: entry.place, expected: Name.expectation)
        continue
      }
      guard let members = entry.value.entries else {
        log.report(
          "\(entry.value.summary) for stage \(entry.key)", at: entry.value.place,
          expected: "a mapping of " + Self.trialKeys.joined(separator: ", "))
        stages.append(
          SweepDeclaration.Stage(
            name: entry.key, place: entry.place,
            scope: Scope(unreadable: Set(TrialKey.direct))))
        continue
      }
      for member in members where !Self.trialKeys.contains(member.key) {
        refuseKey(member, expected: Self.trialKeys)
      }
      stages.append(
        SweepDeclaration.Stage(
          name: entry.key, place: entry.place, scope: scope(members, isShared: false)))
    }
    return stages
  }

  private mutating func refuseKey(_ entry: SyntaxNode.Entry, expected known: [String]) {
    let isSetting = TrainerSetting.all.contains { $0.key == entry.key }
    log.report(
      "unknown key \"\(entry.key)\"", at: entry.place,
      expected: "one of " + known.joined(separator: ", "),
      suggestion: isSetting
        ? "\"\(entry.key)\" under trainer"
        : NearestName.suggestion(for: entry.key, among: known))
  }
}

extension DeclarationReader {
  private mutating func scope(_ entries: [SyntaxNode.Entry], isShared: Bool) -> Scope {
    var scope = Scope()
    let axisReader = AxisReader(values: values, isShared: isShared)
    for entry in entries {
      if entry.key == "axes" || entry.key == "zip" {
        scope.unreadable.formUnion(AxisReader.keys(in: entry.value))
      }
      switch entry.key {
      case "axes": scope.axes.insert(contentsOf: axisReader.axes(entry.value, log: &log), at: 0)
      case "zip": scope.axes += axisReader.zipped(entry.value, log: &log)
      case "model": members(entry, among: [.latents, .channels], into: &scope)
      case "trainer":
        members(entry, among: TrainerSetting.all.map { .trainer($0.key) }, into: &scope)
      default:
        if let key = TrialKey.direct.first(where: { $0.name == entry.key }) {
          fix(key, entry, in: &scope)
        }
      }
    }
    scope.unreadable.subtract(scope.axisKeys)
    refuseConflicts(in: scope)
    return scope
  }

  /// Reads the mapping `model:` or `trainer:`.
  private mutating func members(
    _ entry: SyntaxNode.Entry, among keys: [TrialKey], into scope: inout Scope
  ) {
    let known = keys.map(\.name)
    guard let members = entry.value.entries else {
      log.report(
        "\(entry.value.summary) for \(entry.key)", at: entry.value.place,
        expected: "a mapping of " + known.joined(separator: ", "))
      return
    }
    for member in members {
      guard let key = keys.first(where: { $0.name == member.key }) else {
        log.report(
          "unknown key \"\(member.key)\" in \(entry.key)", at: member.place,
          expected: "one of " + known.joined(separator: ", "),
          suggestion: NearestName.suggestion(for: member.key, among: known))
        continue
      }
      fix(key, member, in: &scope)
    }
  }

  private mutating func fix(_ key: TrialKey, _ entry: SyntaxNode.Entry, in scope: inout Scope) {
    if let first = scope.fixed[key] {
      log.report(
        "\(key.name) again (first at \(first.place))", at: entry.place, expected: "it once")
      return
    }
    scope.fixed[key] = values.value(entry.value, for: key, log: &log)
    if scope.fixed[key] == nil { scope.unreadable.insert(key) }
  }

  /// Refuses keys that a scope sets twice, for instance fixed and by an axis, and a tolerance beside a
  /// ladder of them.
  private mutating func refuseConflicts(in scope: Scope) {
    var axisPlaces: [TrialKey: SourcePlace] = [:]
    for axis in scope.axes {
      for key in axis.keys {
        if let first = axisPlaces[key] {
          log.report(
            "a second axis over \(key.name) (first at \(first))", at: axis.place,
            expected: "one axis for each key")
        }
        axisPlaces[key] = axis.place
        if let fixed = scope.fixed[key] {
          log.report(
            "\(key.name) and an axis over it (at \(axis.place))", at: fixed.place,
            expected: "one of them",
            suggestion: fixed.place.isOverride ? "--set axes.\(key.name)=[…]" : nil)
        }
      }
    }
    func place(_ key: TrialKey) -> SourcePlace? { scope.fixed[key]?.place ?? axisPlaces[key] }
    if let trace = place(.trace), let tolerance = place(.tolerance) {
      log.report(
        "trace and tolerance (at \(tolerance))", at: trace,
        expected:
          "one of them: trace has the tolerances of one trial, axes: {tolerance: […]} those of "
          + "several")
    }
  }
}
