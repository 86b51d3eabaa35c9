import Yams

/// Parses YAML text to a tree of values with positions.
enum SyntaxTree {
  /// The most values in a document; stops documents whose aliases multiply.
  static let maximumNodeCount = 1_000_000
  /// The deepest nesting of a document; a sweep file needs six levels.
  static let maximumDepth = 32

  /// The position of a line and a column, both counted from 1.
  typealias Placement = (_ line: Int, _ column: Int) -> SourcePlace

  /// Parses one YAML document.
  ///
  /// - Parameters:
  ///   - wholePlace: The position of the whole text.
  ///   - place: The position of a line and a column.
  /// - Returns: The root; nil if there is none, which is reported.
  static func parse(
    _ text: String, wholePlace: SourcePlace, log: inout DiagnosticLog, place: @escaping Placement
  ) -> SyntaxNode? {
    do {
      guard let root = try Yams.compose(yaml: text) else {
        return SyntaxNode(place: wholePlace, content: .scalar("", isPlain: true))
      }
      var conversion = Conversion(remaining: maximumNodeCount, place: place, root: wholePlace)
      return try conversion.node(root, depth: 0)
    } catch let error as YamlError {
      report(error, wholePlace: wholePlace, log: &log, place: place)
    } catch let error as Unusable {
      log.report(error.found, at: error.place, expected: error.expected)
    } catch {
      log.report("\(error)", at: wholePlace, expected: "YAML")
    }
    return nil
  }

  private static func report(
    _ error: YamlError, wholePlace: SourcePlace, log: inout DiagnosticLog, place: Placement
  ) {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let found = (context.map { "\($0.text), " } ?? "") + problem
      log.report(
        "a YAML syntax error (\(found))", at: place(mark.line, mark.column),
        expected: "well-formed YAML")
    case .duplicatedKeysInMapping(let keys, let context):
      for key in keys {
        log.report(
          "the key \"\(key)\" twice in one mapping",
          at: place(context.mark.line, context.mark.column), expected: "every key once")
      }
    case .reader(let problem, _, _, _):
      log.report("a YAML syntax error (\(problem))", at: wholePlace, expected: "well-formed YAML")
    default:
      log.report(
        "a YAML syntax error (\(error))", at: wholePlace, expected: "well-formed YAML")
    }
  }

  private struct Unusable: Error {
    var found: String
    var place: SourcePlace
    var expected: String
  }

  private struct Conversion {
    var remaining: Int
    let place: Placement
    let root: SourcePlace

    mutating func node(_ node: Node, depth: Int) throws -> SyntaxNode {
      let place = node.mark.map { self.place($0.line, $0.column) } ?? root
      remaining -= 1
      guard remaining >= 0 else {
        throw Unusable(
          found: "more than \(maximumNodeCount) values", place: place, expected: "fewer")
      }
      guard depth <= maximumDepth else {
        throw Unusable(
          found: "more than \(maximumDepth) levels of nesting", place: place, expected: "fewer")
      }
      try refuseTag(of: node, at: place)
      switch node {
      case .scalar(let scalar):
        return SyntaxNode(
          place: place, content: .scalar(scalar.string, isPlain: scalar.style == .plain))
      case .sequence(let items):
        var list: [SyntaxNode] = []
        for item in items { list.append(try self.node(item, depth: depth + 1)) }
        return SyntaxNode(
          place: place, content: .list(list), hasDecimalCommas: Self.hasDecimalCommas(items))
      case .mapping(let pairs):
        var entries: [SyntaxNode.Entry] = []
        for pair in pairs {
          let key = try self.node(pair.key, depth: depth + 1)
          guard pair.key.scalar?.string != "<<" || pair.key.scalar?.style != .plain else {
            throw Unusable(
              found: "a merge key, <<", place: key.place,
              expected: "the keys themselves; an alias stands for a whole value only")
          }
          guard case .scalar(let text, _) = key.content else {
            throw Unusable(
              found: "\(key.summary) as a key", place: key.place, expected: "a name")
          }
          entries.append(
            SyntaxNode.Entry(
              key: text, place: key.place, value: try self.node(pair.value, depth: depth + 1)))
        }
        return SyntaxNode(place: place, content: .mapping(entries))
      case .alias:
        throw Unusable(found: "an alias", place: place, expected: "a value")
      }
    }

    /// Refuses a tag that changes the type of a value.
    private func refuseTag(of node: Node, at place: SourcePlace) throws {
      let (tag, plain): (Tag, String) =
        switch node {
        case .scalar(let scalar):
          (
            scalar.tag,
            scalar.style == .plain ? Node(scalar.string).tag.description : Tag.Name.str.rawValue
          )
        case .sequence(let sequence): (sequence.tag, Tag.Name.seq.rawValue)
        case .mapping(let mapping): (mapping.tag, Tag.Name.map.rawValue)
        case .alias: (.implicit, "")
        }
      let name = tag.description
      guard !name.isEmpty, name != plain else { return }
      throw Unusable(
        found: "the tag \(Self.shown(name))", place: place,
        expected: "the value without a tag; quotes make a text of it")
    }

    /// A tag in YAML syntax: `!!str` for the standard ones.
    private static func shown(_ tag: String) -> String {
      let prefix = "tag:yaml.org,2002:"
      return tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
    }

    /// Whether a comma without a space stands between two whole numbers, as in `8,5`, and another
    /// comma of the list has a space or a line end behind it.
    ///
    /// Over several lines only a pair alone is taken for a number with a comma: a list may be
    /// written `1,2,3,` line by line. Items of a block list are on separate lines, so only `[…]` can
    /// have decimal commas.
    private static func hasDecimalCommas(_ items: Node.Sequence) -> Bool {
      let gaps = zip(items, items.dropFirst()).map { gap($0, $1) }
      guard gaps.contains(.tight) else { return false }
      if gaps.contains(.space) { return true }
      guard gaps.contains(.lineEnd) else { return false }
      return gaps.indices.contains { place in
        gaps[place] == .tight && (place == 0 || gaps[place - 1] != .tight)
          && (place + 1 == gaps.count || gaps[place + 1] != .tight)
      }
    }

    /// What stands behind the comma between two items of a list.
    private enum Gap {
      /// Nothing, and both are whole numbers.
      case tight
      case space
      case lineEnd
      /// They cannot be one number with a comma, nor show how the list is written.
      case other
    }

    private static func gap(_ left: Node, _ right: Node) -> Gap {
      guard let first = left.scalar, let second = right.scalar, let start = left.mark,
        let next = right.mark, first.style == .plain, second.style == .plain,
        Numerals.real(first.string) != nil, Numerals.real(second.string) != nil
      else { return .other }
      guard start.line == next.line else { return .lineEnd }
      guard next.column <= start.column + first.string.count + 1 else { return .space }
      let areWhole = Numerals.whole(first.string) != nil && Numerals.whole(second.string) != nil
      return areWhole ? .tight : .other
    }
  }
}
