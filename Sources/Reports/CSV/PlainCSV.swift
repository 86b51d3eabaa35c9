import Foundation
import Trials

/// A parsed CSV table without quoted fields, the form that trials write.
struct PlainCSV {
  let header: [String]
  let rows: [[Substring]]

  init(_ data: Data) throws(FormatError) {
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    guard let first = lines.first else {
      throw FormatError(place: "line 1", found: "nothing", expected: "a header")
    }
    header = first.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var rows: [[Substring]] = []
    rows.reserveCapacity(lines.count - 1)
    for (index, line) in lines.dropFirst().enumerated() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == header.count else {
        throw FormatError(
          place: "line \(index + 2)", found: "\(fields.count) fields",
          expected: "\(header.count)")
      }
      rows.append(fields)
    }
    self.rows = rows
  }

  /// The first field that satisfies a condition, quoted for people, and its line.
  func firstField(where isBad: (Substring) -> Bool) -> (line: Int, field: String)? {
    for (index, row) in rows.enumerated() {
      guard let bad = row.first(where: isBad) else { continue }
      return (index + 2, "\"\(PlainText.line(String(bad.prefix(40))))\"")
    }
    return nil
  }

  /// Whether a field is a number in the form that trials write: decimal digits, or `nan` and `inf`;
  /// not a formula.
  static func isNumber(_ field: Substring) -> Bool {
    if ["nan", "-nan", "inf", "-inf"].contains(field) { return true }
    return Double(field) != nil
      && field.utf8.first != UInt8(ascii: "+")
      && field.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || ".e+-".utf8.contains(byte)
      }
  }
}
