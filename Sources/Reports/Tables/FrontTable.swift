import Trials

/// The front as a plain-text table for terminals.
package enum FrontTable {
  /// The narrowing grid points with a result, by series and ascending tolerance.
  ///
  /// Columns: tolerance, gates open, training and evaluation MSE. An asterisk marks points on the
  /// front, an x points that did not keep their tolerance. Replicates are shown as median and
  /// range.
  ///
  /// - Parameter counts: The numbers of images of the data sets.
  /// - Returns: Lines that end with line feeds; one sentence if there is no result yet.
  package static func text(
    of results: SweepResults, counts: ImageCounts = ImageCounts()
  ) -> String {
    let front = Front(of: results)
    var blocks: [String] = []
    for series in front.series {
      let rows = series.points.compactMap { point -> [String]? in
        guard let tolerance = point.tolerance, let gates = point.gatesOpen, let mse = point.mse,
          let evaluation = point.evaluationMSE
        else { return nil }
        return [
          point.isOnFront ? "*" : point.toleranceMet == false ? "x" : "",
          tolerance.text { NumberText.compact($0) },
          gates.text { NumberText.compact($0, upTo: 1) },
          mse.text { NumberText.fixed($0, 2) }, evaluation.text { NumberText.fixed($0, 2) },
        ]
      }
      guard !rows.isEmpty else { continue }
      blocks.append(
        "\(counts.title(of: series.dataset)), \(series.label)\n"
          + aligned([["", "tolerance", "gates open", "mse", "evaluation mse"]] + rows))
    }
    guard !blocks.isEmpty else { return "No narrowing trial has a result yet.\n" }
    var text = blocks.joined(separator: "\n")
    let points = front.series.flatMap(\.points)
    if points.contains(where: \.isOnFront) {
      text += "* no other trial keeps as few gates at as tight a tolerance\n"
    }
    if points.contains(where: { $0.toleranceMet == false }) {
      text += "x its error did not come down to the tolerance: it shows nothing about its gates\n"
    }
    if let banner = Completion(of: results).banner { text += banner + "\n" }
    return text
  }

  /// Rows in aligned columns, the first row the header; lines end with line feeds.
  static func aligned(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }
        .joined(separator: "  ") + "\n"
    }.joined()
  }
}
