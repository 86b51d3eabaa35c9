import Foundation
import Trials

/// A table for data frames, written row by row.
struct TidyTable {
  /// The file's name.
  let name: String
  private let form: TidyTables.Form
  private let columns: [String]
  /// The JSON before each value: the column's name and punctuation.
  private let keys: [String]
  private var isEmpty = true

  /// A table without rows.
  init(_ name: String, _ form: TidyTables.Form, columns: [String]) {
    self.name = "\(name).\(form.rawValue)"
    self.form = form
    self.columns = columns
    keys = columns.enumerated().map { "\($0 == 0 ? "{" : ",")\(CanonicalJSON.text($1)):" }
  }

  /// The text before the first row.
  var head: String {
    switch form {
    case .csv: columns.map(CSVTable.escaped).joined(separator: ",") + "\n"
    case .json: "["
    }
  }

  /// The next row, with a value for every column.
  mutating func row(_ cells: [TidyCell]) -> String {
    precondition(cells.count == columns.count, "a row has a value for every column")
    defer { isEmpty = false }
    switch form {
    case .csv: return cells.map(\.csv).joined(separator: ",") + "\n"
    case .json:
      return (isEmpty ? "\n" : ",\n") + zip(keys, cells).map { $0 + $1.json }.joined() + "}"
    }
  }

  /// The text after the last row.
  var tail: String { form == .csv ? "" : "\n]\n" }
}
