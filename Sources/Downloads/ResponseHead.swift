/// The head of an HTTP response; only the fields that downloads use.
struct ResponseHead: Equatable {
  /// 200, 206, 404, …; nil before the first line.
  private(set) var status: Int?
  /// The body's announced length in bytes.
  private(set) var contentLength: Int?
  /// The content type without parameters, in lower case: "text/html".
  private(set) var contentType: String?
  /// The range of the file in the body.
  private(set) var range: Range?
  /// Whether the empty line after the head was received.
  private(set) var isComplete = false

  /// Whether it redirects to another address.
  var isRedirection: Bool { status.map { $0 / 100 == 3 } ?? false }

  /// `Content-Range: bytes 100-199/200`.
  struct Range: Equatable {
    /// The offset of the body's first byte; nil if the range cannot be satisfied.
    var start: Int?
    /// The bytes of the whole file; nil if not stated.
    var total: Int?
  }

  /// Parses a line; a status line starts a new head, as after a redirection.
  mutating func take(_ line: String) {
    let line = line.trimmingSpaces
    if line.hasPrefix("HTTP/") {
      self = ResponseHead()
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      return
    }
    if line.isEmpty { isComplete = true }
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = line[line.index(after: colon)...].trimmingSpaces
    switch line[..<colon].lowercased() {
    case "content-length": contentLength = Int(value).flatMap { $0 >= 0 ? $0 : nil }
    case "content-type":
      contentType = value.split(separator: ";").first.map { $0.trimmingSpaces.lowercased() }
    case "content-range": range = Range(value)
    default: break
    }
  }
}

extension ResponseHead.Range {
  /// Parses `bytes START-END/TOTAL`; `*` means unknown.
  fileprivate init?(_ text: String) {
    guard text.hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst("bytes ".count).split(separator: "/")
    guard parts.count == 2 else { return nil }
    let first = parts[0].split(separator: "-").first
    start = first.flatMap { Int($0) }
    total = Int(parts[1]).flatMap { $0 >= 0 ? $0 : nil }
    guard start ?? 0 >= 0 else { return nil }
  }
}

extension StringProtocol {
  /// The text without spaces and line breaks at its ends.
  fileprivate var trimmingSpaces: String {
    let isBlank = { (character: Character) in character == " " || character.isNewline }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
