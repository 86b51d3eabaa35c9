import Foundation
import Trials

/// `figure2.svg`: evaluation images above their reconstructions by each narrowing trial, labelled
/// with tolerance and open gates.
struct Figure2Drawing {
  /// A trial and its images.
  struct Row {
    var trial: RecordedTrial
    var images: Reconstructions
    /// The label that distinguishes the trial's series from others with the same images; may be
    /// empty.
    var series = ""
  }

  /// The rows in the plan's order.
  let rows: [Row]
  /// The sweep's name.
  let name: String
  /// The mark of an unfinished report.
  let banner: String?
  /// The numbers of images of the sweep's data sets.
  var counts = ImageCounts()

  private static let labelWidth = 128.0
  private static let margin = 24.0
  private static let headerHeight = 48.0
  private static let gap = 4.0

  /// The file's bytes.
  var svg: Data {
    let columns = rows.map(\.images.originals.count).max() ?? 0
    let width = max(480, 760)
    let side = min(
      64, (Double(width) - Self.labelWidth - 2 * Self.margin) / Double(max(columns, 1)) - Self.gap)
    let lines = lines()
    let height =
      Self.headerHeight + Self.margin
      + lines.map { side + ($0.startsGroup ? 14 : Self.gap) }.reduce(0, +)
    var drawing = SVGDrawing(
      width: Double(width), height: max(height, 100),
      title: "\(name): originals and reconstructions")
    drawing.text(
      "Originals and reconstructions", at: (Self.margin, 26), .init(size: 15, isBold: true))
    if let banner {
      drawing.text(
        banner, at: (Double(width) - Self.margin, 26),
        .init(size: 12, color: Palette.warning, anchor: "end", isBold: true))
    }
    let remarks = remarks
    if !remarks.isEmpty {
      drawing.text(remarks, at: (Self.margin, 42), .init(size: 11, color: Palette.quiet))
    }
    if lines.isEmpty {
      drawing.text(
        "No narrowing trial has a result yet.", at: (Self.margin, 60),
        .init(color: Palette.quiet))
    }
    var top = Self.headerHeight - 10
    for line in lines {
      top += line.startsGroup ? 14 : Self.gap
      for (index, image) in line.images.enumerated() {
        let left = Self.margin + Self.labelWidth + Double(index) * (side + Self.gap)
        drawing.image(image, at: (left, top), width: side, height: side)
        drawing.rectangle(
          at: (left, top), width: side, height: side, fill: "none",
          .init(color: Palette.frame, width: 0.5))
      }
      draw(line.texts, besides: top, side: side, startsGroup: line.startsGroup, in: &drawing)
      top += side
    }
    return drawing.data
  }

  /// Draws the text beside a row, for originals with the first line in bold, scaled to fit left of
  /// the images.
  private func draw(
    _ texts: [String], besides top: Double, side: Double, startsGroup: Bool,
    in drawing: inout SVGDrawing
  ) {
    let pitch = min(16, side / Double(texts.count))
    let first = top + side / 2 - pitch * Double(texts.count - 1) / 2 + 4
    for (index, text) in texts.enumerated() {
      drawing.text(
        text, at: (Self.margin, first + Double(index) * pitch),
        .init(
          size: SVGDrawing.size(
            of: text, within: Self.labelWidth - 8, most: index == 0 ? 12 : 11),
          color: index == 0 ? "#222222" : Palette.quiet, isBold: index == 0 && startsGroup))
    }
  }

  /// The remarks on the data sets, in the order of their first appearance.
  private var remarks: String {
    var datasets: [Dataset] = []
    for row in rows {
      let dataset = row.trial.planned.configuration.dataset
      if !datasets.contains(dataset) { datasets.append(dataset) }
    }
    return datasets.compactMap { dataset in
      counts.remark(on: dataset).map { "\(dataset.title): \($0)" }
    }.joined(separator: "; ")
  }

  private struct Line {
    var texts: [String]
    var images: [Raster]
    var startsGroup: Bool
  }

  /// The lines of the figure: originals once for successive trials with the same ones.
  private func lines() -> [Line] {
    var lines: [Line] = []
    var shown: [Raster]?
    for row in rows {
      let configuration = row.trial.result?.provenance.configuration
      if shown != row.images.originals {
        shown = row.images.originals
        lines.append(
          Line(
            texts: ["originals", configuration?.dataset.title ?? ""], images: row.images.originals,
            startsGroup: true))
      }
      let tolerance = (try? configuration?.lastTolerance()) ?? 0
      let latents = (try? configuration?.resolvedLatents()) ?? 0
      let isMet = row.trial.result?.milestones.last?.toleranceMet ?? true
      let series = row.series.split(separator: ", ").map(String.init)
      let gates = row.trial.result?.milestones.last?.gatesOpen ?? 0
      lines.append(
        Line(
          texts: [
            "τ = \(NumberText.compact(tolerance))"
              + (configuration?.trace.map { ", \($0.direction.words)" } ?? "")
              + (isMet ? "" : ", not met"),
            "‖ν‖₀ = \(gates) of \(latents)",
          ] + series, images: row.images.reconstructions,
          startsGroup: false))
    }
    return lines
  }
}
