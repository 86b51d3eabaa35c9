import Trials

/// Reads the mappings under `axes:` and `zip:`.
struct AxisReader {
  let values: ValueReader
  /// Whether the axes are shared by all stages; then they cannot refer to a stage.
  let isShared: Bool

  /// The keys of a mapping under `axes:` or `zip:`, even if their values are invalid.
  static func keys(in node: SyntaxNode) -> [TrialKey] {
    if case .list(let groups) = node.content { return groups.flatMap(keys) }
    return (node.entries ?? []).compactMap { TrialKey(axisName: $0.key) }
  }

  /// One axis for each entry of an `axes:` mapping.
  func axes(_ node: SyntaxNode, log: inout DiagnosticLog) -> [Axis] {
    guard let entries = node.entries else {
      log.report(
        "\(node.summary) for axes", at: node.place,
        expected: "a mapping such as {tolerance: [3, 10]}")
      return []
    }
    return entries.compactMap { entry in
      axis(entry, log: &log).map { key, points in
        let single = Axis(place: entry.place, keys: [key], points: points.map { [$0] })
        Self.refuseRepetitions(in: single, of: entry.value, log: &log)
        return single
      }
    }
  }

  /// Refuses an axis with a repeated point: its trials would be identical, so it is an error.
  private static func refuseRepetitions(
    in axis: Axis, of node: SyntaxNode, log: inout DiagnosticLog
  ) {
    var first: [[TrialValue]: SourcePlace] = [:]
    for point in axis.points {
      guard let place = point.first?.place else { continue }
      guard let earlier = first.updateValue(place, forKey: point.map(\.value)) else { continue }
      let names = axis.keys.map(\.name).joined(separator: ", ")
      let isRange = node.entries != nil && axis.keys.count == 1
      log.report(
        isRange
          ? "a range with equal values for \(names)"
          : "a value twice for \(names)"
            + (place == earlier ? "" : " (first at \(earlier))"),
        at: place,
        expected: isRange ? "a smaller \"count\"" : "every value once",
        suggestion: node.hasDecimalCommas ? "a point in place of each decimal comma" : nil)
    }
  }

  /// One axis for each group of a `zip:` mapping or list of mappings.
  func zipped(_ node: SyntaxNode, log: inout DiagnosticLog) -> [Axis] {
    var groups = [node]
    if case .list(let list) = node.content { groups = list }
    return groups.compactMap { group(of: $0, log: &log) }
  }

  private func group(of node: SyntaxNode, log: inout DiagnosticLog) -> Axis? {
    guard let entries = node.entries, entries.count >= 2 else {
      let found = node.entries?.count == 1 ? "one key" : node.summary
      log.report(
        "\(found) for zip", at: node.place,
        expected: "a mapping of two keys or more whose lists are walked together")
      return nil
    }
    let columns = entries.compactMap { axis($0, log: &log) }
    guard columns.count == entries.count else { return nil }
    let lengths = Set(columns.map(\.points.count))
    guard lengths.count == 1, let length = lengths.first else {
      let found = columns.map { "\($0.points.count) for \($0.key.name)" }
      log.report(
        "paired lists of unequal length (\(found.joined(separator: ", ")))", at: node.place,
        expected: "as many values for each key")
      return nil
    }
    let paired = Axis(
      place: node.place, keys: columns.map(\.key),
      points: (0..<length).map { index in columns.map { $0.points[index] } })
    Self.refuseRepetitions(in: paired, of: node, log: &log)
    return paired
  }

  private func axis(
    _ entry: SyntaxNode.Entry, log: inout DiagnosticLog
  ) -> (key: TrialKey, points: [Placed<TrialValue>])? {
    guard let key = TrialKey(axisName: entry.key) else {
      log.report(
        "unknown axis \"\(entry.key)\"", at: entry.place,
        expected: "one of " + TrialKey.axisNames.joined(separator: ", "),
        suggestion: NearestName.suggestion(for: entry.key, among: TrialKey.axisNames))
      return nil
    }
    guard let nodes = points(entry.value, for: key, log: &log) else { return nil }
    let points = nodes.compactMap { values.value($0, for: key, log: &log) }
    guard points.count == nodes.count else { return nil }
    if isShared, let placed = points.first(where: { $0.value.reference != nil }),
      let reference = placed.value.reference
    {
      log.report(
        "\(reference) on an axis that all stages share", at: placed.place,
        expected: "the axis under the stage that refers to \(reference.stage)")
      return nil
    }
    return (key, points)
  }

  private func points(
    _ node: SyntaxNode, for key: TrialKey, log: inout DiagnosticLog
  ) -> [SyntaxNode]? {
    switch node.content {
    case .list(let items) where !items.isEmpty:
      if key.numberKind == .real,
        ValueReader.refuseDecimalCommas(in: node, for: "the axis \(key.name)", log: &log)
      {
        return nil
      }
      return items
    case .mapping:
      guard let kind = key.numberKind else { break }
      return NumericRange(node, for: key, kind: kind, log: &log)?.values.map {
        SyntaxNode(place: node.place, content: .scalar(Numerals.text($0), isPlain: true))
      }
    default: break
    }
    log.report(
      "\(node.summary) for the axis \(key.name)", at: node.place,
      expected: "a list of one value or more"
        + (key.numberKind == nil ? "" : ", or a range such as {from: 3, to: 30, step: 3}"))
    return nil
  }
}
