import Digests
import Foundation

/// Why a file is not readable as safetensors, with the place counted from the file's start.
package struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  package let path: String
  /// The byte at which the file stops being what it should.
  package let offset: Int
  /// What is there.
  package let found: String
  /// What should be there.
  package let expected: String

  package var description: String {
    "\(path): at byte \(offset): found \(found), expected \(expected)"
  }
}

extension Safetensors {
  /// The largest header accepted; the same as in the format's reference reader.
  package static let maximumHeaderByteCount = 100_000_000

  private static let alignment = 64
  private static let metadataKey = "__metadata__"

  /// The file's bytes.
  package func encoded() -> Data {
    var entries: [String: HeaderEntry] = [:]
    if !metadata.isEmpty { entries[Self.metadataKey] = .metadata(metadata) }
    var offset = 0
    let ordered = orderedTensors
    for tensor in ordered {
      let end = offset + tensor.bytes.count
      let replaced = entries.updateValue(
        .tensor(
          TensorEntry(
            dtype: tensor.elementType.rawValue, shape: tensor.shape,
            offsets: [offset, end])), forKey: tensor.name)
      precondition(replaced == nil, "two tensors are called \(tensor.name)")
      offset = end
    }
    var header = Self.encode(header: entries)
    let padding = -(8 + header.count) & (Self.alignment - 1)
    header.append(Data(repeating: UInt8(ascii: " "), count: padding))

    var file = Data(capacity: 8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(header)
    for tensor in ordered { file.append(tensor.bytes) }
    return file
  }

  /// The digest of the data section, which is all of the file after its header.
  package var dataDigest: Digest {
    var stream = DigestStream()
    for tensor in orderedTensors { stream.append(tensor.bytes) }
    return stream.digest
  }

  /// The tensors, larger element types first, else as they are.
  private var orderedTensors: [Tensor] {
    ElementType.allCases.sorted { $0.byteCount > $1.byteCount }.flatMap { type in
      tensors.filter { $0.elementType == type }
    }
  }

  private static func encode(header: [String: HeaderEntry]) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(header)
    } catch {
      preconditionFailure("text and whole numbers are always JSON: \(error)")
    }
  }

  /// Reads a file.
  ///
  /// Tensors come in the order of their data.
  ///
  /// - Throws: ``SafetensorsError`` for a malformed file, else the file system's error.
  package init(contentsOf url: URL) throws {
    try self.init(parsing: try Data(contentsOf: url, options: .mappedIfSafe), path: url.path)
  }

  /// Reads a file's bytes; `path` is its name in errors.
  package init(parsing file: Data, path: String) throws(SafetensorsError) {
    func malformed(_ offset: Int, _ found: String, _ expected: String) -> SafetensorsError {
      SafetensorsError(path: path, offset: offset, found: found, expected: expected)
    }
    let file = Data(file)
    guard file.count >= 8 else {
      throw malformed(file.count, "the end of the file", "8 bytes with the header's length")
    }
    let declared = file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let limit = min(Self.maximumHeaderByteCount, file.count - 8)
    guard declared >= 2, declared <= UInt64(limit) else {
      throw malformed(0, "a header of \(declared) bytes", "2 to \(limit) bytes")
    }
    let dataStart = 8 + Int(declared)
    guard file[8] == UInt8(ascii: "{") else {
      throw malformed(8, "the byte \(file[8])", "a JSON object, which begins with {")
    }
    let entries: [String: HeaderEntry]
    do {
      entries = try JSONDecoder().decode(
        [String: HeaderEntry].self, from: file[8..<dataStart])
    } catch {
      throw malformed(8, "a header that does not decode (\(error))", "a safetensors header")
    }

    var found: [(name: String, entry: TensorEntry)] = []
    metadata = [:]
    for (name, entry) in entries {
      switch entry {
      case .tensor(let entry) where name != Self.metadataKey: found.append((name, entry))
      case .metadata(let text) where name == Self.metadataKey: metadata = text
      default:
        throw malformed(8, "\"\(name)\" of the wrong kind", "tensors and \(Self.metadataKey)")
      }
    }
    for (name, entry) in found where entry.offsets.count != 2 {
      throw malformed(8, "\(entry.offsets.count) offsets of \"\(name)\"", "a begin and an end")
    }
    found.sort {
      ($0.entry.offsets[0], $0.entry.offsets[1], $0.name)
        < ($1.entry.offsets[0], $1.entry.offsets[1], $1.name)
    }
    tensors = []
    var position = 0
    for (name, entry) in found {
      guard let type = ElementType(rawValue: entry.dtype) else {
        let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
        throw malformed(8, "dtype \(entry.dtype) of \"\(name)\"", "one of \(known)")
      }
      let (begin, end) = (entry.offsets[0], entry.offsets[1])
      guard begin == position, end >= begin, end <= file.count - dataStart else {
        throw malformed(
          dataStart + position, "\"\(name)\" at data bytes \(begin) to \(end)",
          "data from byte \(position) on, within \(file.count - dataStart) bytes")
      }
      guard Self.byteCount(entry.shape, type) == end - begin else {
        throw malformed(
          dataStart + begin, "\(end - begin) bytes of \"\(name)\"",
          "\(type.rawValue) elements of shape \(entry.shape)")
      }
      tensors.append(
        Tensor(
          name: name, elementType: type, shape: entry.shape,
          bytes: file.subdata(in: dataStart + begin..<dataStart + end)))
      position = end
    }
    guard position == file.count - dataStart else {
      throw malformed(
        dataStart + position, "\(file.count - dataStart - position) more bytes",
        "the end of the file")
    }
  }

  /// Bytes of a shape's elements; nil when an extent is negative or the product overflows.
  private static func byteCount(_ shape: [Int], _ type: ElementType) -> Int? {
    var count = type.byteCount
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }
}

/// A tensor's entry in the header.
private struct TensorEntry: Codable {
  var dtype: String
  var shape: [Int]
  var offsets: [Int]

  private enum CodingKeys: String, CodingKey {
    case dtype
    case shape
    case offsets = "data_offsets"
  }
}

/// A value of the header's object.
private enum HeaderEntry: Codable {
  case tensor(TensorEntry)
  case metadata([String: String])

  init(from decoder: any Decoder) throws {
    if let metadata = try? [String: String](from: decoder) {
      self = .metadata(metadata)
    } else {
      self = .tensor(try TensorEntry(from: decoder))
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .tensor(let entry): try entry.encode(to: encoder)
    case .metadata(let text): try text.encode(to: encoder)
    }
  }
}
