import Files
import Foundation

/// The JSON of a file's header.
struct HeaderText: Codable {
  /// Free text by key; nil if the header has none.
  var metadata: [String: String]?
  /// The tensors by name.
  var tensors: [String: Tensor] = [:]

  /// A tensor's entry.
  struct Tensor: Codable {
    /// The format's name of the element type.
    var dtype: String
    /// Extents, slowest first.
    var shape: [Int]
    /// The start and end of the data, relative to the header's end.
    var offsets: [Int]

    private enum CodingKeys: String, CodingKey {
      case dtype
      case shape
      case offsets = "data_offsets"
    }
  }

  private struct Name: CodingKey {
    static let metadata = Name(stringValue: "__metadata__")
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// An empty header.
  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    metadata = try container.decodeIfPresent([String: String].self, forKey: .metadata)
    for name in container.allKeys where name.stringValue != Name.metadata.stringValue {
      tensors[name.stringValue] = try container.decode(Tensor.self, forKey: name)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    try container.encodeIfPresent(metadata, forKey: .metadata)
    for (name, tensor) in tensors {
      try container.encode(tensor, forKey: Name(stringValue: name))
    }
  }

  /// Parses the text.
  ///
  /// Refuses duplicate keys, as the format requires, and unknown ones.
  init(parsing text: Data) throws(SafetensorsError) {
    func malformed(_ found: String, _ expected: String) -> SafetensorsError {
      SafetensorsError(Safetensors.Header.lengthByteCount, found: found, expected: expected)
    }
    guard text.first == UInt8(ascii: "{"), !text.contains(0) else {
      throw malformed("no JSON object in UTF-8", "one, which begins with {")
    }
    do {
      self = try JSONDecoder().decode(HeaderText.self, from: text)
    } catch {
      throw malformed(
        "a header that does not decode (\(ErrorWords.text(error)))", "a safetensors header")
    }
    let found = Self.nameCount(in: text)
    let expected = 4 * tensors.count + (metadata.map { $0.count + 1 } ?? 0)
    guard found == expected else {
      throw malformed("\(found) names", "\(expected): each once, and none besides the format's")
    }
  }

  /// The number of keys in a JSON text: one per colon outside of strings.
  private static func nameCount(in text: Data) -> Int {
    var (count, inString, escaped) = (0, false, false)
    for byte in text {
      switch byte {
      case _ where escaped: escaped = false
      case UInt8(ascii: "\\"): escaped = true
      case UInt8(ascii: "\""): inString.toggle()
      case UInt8(ascii: ":") where !inString: count += 1
      default: break
      }
    }
    return count
  }
}
