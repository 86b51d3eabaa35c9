/// A node of a sweep file's YAML with its position.
///
/// Unlike the parser's tree, it can hold nodes from `--set` with their own positions.
struct SyntaxNode {
  var place: SourcePlace
  var content: Content
  /// Whether it is a list of numbers in which some commas are followed by a space or a line end
  /// and some are not: `[3,5, 8,5]`, which probably means 3.5 and 8.5.
  var hasDecimalCommas = false

  enum Content {
    /// A text. If plain, it may be a number, a budget or a reference; if quoted, it may not.
    case scalar(String, isPlain: Bool)
    case list([SyntaxNode])
    case mapping([Entry])
  }

  struct Entry {
    var key: String
    var place: SourcePlace
    var value: SyntaxNode
  }
}

extension SyntaxNode {
  /// The node in a few words, for messages: `3`, `"three"`, `a list of 3 values`, `nothing`.
  var summary: String {
    switch content {
    case .scalar(let text, isPlain: true): text.isEmpty ? "nothing" : "\(Self.shortened(text))"
    case .scalar(let text, isPlain: false): "the text \"\(Self.shortened(text))\""
    case .list(let items): items.isEmpty ? "an empty list" : "a list"
    case .mapping(let entries): entries.isEmpty ? "an empty mapping" : "a mapping"
    }
  }

  /// The text of a plain scalar.
  var plainText: String? {
    if case .scalar(let text, isPlain: true) = content { return text }
    return nil
  }

  /// The text of any scalar that is not empty.
  var text: String? {
    if case .scalar(let text, _) = content, !text.isEmpty { return text }
    return nil
  }

  /// The entries of a mapping.
  var entries: [Entry]? {
    if case .mapping(let entries) = content { return entries }
    return nil
  }

  /// The value of a key, if the node is a mapping that has it.
  subscript(key: String) -> SyntaxNode? {
    entries?.first { $0.key == key }?.value
  }

  private static func shortened(_ text: String) -> String {
    text.count <= 60 ? text : text.prefix(57) + "…"
  }
}
