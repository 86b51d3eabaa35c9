import Foundation

/// Columns of text, the first flush left, the others flush right.
public struct TextTable {
  private var rows: [[String]]

  /// A table with these headings.
  public init(_ headings: String...) { rows = [headings] }

  /// Appends a row of as many cells as there are headings.
  public mutating func add(_ cells: String...) {
    precondition(cells.count == rows[0].count, "a row has as many cells as the table")
    rows.append(cells)
  }

  /// The lines, each ended.
  public var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      return cells.joined(separator: "  ") + "\n"
    }.joined()
  }
}

extension Double {
  /// The number with this many digits after the point.
  public func text(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
