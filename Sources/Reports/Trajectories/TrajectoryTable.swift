import Foundation
import Trials

/// The samples of one trial: the parsed `trajectory.csv`.
///
/// Columns: `step, squared_error, mse, constraint_average, multiplier, tolerance_hits, gates_open,
/// expected_open, kl, gate_0 … gate_{n−1}`.
struct TrajectoryTable {
  /// The header line's fields.
  let header: [String]
  /// The rows' fields as text, so that a joined table keeps every digit.
  let rows: [[Substring]]

  /// Reads the file.
  ///
  /// - Throws: ``FormatError`` naming the line.
  init(_ data: Data) throws(FormatError) {
    let table = try PlainCSV(data)
    guard table.header.starts(with: TrajectoryText.fixedColumns),
      zip(table.header.dropFirst(TrajectoryText.fixedColumns.count), 0...).allSatisfy({
        $0 == "gate_\($1)"
      })
    else {
      throw FormatError(
        place: "line 1", found: table.header.joined(separator: ","),
        expected: TrajectoryText.fixedColumns.joined(separator: ",") + ",gate_0,…")
    }
    header = table.header
    rows = table.rows
    if let (line, bad) = table.firstField(where: { !PlainCSV.isNumber($0) }) {
      throw FormatError(place: "line \(line)", found: bad, expected: "a number")
    }
    try checkSteps()
  }

  /// Checks that steps increase, and that steps and open gates are within their limits.
  private func checkSteps() throws(FormatError) {
    guard let gates = header.firstIndex(of: "gates_open") else { return }
    var last = 0
    for (index, row) in rows.enumerated() {
      guard let step = Int(row[0]), step > last, step <= Budget.maximumCount else {
        throw FormatError(
          place: "line \(index + 2)", found: "step \(row[0])",
          expected: "a step from \(last + 1) to \(Budget.maximumCount)")
      }
      last = step
      let most = ModelSettings.latentRange.upperBound
      guard let open = Double(row[gates]), (0...Double(most)).contains(open),
        open == open.rounded()
      else {
        throw FormatError(
          place: "line \(index + 2)", found: "\(row[gates]) open gates", expected: "0 to \(most)")
      }
    }
  }

  /// The numbers of a column, one per sample.
  func numbers(_ column: String) -> [Double] {
    guard let index = header.firstIndex(of: column) else {
      preconditionFailure("a trajectory has the column \(column)")
    }
    return rows.map { Double($0[index]) ?? .nan }
  }

  /// The number of gates.
  var gateCount: Int { header.count - TrajectoryText.fixedColumns.count }

  /// The table with the training speed as its last column; empty for steps that `pace` lacks.
  func joined(with pace: PaceTable) -> Data {
    var text = (header + ["steps_per_second"]).joined(separator: ",") + "\n"
    for row in rows {
      text += row.joined(separator: ",")
      text += "," + (pace.stepsPerSecond[row[0]] ?? "") + "\n"
    }
    return Data(text.utf8)
  }
}
