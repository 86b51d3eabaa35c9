import Foundation
import Trials

/// The training speed of one trial at its samples: the parsed `pace.csv`.
struct PaceTable {
  /// Steps per second by step, both as texts of the file.
  let stepsPerSecond: [Substring: Substring]

  /// Reads the file.
  ///
  /// - Throws: ``FormatError`` naming the line.
  init(_ data: Data) throws(FormatError) {
    let table = try PlainCSV(data)
    guard table.header == TrajectoryText.paceColumns else {
      throw FormatError(
        place: "line 1", found: table.header.joined(separator: ","),
        expected: TrajectoryText.paceColumns.joined(separator: ","))
    }
    if let (line, bad) = table.firstField(where: { !$0.isEmpty && !PlainCSV.isNumber($0) }) {
      throw FormatError(place: "line \(line)", found: bad, expected: "a number")
    }
    stepsPerSecond = Dictionary(
      table.rows.map { ($0[0], $0[2]) }, uniquingKeysWith: { _, last in last })
  }
}
