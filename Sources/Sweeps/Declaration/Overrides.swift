import Trials

/// Applies `--set PATH=VALUE` options to a sweep's tree before it is read.
///
/// PATH follows the file's own structure, separated by dots (`axes.tolerance`,
/// `stages.baseline.budget`, `trainer.learning_rate`); VALUE is YAML. The value at the path is
/// replaced or added, so the reader checks it like one in the file, and reports the option as its
/// position.
enum Overrides {
  /// Applies the options in order; the later of two with the same path wins.
  static func apply(_ options: [String], to root: inout SyntaxNode, log: inout DiagnosticLog) {
    for (number, option) in options.enumerated() {
      apply(option, at: .override(number: number, text: option), to: &root, log: &log)
    }
  }

  private static func apply(
    _ option: String, at place: SourcePlace, to root: inout SyntaxNode, log: inout DiagnosticLog
  ) {
    guard let equals = option.firstIndex(of: "="), equals != option.startIndex else {
      log.report(
        "no path and value", at: place, expected: "PATH=VALUE, such as axes.tolerance=[3, 10]")
      return
    }
    let path = option[..<equals].split(separator: ".", omittingEmptySubsequences: false)
      .map(String.init)
    guard !path.contains("") else {
      log.report(
        "the path \"\(option[..<equals])\"", at: place,
        expected: "names separated by dots, such as stages.baseline.budget")
      return
    }
    let text = String(option[option.index(after: equals)...])
    guard
      let value = SyntaxTree.parse(text, wholePlace: place, log: &log, place: { _, _ in place })
    else { return }
    setInScope(path[...], to: value, in: &root, log: &log)
  }

  /// Sets a path at the top level or in a stage.
  private static func setInScope(
    _ path: ArraySlice<String>, to value: SyntaxNode, in scope: inout SyntaxNode,
    log: inout DiagnosticLog
  ) {
    guard let head = path.first else { return }
    let rest = path.dropFirst()
    switch head {
    case "stages" where !rest.isEmpty:
      setInStage(rest, to: value, in: &scope, log: &log)
    case "axes" where !rest.isEmpty:
      scope.update(head, at: value.place) {
        setAxis(rest.joined(separator: "."), to: value, in: &$0)
      }
    case "zip" where !rest.isEmpty:
      setInZip(rest, to: value, in: &scope, log: &log)
    default:
      set(asWritten(path, in: scope), to: value, in: &scope)
    }
  }

  /// The path in the file's spelling: `latents` and `model.latents` are the same.
  private static func asWritten(
    _ path: ArraySlice<String>, in scope: SyntaxNode
  ) -> ArraySlice<String> {
    for key in ["latents", "channels"] {
      let (short, long) = ([key], ["model", key])
      if Array(path) == short, scope["model"]?[key] != nil { return long[...] }
      if Array(path) == long, scope[key] != nil { return short[...] }
    }
    return path
  }

  private static func setInStage(
    _ path: ArraySlice<String>, to value: SyntaxNode, in root: inout SyntaxNode,
    log: inout DiagnosticLog
  ) {
    guard let name = path.first else { return }
    let stages = (root["stages"]?.entries ?? []).map(\.key)
    guard stages.contains(name) else {
      log.report(
        "unknown stage \"\(name)\"", at: value.place,
        expected: stages.isEmpty
          ? "a path without stages, because this sweep has none"
          : "one of " + stages.joined(separator: ", "),
        suggestion: NearestName.suggestion(for: name, among: stages))
      return
    }
    root.update("stages", at: value.place) { stages in
      stages.update(name, at: value.place) { stage in
        if path.count == 1 {
          stage = value
        } else {
          setInScope(path.dropFirst(), to: value, in: &stage, log: &log)
        }
      }
    }
  }

  /// Sets `zip.KEY`, or `zip.NUMBER.KEY` if the file has a list of groups.
  private static func setInZip(
    _ path: ArraySlice<String>, to value: SyntaxNode, in scope: inout SyntaxNode,
    log: inout DiagnosticLog
  ) {
    guard case .list(var groups)? = scope["zip"]?.content else {
      scope.update("zip", at: value.place) {
        setAxis(path.joined(separator: "."), to: value, in: &$0)
      }
      return
    }
    guard path.count >= 2, let index = path.first.flatMap(Numerals.whole),
      groups.indices.contains(index)
    else {
      log.report(
        "the path zip.\(path.joined(separator: "."))", at: value.place,
        expected: "zip.NUMBER.KEY with a group from 0 to \(groups.count - 1)")
      return
    }
    setAxis(path.dropFirst().joined(separator: "."), to: value, in: &groups[index])
    scope.update("zip", at: value.place) { $0.content = .list(groups) }
  }

  /// Sets an axis, under the name that the file uses.
  private static func setAxis(_ name: String, to value: SyntaxNode, in axes: inout SyntaxNode) {
    let key = TrialKey(axisName: name)
    let present = axes.entries?.first { key != nil && TrialKey(axisName: $0.key) == key }
    axes.update(present?.key ?? name, at: value.place) { $0 = value }
  }

  private static func set(
    _ path: ArraySlice<String>, to value: SyntaxNode, in node: inout SyntaxNode
  ) {
    guard let head = path.first else { return }
    node.update(head, at: value.place) { child in
      if path.count == 1 {
        child = value
      } else {
        set(path.dropFirst(), to: value, in: &child)
      }
    }
  }
}

extension SyntaxNode {
  /// Changes the value of a key; a missing key is added with an empty mapping.
  ///
  /// A node that is not a mapping becomes one.
  fileprivate mutating func update(
    _ key: String, at place: SourcePlace, _ change: (inout SyntaxNode) -> Void
  ) {
    if entries == nil { self = SyntaxNode(place: place, content: .mapping([])) }
    var entries = self.entries ?? []
    if let index = entries.firstIndex(where: { $0.key == key }) {
      change(&entries[index].value)
    } else {
      var value = SyntaxNode(place: place, content: .mapping([]))
      change(&value)
      entries.append(Entry(key: key, place: place, value: value))
    }
    content = .mapping(entries)
  }
}
