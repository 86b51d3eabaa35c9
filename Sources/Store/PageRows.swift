import Foundation
import GRDB

/// The rows on one page of a database, as SQLite's file format lays them out.
///
/// Each page of rows says by itself where on it they are, so that it can be read without those
/// that lead to it. Whatever does not fit the format is left out.
struct PageRows {
  /// One row.
  struct StoredRow {
    /// The row's number in a table that has numbers; its first column is null then.
    var number: Int64?
    /// The columns.
    var values: [DatabaseValue]
  }

  private let bytes: [UInt8]
  private let start: Int
  private let usable: Int
  private let overflow: (Int) -> [UInt8]?

  /// The file's header stands before the content of its first page.
  private static let fileHeaderByteCount = 100
  /// Rows of ours have a few thousand bytes, a sweep file some ten thousand.
  private static let payloadByteCountMaximum = 1 << 24

  /// The rows on a page of a file.
  init(on page: PageFile.Page, in file: PageFile) {
    bytes = page.bytes
    start = page.number == 1 ? Self.fileHeaderByteCount : 0
    usable = file.usableByteCount
    overflow = { file[$0] }
  }

  /// The rows, in order; none on a page that only leads to others.
  var rows: [StoredRow] {
    guard let kind = Kind(rawValue: bytes[start]) else { return [] }
    let count = bytes.bigEndian(at: start + 3, count: 2)
    let pointers = start + (kind == .interiorIndex ? 12 : 8)
    guard pointers + 2 * count <= usable else { return [] }
    return (0..<count).compactMap { index in
      row(at: bytes.bigEndian(at: pointers + 2 * index, count: 2), kind)
    }
  }

  /// Kinds of pages with rows.
  private enum Kind: UInt8 {
    case leafTable = 0x0d
    case leafIndex = 0x0a
    case interiorIndex = 0x02
  }

  private func row(at place: Int, _ kind: Kind) -> StoredRow? {
    var cursor = ByteCursor(bytes[..<usable], at: place)
    if kind == .interiorIndex { cursor.skip(4) }
    guard let count = cursor.variable(), (2...Int64(Self.payloadByteCountMaximum)).contains(count)
    else { return nil }
    var number: Int64?
    if kind == .leafTable {
      number = cursor.variable()
      if number == nil { return nil }
    }
    guard let payload = payload(&cursor, count: Int(count), inTable: kind == .leafTable),
      let values = Self.values(in: payload)
    else { return nil }
    return StoredRow(number: number, values: values)
  }

  /// The bytes of a row, of which a page holds only so many; the others are on pages of their own.
  private func payload(_ cursor: inout ByteCursor, count: Int, inTable: Bool) -> [UInt8]? {
    let most = inTable ? usable - 35 : (usable - 12) * 64 / 255 - 23
    if count <= most { return cursor.bytes(count) }
    let least = (usable - 12) * 32 / 255 - 23
    let wanted = least + (count - least) % (usable - 4)
    guard var payload = cursor.bytes(wanted <= most ? wanted : least),
      var next = cursor.bytes(4)?.bigEndian(at: 0, count: 4)
    else { return nil }
    while payload.count < count {
      guard let page = overflow(next) else { return nil }
      payload += page[4..<4 + min(usable - 4, count - payload.count)]
      next = page.bigEndian(at: 0, count: 4)
    }
    return payload
  }

  /// The columns of a record: their types, then their values.
  private static func values(in payload: [UInt8]) -> [DatabaseValue]? {
    var header = ByteCursor(payload[...], at: 0)
    guard let headerByteCount = header.variable(),
      (1...Int64(payload.count)).contains(headerByteCount)
    else { return nil }
    var body = ByteCursor(payload[...], at: Int(headerByteCount))
    var values: [DatabaseValue] = []
    while header.place < Int(headerByteCount) {
      guard let type = header.variable(), let value = value(of: type, &body) else { return nil }
      values.append(value)
    }
    return values
  }

  private static func value(of type: Int64, _ body: inout ByteCursor) -> DatabaseValue? {
    switch type {
    case 0: return .null
    case 1...6: return body.integer([1, 2, 3, 4, 6, 8][Int(type) - 1])?.databaseValue
    case 7:
      return body.integer(8).map { Double(bitPattern: UInt64(bitPattern: $0)).databaseValue }
    case 8, 9: return (type - 8).databaseValue
    case 12...Int64(2 * payloadByteCountMaximum):
      guard let bytes = body.bytes(Int(type - 12) / 2) else { return nil }
      return type.isMultiple(of: 2)
        ? Data(bytes).databaseValue : String(validating: bytes, as: UTF8.self)?.databaseValue
    default: return nil
    }
  }
}

/// Reads bytes one after the other and does not leave them.
private struct ByteCursor {
  private let bytes: ArraySlice<UInt8>
  private(set) var place: Int

  init(_ bytes: ArraySlice<UInt8>, at place: Int) {
    self.bytes = bytes
    self.place = place
  }

  mutating func skip(_ count: Int) { place += count }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard count >= 0, place >= 0, place + count <= bytes.endIndex else { return nil }
    defer { place += count }
    return Array(bytes[place..<place + count])
  }

  /// A number of one to nine bytes, seven bits in each but the ninth.
  mutating func variable() -> Int64? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard let byte = bytes(1)?.first else { return nil }
      if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
      value = value << 7 | UInt64(byte & 0x7f)
      if byte & 0x80 == 0 { return Int64(bitPattern: value) }
    }
    return nil
  }

  /// A signed number, the most significant byte first.
  mutating func integer(_ count: Int) -> Int64? {
    guard let bytes = bytes(count) else { return nil }
    let negative: Int64 = bytes[0] & 0x80 == 0 ? 0 : -1
    return bytes.reduce(negative) { $0 << 8 | Int64($1) }
  }
}
