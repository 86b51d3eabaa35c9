/// The legend of one panel of Figure 3: in the plot's upper right corner if it is small enough,
/// else below the plot in columns.
struct Figure3Legend {
  private struct Entry {
    var marker: Marker
    var size = 4.5
    var fill: String
    var stroke: SVGDrawing.Stroke
    var hasLine = false
    var isCrossed = false
    var text: String
  }

  private static let lineHeight = 19.0
  /// Pixels beside an entry's text.
  private static let symbolWidth = 54.0
  private static let textSize = 11.0
  /// The limits of a legend inside the plot.
  private static let seriesCountInside = 3
  private static let widthInside = 330.0
  private var entries: [Entry] = []
  /// Whether the legend is below the plot.
  let isBelow: Bool

  /// The legend of a panel's series.
  init(of series: [Front.Series], hasPublished: Bool) {
    let isLong = series.count > Self.seriesCountInside
    for (index, series) in series.enumerated() {
      let color = Palette.ofSeries(index)
      let stroke = SVGDrawing.Stroke(color: color, width: 1.6)
      let marker = Marker.ofSeries(index)
      entries.append(
        Entry(
          marker: marker, fill: color, stroke: stroke, hasLine: true,
          text: isLong ? series.label : "\(series.label), front"))
      guard !isLong else { continue }
      entries += Self.hollow([series], marker, stroke) { "\(series.label), \($0)" }
    }
    if isLong {
      entries += Self.hollow(series, .circle, .init(color: Palette.frame, width: 1.6)) { $0 }
    }
    if hasPublished {
      entries.append(
        Entry(
          marker: .circle, size: 7, fill: "#ffffff",
          stroke: .init(color: "#000000", width: 1.4),
          text: "De Boom et al., n = 32, 2000 epochs"))
    }
    let width = Self.width(of: entries)
    isBelow = isLong || width > Self.widthInside
  }

  /// The explanations of the hollow marks that the series have.
  private static func hollow(
    _ series: [Front.Series], _ marker: Marker, _ stroke: SVGDrawing.Stroke,
    _ text: (String) -> String
  ) -> [Entry] {
    let shown = series.flatMap(\.points).filter { $0.gatesOpen != nil }
    var entries: [Entry] = []
    if shown.contains(where: { !$0.isOnFront && $0.toleranceMet != false }) {
      entries.append(
        Entry(marker: marker, fill: "#ffffff", stroke: stroke, text: text("dominated")))
    }
    if shown.contains(where: { $0.toleranceMet == false }) {
      entries.append(
        Entry(
          marker: marker, fill: "#ffffff", stroke: stroke, isCrossed: true,
          text: text("tolerance not met")))
    }
    return entries
  }

  private static func width(of entries: [Entry]) -> Double {
    Double(entries.map(\.text.count).max() ?? 0) * 6.5 + symbolWidth
  }

  /// The width of an entry in pixels; of the whole legend if it is inside the plot.
  var width: Double { Self.width(of: entries) }

  /// The height in pixels for a given width.
  func height(within available: Double) -> Double {
    let rows = (entries.count + columnCount(within: available) - 1) / columnCount(within: available)
    return Double(rows) * Self.lineHeight + 9
  }

  private func columnCount(within available: Double) -> Int {
    isBelow ? max(1, Int(available / width)) : 1
  }

  /// Draws the legend.
  ///
  /// - Parameters:
  ///   - corner: Its upper left corner.
  ///   - available: The most pixels of its width.
  func draw(at corner: SVGDrawing.Point, within available: Double, in drawing: inout SVGDrawing) {
    let columns = columnCount(within: available)
    let rows = (entries.count + columns - 1) / columns
    let pitch = isBelow ? available / Double(columns) : width
    if !isBelow {
      drawing.rectangle(
        at: corner, width: width, height: height(within: available), fill: "#ffffff",
        .init(color: Palette.grid))
    }
    for (index, entry) in entries.enumerated() {
      let left = corner.x + Double(index / rows) * pitch
      let y = corner.y + 14 + Double(index % rows) * Self.lineHeight
      if entry.hasLine {
        drawing.line(
          from: (left + 8, y), to: (left + 36, y), .init(color: entry.stroke.color, width: 2))
      }
      entry.marker.draw(
        at: (left + 22, y), size: entry.size, fill: entry.fill, stroke: entry.stroke,
        isCrossed: entry.isCrossed, in: &drawing)
      drawing.text(
        entry.text, at: (left + 44, y + 4),
        .init(size: SVGDrawing.size(of: entry.text, within: pitch - 46, most: Self.textSize)))
    }
  }
}
