/// Colours that stay apart for the colour-blind and in grey (Okabe and Ito 2008).
enum Palette {
  /// Colours of series, in order of use.
  static let series = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
  /// Frames and ticks.
  static let frame = "#444444"
  /// Grid lines.
  static let grid = "#e6e6e6"
  /// Text of second rank.
  static let quiet = "#666666"
  /// The mark of an unfinished report.
  static let warning = "#b03a00"
}

/// The frame of one plot: its axes, grid, ticks and labels.
struct PlotFrame {
  /// The horizontal axis.
  let x: Axis
  /// The vertical axis, from the bottom up.
  let y: Axis

  /// Draws grid, frame, ticks and labels.
  ///
  /// - Parameters:
  ///   - xLabel: Name and unit under the horizontal axis; nil leaves name and numbers out.
  ///   - yLabel: Name and unit beside the vertical axis.
  func draw(in drawing: inout SVGDrawing, xLabel: String?, yLabel: String) {
    let grid = SVGDrawing.Stroke(color: Palette.grid)
    let frame = SVGDrawing.Stroke(color: Palette.frame)
    for tick in y.ticks {
      let position = y.position(of: tick.value)
      drawing.line(from: (x.start, position), to: (x.end, position), grid)
      drawing.line(from: (x.start - 4, position), to: (x.start, position), frame)
      drawing.text(tick.label, at: (x.start - 7, position + 3.8), .init(anchor: "end"))
    }
    for tick in x.ticks {
      let position = x.position(of: tick.value)
      drawing.line(from: (position, y.start), to: (position, y.end), grid)
      drawing.line(from: (position, y.start), to: (position, y.start + 4), frame)
      if xLabel != nil {
        drawing.text(tick.label, at: (position, y.start + 17), .init(anchor: "middle"))
      }
    }
    drawing.rectangle(
      at: (x.start, y.end), width: x.end - x.start, height: y.start - y.end, fill: "none", frame)
    if let xLabel {
      drawing.text(
        xLabel, at: ((x.start + x.end) / 2, y.start + 35), .init(size: 12, anchor: "middle"))
    }
    drawing.text(
      yLabel, at: (x.start - 42, (y.start + y.end) / 2),
      .init(size: 12, anchor: "middle", rotation: -90))
  }

  /// Where a pair of numbers lies.
  func point(_ x: Double, _ y: Double) -> SVGDrawing.Point {
    (self.x.position(of: x), self.y.position(of: y))
  }
}

/// The shapes that mark points; each series has one, so that colour is never the only difference.
enum Marker: Int, CaseIterable {
  case circle
  case square
  case triangle
  case diamond

  /// The shape of a series.
  static func ofSeries(_ index: Int) -> Marker { allCases[index % allCases.count] }

  /// Draws the shape.
  ///
  /// - Parameter fill: The inside; `#ffffff` for a hollow mark.
  func draw(
    at point: SVGDrawing.Point, size: Double = 4.5, fill: String, stroke: SVGDrawing.Stroke,
    in drawing: inout SVGDrawing
  ) {
    let (x, y) = point
    switch self {
    case .circle: drawing.circle(at: point, radius: size, fill: fill, stroke)
    case .square:
      let side = size * 1.8
      drawing.rectangle(
        at: (x - side / 2, y - side / 2), width: side, height: side, fill: fill, stroke)
    case .triangle:
      let r = size * 1.25
      drawing.polygon(
        [(x, y - r), (x + 0.87 * r, y + r / 2), (x - 0.87 * r, y + r / 2)], fill: fill, stroke)
    case .diamond:
      let r = size * 1.3
      drawing.polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], fill: fill, stroke)
    }
  }
}
