import Foundation
import Trials

/// The front for terminals: the open gates of each tolerance as bars of block characters.
package enum FrontBlocks {
  private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

  /// The series with the most results, in at most `rows` lines of `columns` columns; empty if there
  /// is no result, or no room for a heading and a bar.
  ///
  /// Full bars are on the front, shaded ones are not, light ones did not keep their tolerance.
  package static func lines(
    of results: SweepResults, columns: Int, rows: Int, counts: ImageCounts = ImageCounts()
  ) -> [String] {
    let series = Front(of: results).series.map { series in
      (series, series.points.filter { $0.gatesOpen != nil && $0.tolerance != nil })
    }
    guard rows >= 2, let (best, points) = series.max(by: { $0.1.count < $1.1.count }),
      !points.isEmpty
    else { return [] }
    // With more points than rows, show those on the front; the last row counts the omitted ones.
    var shown = points
    if shown.count > rows - 1 {
      let front = points.filter(\.isOnFront)
      shown = Array((front.isEmpty ? points : front).prefix(max(1, rows - 2)))
    }
    let tolerances = shown.map { $0.tolerance?.text { NumberText.compact($0) } ?? "" }
    let gates = shown.map { $0.gatesOpen?.text { NumberText.compact($0, upTo: 1) } ?? "" }
    let width = (tolerances.map(\.count).max() ?? 0, gates.map(\.count).max() ?? 0)
    let most = points.compactMap { $0.gatesOpen?.median }.max() ?? 1
    let room = max(1, min(50, columns - width.0 - width.1 - 7))
    var lines = ["open gates by tolerance: \(counts.title(of: best.dataset)), \(best.label)"]
    for (index, point) in shown.enumerated() {
      let share = most > 0 ? (point.gatesOpen?.median ?? 0) / most : 0
      lines.append(
        "τ " + String(repeating: " ", count: width.0 - tolerances[index].count)
          + tolerances[index] + "  "
          + bar(point, eighths: Int((share * Double(8 * room)).rounded()))
          + " " + gates[index])
    }
    if shown.count < points.count, lines.count < rows {
      lines.append("… and \(points.count - shown.count) more tolerances")
    }
    return lines
  }

  private static func bar(_ point: Front.Point, eighths count: Int) -> String {
    if point.isOnFront {
      return String(repeating: "█", count: count / 8) + eighths[count % 8]
    }
    let block = point.toleranceMet == false ? "░" : "▒"
    return String(repeating: block, count: (count + 4) / 8)
  }
}
