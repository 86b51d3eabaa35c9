/// The legend of one panel of Figure 3, in the plot's upper right corner.
struct Figure3Legend {
  private struct Entry {
    var marker: Marker
    var size: Double
    var fill: String
    var stroke: SVGDrawing.Stroke
    var hasLine: Bool
    var text: String
  }

  private static let lineHeight = 19.0
  private var entries: [Entry] = []

  /// The legend of a panel's series.
  init(of series: [Front.Series], hasPublished: Bool) {
    for (index, series) in series.enumerated() {
      let color = Palette.series[index % Palette.series.count]
      let stroke = SVGDrawing.Stroke(color: color, width: 1.6)
      entries.append(
        Entry(
          marker: .ofSeries(index), size: 4.5, fill: color, stroke: stroke, hasLine: true,
          text: "\(series.label), front"))
      if series.points.contains(where: { $0.gatesOpen != nil && !$0.isOnFront }) {
        entries.append(
          Entry(
            marker: .ofSeries(index), size: 4.5, fill: "#ffffff", stroke: stroke,
            hasLine: false, text: "\(series.label), dominated"))
      }
    }
    if hasPublished {
      entries.append(
        Entry(
          marker: .circle, size: 7, fill: "#ffffff",
          stroke: .init(color: "#000000", width: 1.4), hasLine: false,
          text: "De Boom et al., n = 32, 2000 epochs"))
    }
  }

  /// Width in pixels.
  var width: Double { Double(entries.map(\.text.count).max() ?? 0) * 6.5 + 54 }
  /// Height in pixels.
  var height: Double { Double(entries.count) * Self.lineHeight + 9 }

  /// Draws the legend into a plot.
  func draw(in drawing: inout SVGDrawing, frame: PlotFrame) {
    let left = frame.x.end - width - 10
    let top = frame.y.end + 10
    drawing.rectangle(
      at: (left, top), width: width, height: height, fill: "#ffffff",
      .init(color: Palette.grid))
    for (index, entry) in entries.enumerated() {
      let y = top + 14 + Double(index) * Self.lineHeight
      if entry.hasLine {
        drawing.line(
          from: (left + 8, y), to: (left + 36, y), .init(color: entry.stroke.color, width: 2))
      }
      entry.marker.draw(
        at: (left + 22, y), size: entry.size, fill: entry.fill, stroke: entry.stroke,
        in: &drawing)
      drawing.text(entry.text, at: (left + 44, y + 4))
    }
  }
}
