/// The frame of one plot: its axes, grid, ticks and labels.
struct PlotFrame {
  /// The horizontal axis.
  let x: Axis
  /// The vertical axis, from the bottom up.
  let y: Axis

  /// Draws grid, frame, ticks and labels.
  ///
  /// - Parameters:
  ///   - xLabel: Name and unit under the horizontal axis; nil omits name and numbers.
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

  /// The position of a pair of numbers.
  func point(_ x: Double, _ y: Double) -> SVGDrawing.Point {
    (self.x.position(of: x), self.y.position(of: y))
  }
}
