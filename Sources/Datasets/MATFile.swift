/// A MATLAB 5 file with compressed variables; only the part of the format that Cars3D uses.
///
/// The header has 128 bytes: 116 of text, 8 unused, the version 0x0100 and "IM", both
/// little-endian. Then follows one element per variable: type 15 (miCOMPRESSED), its length in
/// bytes, and a zlib stream of one element of type 14 (miMATRIX). That contains, each with type and
/// length and padded to a multiple of 8: flags (type 6, whose lowest byte is the class), extents
/// (type 5), name (type 1) and values. An element of up to 4 bytes has its length in the upper half
/// of its type, and its content in place of the length. MathWorks, "MAT-File Format", the chapter
/// on level 5.
struct MATFile {
  private let bytes: [UInt8]
  private let place: String

  private static let headerByteCount = 128
  private static let nameByteLimit = 63
  private static let extentLimit = 32

  /// Types of elements.
  private enum Element {
    static let int8: UInt32 = 1
    static let uint8: UInt32 = 2
    static let int32: UInt32 = 5
    static let uint32: UInt32 = 6
    static let matrix: UInt32 = 14
    static let compressed: UInt32 = 15
  }

  /// `mxUINT8_CLASS`, without the flags for complex and logical values.
  private static let uint8Class: UInt32 = 9

  /// Checks the header.
  ///
  /// - Parameter place: The file, and the member if it is in an archive, for messages.
  init(_ bytes: [UInt8], place: String) throws(DatasetError) {
    self.bytes = bytes
    self.place = place
    guard !bytes.starts(with: Array("MATLAB 7.3".utf8)) else {
      throw .refused(
        place: place, found: "a .mat file of version 7.3 (HDF5)", expected: "MATLAB 5.0",
        remedy: "use the published file, or save it with save(…, '-v7')")
    }
    guard bytes.starts(with: Array("MATLAB 5.0".utf8)), bytes.count >= Self.headerByteCount else {
      throw .malformed(
        place: place, offset: 0, field: "text of the header",
        found: hexadecimal(Array(bytes.prefix(10))), expected: "MATLAB 5.0 and so on, 128 bytes")
    }
    let version = Array(bytes[124..<128])
    guard version != [1, 0, 0x4d, 0x49] else {
      throw .refused(
        place: place, found: "big-endian numbers (MI)", expected: "little-endian ones (IM)",
        remedy: "use the published file, or save it again on a little-endian machine")
    }
    guard version == [0, 1, 0x49, 0x4d] else {
      throw .malformed(
        place: place, offset: 124, field: "version and byte order", found: hexadecimal(version),
        expected: "00 01 49 4d")
    }
  }

  /// The values of the variable `name`: unsigned bytes of these extents, the first index varying
  /// fastest.
  ///
  /// Reads the whole file, so that a truncated one is noticed.
  func unsignedBytes(_ name: String, extents: [Int]) throws(DatasetError) -> [UInt8] {
    var values: [UInt8]?
    var names: [String] = []
    var position = Self.headerByteCount
    while position < bytes.count {
      guard bytes.count - position >= 8 else {
        throw .malformed(
          place: place, offset: position, field: "tag of a variable", found: "the end of the file",
          expected: "8 bytes")
      }
      let type = number(position)
      guard type == Element.compressed else {
        throw .malformed(
          place: place, offset: position, field: "type of a variable", found: "\(type)",
          expected: "15 (compressed)")
      }
      let length = Int(number(position + 4))
      guard length <= bytes.count - position - 8 else {
        throw .malformed(
          place: place, offset: position + 4, field: "length of a variable",
          found: "\(length) bytes",
          expected: "at most the \(bytes.count - position - 8) that follow")
      }
      position += 8
      var variable = try Variable.open(bytes[position..<position + length], place: place)
      position += length
      if variable.name == name {
        values = try variable.unsignedBytes(extents: extents)
      }
      names.append(variable.name)
    }
    guard let values else {
      throw .malformed(
        place: place, offset: Self.headerByteCount, field: "variables",
        found: names.isEmpty ? "none" : names.prefix(10).joined(separator: ", "), expected: name)
    }
    return values
  }

  private func number(_ position: Int) -> UInt32 {
    littleEndian(bytes[position..<position + 4])
  }

  /// One variable, read up to its name.
  private struct Variable: ~Copyable {
    let name: String
    private var stream: Inflater
    private let place: String
    private let classAndFlags: UInt32
    private let extents: [Int]

    /// Reads up to the name.
    static func open(
      _ compressed: ArraySlice<UInt8>, place file: String
    ) throws(DatasetError) -> Variable {
      var stream = try Inflater(
        compressed, place: "\(file), variable at \(compressed.startIndex)")
      let tag = try stream.bytes(8, "tag of the matrix")
      guard littleEndian(tag[..<4]) == Element.matrix else {
        throw .malformed(
          place: file, offset: compressed.startIndex, field: "type of the compressed element",
          found: "\(littleEndian(tag[..<4]))", expected: "14 (matrix)")
      }
      let flags = try element(
        Element.uint32, "flags", limit: 8, &stream, file)
      guard flags.count == 8 else {
        throw .malformed(
          place: file, offset: compressed.startIndex, field: "length of the flags",
          found: "\(flags.count)", expected: "8")
      }
      let extentBytes = try element(
        Element.int32, "extents", limit: MATFile.extentLimit, &stream, file)
      let extents = stride(from: 0, to: extentBytes.count - 3, by: 4).map {
        Int(Int32(bitPattern: littleEndian(extentBytes[$0..<$0 + 4])))
      }
      let text = try element(
        Element.int8, "name", limit: MATFile.nameByteLimit, &stream, file)
      return Variable(
        name: String(decoding: text, as: UTF8.self), stream: stream, place: file,
        classAndFlags: littleEndian(flags[..<4]), extents: extents)
    }

    /// The values, if they are unsigned bytes of these extents.
    mutating func unsignedBytes(extents expected: [Int]) throws(DatasetError) -> [UInt8] {
      // Bits 8 to 11: logical, global, complex; an image has none of them.
      guard classAndFlags & 0xfff == MATFile.uint8Class, extents == expected else {
        throw .malformed(
          place: place, offset: stream.offset, field: "class and extents of \(name)",
          found: "class \(classAndFlags & 0xff), flags \(classAndFlags >> 8), \(extents)",
          expected: "class 9 (uint8), flags 0, \(expected)")
      }
      let count = expected.reduce(1, *)
      let tag = try stream.bytes(8, "tag of the values of \(name)")
      guard littleEndian(tag[..<4]) == Element.uint8, littleEndian(tag[4...]) == UInt32(count)
      else {
        throw .malformed(
          place: place, offset: stream.offset, field: "type and length of the values of \(name)",
          found: "\(littleEndian(tag[..<4])) and \(littleEndian(tag[4...]))",
          expected: "2 (uint8) and \(count)")
      }
      let values = try stream.bytes(count, "values of \(name)")
      if count % 8 != 0 { _ = try stream.bytes(8 - count % 8, "bytes that fill up \(name)") }
      try stream.expectEnd()
      return values
    }

    /// The content of an element of a type, at most `limit` bytes.
    private static func element(
      _ type: UInt32, _ field: String, limit: Int, _ stream: inout Inflater, _ place: String
    ) throws(DatasetError) -> [UInt8] {
      let tag = try stream.bytes(8, "tag of the \(field)")
      let word = littleEndian(tag[..<4])
      let small = Int(word >> 16)
      let length = small > 0 ? small : Int(littleEndian(tag[4...]))
      guard word & 0xffff == type, length <= (small > 0 ? 4 : limit) else {
        throw .malformed(
          place: place, offset: stream.offset - 8, field: "type and length of the \(field)",
          found: "\(word & 0xffff) and \(length)", expected: "\(type) and at most \(limit)")
      }
      if small > 0 { return Array(tag[4..<4 + length]) }
      let content = try stream.bytes((length + 7) / 8 * 8, field)
      return Array(content.prefix(length))
    }
  }
}

private func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}
