import Foundation
import Trials

/// A table as comma-separated values: RFC 4180, UTF-8, one header line, LF line ends.
struct CSVTable {
  /// The names of the columns.
  var header: [String]
  /// The rows, each with one text per column.
  var rows: [[String]] = []

  /// Appends a row.
  mutating func append(_ row: [String]) {
    precondition(row.count == header.count, "a row has a text for every column")
    rows.append(row)
  }

  /// The table's bytes.
  var data: Data {
    var text = ""
    for row in [header] + rows { text += Self.line(row) }
    return Data(text.utf8)
  }

  /// A row as a line with its end.
  static func line(_ row: [String]) -> String {
    row.map(escaped).joined(separator: ",") + "\n"
  }

  /// The field, in quotes if it contains a comma, a quote or a line break.
  static func escaped(_ field: String) -> String {
    let isSpecial = { (byte: UInt8) in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r")
    }
    guard field.utf8.contains(where: isSpecial) else { return field }
    return "\"" + field.replacing(scalar: "\"", with: "\"\"") + "\""
  }
}
