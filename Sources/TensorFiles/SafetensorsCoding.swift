import Digests
import Files
import Foundation

extension Safetensors {
  private static let alignment = 64

  /// The file's bytes.
  package func encoded() -> Data {
    var text = HeaderText()
    if !metadata.isEmpty { text.metadata = metadata }
    var offset = 0
    let ordered = orderedTensors
    for tensor in ordered {
      let end = offset + tensor.bytes.count
      let replaced = text.tensors.updateValue(
        HeaderText.Tensor(
          dtype: tensor.elementType.rawValue, shape: tensor.shape, offsets: [offset, end]),
        forKey: tensor.name)
      precondition(replaced == nil, "two tensors are called \(tensor.name)")
      offset = end
    }
    var header = Self.encode(text)
    let padding = -(Header.lengthByteCount + header.count) & (Self.alignment - 1)
    header.append(Data(repeating: UInt8(ascii: " "), count: padding))

    var file = Data(capacity: Header.lengthByteCount + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(header)
    for tensor in ordered { file.append(tensor.bytes) }
    return file
  }

  /// The digest of the data section, the file after its header.
  package var dataDigest: Digest {
    var stream = DigestStream()
    for tensor in orderedTensors { stream.append(tensor.bytes) }
    return stream.digest
  }

  /// The tensors, stably sorted by descending element size.
  private var orderedTensors: [Tensor] {
    ElementType.allCases.sorted { $0.byteCount > $1.byteCount }.flatMap { type in
      tensors.filter { $0.elementType == type }
    }
  }

  private static func encode(_ header: HeaderText) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(header)
    } catch {
      preconditionFailure("text and whole numbers are always JSON: \(error)")
    }
  }

  /// Reads a file, with tensors in the order of their data.
  ///
  /// - Throws: ``SafetensorsError`` for a malformed file, else the file system's error.
  package init(contentsOf url: URL) throws {
    try self.init(parsing: try WholeFile.mapped(url))
  }

  /// Reads a file's bytes.
  package init(parsing file: Data) throws(SafetensorsError) {
    let header = try Header(parsing: file)
    self.init(
      metadata: header.metadata,
      tensors: header.tensors.map { tensor in
        let start = file.startIndex + tensor.range.lowerBound
        return Tensor(
          name: tensor.name, elementType: tensor.elementType, shape: tensor.shape,
          bytes: file.subdata(in: start..<start + tensor.range.count))
      })
  }
}
