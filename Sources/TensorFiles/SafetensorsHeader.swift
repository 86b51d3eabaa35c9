import Files
import Foundation

extension Safetensors {
  /// A file's checked header: the tensors fill the data section without gap or overlap, and their
  /// sizes fit their shapes.
  package struct Header: Hashable, Sendable {
    /// Free text by key.
    package let metadata: [String: String]
    /// The tensors in the order of their data; names are unique.
    package let tensors: [Descriptor]

    /// A tensor's position and type.
    package struct Descriptor: Hashable, Sendable {
      /// Unique name.
      package let name: String
      /// Type of the elements.
      package let elementType: ElementType
      /// Extents, slowest first.
      package let shape: [Int]
      /// The elements' byte range in the file.
      package let range: Range<Int>
    }

    /// The longest header accepted, in bytes; this product writes about ten thousand.
    package static let maximumByteCount = 1 << 20

    /// Bytes of the header's length, at the start of a file.
    static let lengthByteCount = 8

    /// Reads only a file's header.
    ///
    /// - Throws: ``SafetensorsError`` for a malformed file, else the file system's error.
    package init(contentsOf url: URL) throws {
      let file = try RegularFile.reading(url)
      defer { try? file.close() }
      let fileByteCount = Int(clamping: try file.seekToEnd())
      try file.seek(toOffset: 0)
      let length = try file.read(upToCount: Self.lengthByteCount) ?? Data()
      let byteCount = try Self.byteCount(length, fileByteCount: fileByteCount)
      let text = try file.read(upToCount: byteCount) ?? Data()
      try self.init(text: text, fileByteCount: fileByteCount)
    }

    /// Reads the header of a whole file's bytes.
    init(parsing file: Data) throws(SafetensorsError) {
      let byteCount = try Self.byteCount(
        file.prefix(Self.lengthByteCount), fileByteCount: file.count)
      try self.init(
        text: file.dropFirst(Self.lengthByteCount).prefix(byteCount), fileByteCount: file.count)
    }

    /// The header's length from a file's first bytes, at most the file's length.
    private static func byteCount(
      _ length: Data, fileByteCount: Int
    ) throws(SafetensorsError) -> Int {
      guard length.count == lengthByteCount else {
        throw SafetensorsError(
          length.count, found: "the end of the file",
          expected: "\(lengthByteCount) bytes with the header's length")
      }
      let declared = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let limit = min(maximumByteCount, fileByteCount - lengthByteCount)
      guard declared >= 2, declared <= limit else {
        throw SafetensorsError(
          0, found: "a header of \(declared) bytes", expected: "2 to \(limit) bytes")
      }
      return Int(declared)
    }

    private init(text: Data, fileByteCount: Int) throws(SafetensorsError) {
      let header = try HeaderText(parsing: text)
      let dataStart = Self.lengthByteCount + text.count
      let dataByteCount = fileByteCount - dataStart
      var tensors: [Descriptor] = []
      var position = 0
      // Several empty tensors can have the same offset.
      let inOrder = header.tensors.sorted {
        ($0.value.offsets.first ?? 0, $0.value.offsets.last ?? 0, $0.key)
          < ($1.value.offsets.first ?? 0, $1.value.offsets.last ?? 0, $1.key)
      }
      for (name, tensor) in inOrder {
        guard let type = ElementType(rawValue: tensor.dtype) else {
          let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
          throw SafetensorsError(
            Self.lengthByteCount, found: "dtype \(tensor.dtype) of \"\(name)\"",
            expected: "one of \(known)")
        }
        guard tensor.offsets.count == 2, tensor.offsets[0] == position,
          (position...dataByteCount).contains(tensor.offsets[1])
        else {
          throw SafetensorsError(
            dataStart + position, found: "\"\(name)\" at data bytes \(tensor.offsets)",
            expected: "begin and end, from byte \(position) on, within \(dataByteCount) bytes")
        }
        let range = dataStart + position..<dataStart + tensor.offsets[1]
        guard type.byteCount(of: tensor.shape) == range.count else {
          throw SafetensorsError(
            range.lowerBound, found: "\(range.count) bytes of \"\(name)\"",
            expected: "\(type.rawValue) elements of shape \(tensor.shape)")
        }
        tensors.append(
          Descriptor(name: name, elementType: type, shape: tensor.shape, range: range))
        position = tensor.offsets[1]
      }
      guard position == dataByteCount else {
        throw SafetensorsError(
          dataStart + position, found: "\(dataByteCount - position) more bytes",
          expected: "the end of the file")
      }
      metadata = header.metadata ?? [:]
      self.tensors = tensors
    }
  }
}

extension Safetensors.ElementType {
  /// Bytes of a shape's elements; nil if an extent is negative or the product overflows.
  fileprivate func byteCount(of shape: [Int]) -> Int? {
    var count = byteCount
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }
}
