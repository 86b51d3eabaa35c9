import Foundation

/// A reader of the little of the safetensors format that reconstructions need: tensors of bytes.
///
/// A file is the header's length (8 bytes, little-endian), the header (JSON: name → `dtype`,
/// `shape`, `data_offsets` from the header's end), and the tensors.
struct SafetensorsFile {
  /// The longest header accepted.
  private static let maximumHeaderBytes = 1 << 20

  private struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case dataOffsets = "data_offsets"
    }
  }

  private struct Header: Decodable {
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]

    private static let metadataKey = "__metadata__"

    private struct Name: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      for key in container.allKeys {
        if key.stringValue == Self.metadataKey {
          metadata = try container.decode([String: String].self, forKey: key)
        } else {
          entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
        }
      }
    }
  }

  private let header: Header
  private let tensors: Data

  /// What the file says about itself.
  var metadata: [String: String] { header.metadata }

  /// Reads the header.
  ///
  /// - Throws: ``FormatError`` naming the offset.
  init(_ data: Data) throws(FormatError) {
    guard data.count >= 8 else {
      throw FormatError(
        place: "offset 0", found: "\(data.count) bytes", expected: "the header's length, 8 bytes")
    }
    let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= Self.maximumHeaderBytes, length <= UInt64(data.count - 8) else {
      throw FormatError(
        place: "offset 0", found: "a header of \(length) bytes",
        expected: "at most \(min(Self.maximumHeaderBytes, data.count - 8))")
    }
    let start = data.startIndex + 8
    let end = start + Int(length)
    do {
      header = try JSONDecoder().decode(Header.self, from: data[start..<end])
    } catch {
      throw FormatError(
        place: "offset 8", found: "a header that cannot be read",
        expected: "JSON with dtype, shape and data_offsets of each tensor")
    }
    tensors = data[end...]
  }

  /// The bytes and the shape of a `U8` tensor.
  ///
  /// - Throws: ``FormatError`` when it is missing, of another type, or outside the file.
  func bytes(of name: String) throws(FormatError) -> (shape: [Int], bytes: Data) {
    let place = "tensor \(name)"
    guard let entry = header.entries[name] else {
      throw FormatError(
        place: place, found: "none of that name", expected: "\(name) among the tensors")
    }
    guard entry.dtype == "U8" else {
      throw FormatError(place: place, found: "dtype \(entry.dtype)", expected: "U8")
    }
    var count = 1
    for extent in entry.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else {
        throw FormatError(place: place, found: "shape \(entry.shape)", expected: "extents")
      }
      count = product
    }
    let offsets = entry.dataOffsets
    guard offsets.count == 2, offsets[0] >= 0, offsets[1] <= tensors.count,
      offsets[0] <= offsets[1], offsets[1] - offsets[0] == count
    else {
      throw FormatError(
        place: place, found: "data_offsets \(offsets)",
        expected: "\(count) bytes within the \(tensors.count) of the file")
    }
    let start = tensors.startIndex
    return (entry.shape, tensors[start + offsets[0]..<start + offsets[1]])
  }
}
