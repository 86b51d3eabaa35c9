import Foundation

/// The training speed of one trial at its samples: `pace.csv` as the trial wrote it.
struct PaceTable {
  private static let columns = ["step", "seconds", "steps_per_second"]

  /// Steps per second by step, both as the file writes them.
  let stepsPerSecond: [Substring: Substring]

  /// Reads the file.
  ///
  /// - Throws: ``FormatError`` naming the line.
  init(_ data: Data) throws(FormatError) {
    let table = try PlainCSV(data)
    guard table.header == Self.columns else {
      throw FormatError(
        place: "line 1", found: table.header.joined(separator: ","),
        expected: Self.columns.joined(separator: ","))
    }
    if let (line, bad) = table.firstField(where: { !$0.isEmpty && !PlainCSV.isNumber($0) }) {
      throw FormatError(place: "line \(line)", found: bad, expected: "a number")
    }
    stepsPerSecond = Dictionary(
      table.rows.map { ($0[0], $0[2]) }, uniquingKeysWith: { _, last in last })
  }
}
