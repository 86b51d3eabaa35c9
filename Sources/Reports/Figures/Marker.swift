/// The shapes of points; each series has one, so that series differ not only in colour.
enum Marker: Int, CaseIterable {
  case circle
  case square
  case triangle
  case diamond

  /// The shape of a series; shifted by one where the combination of colour and shape would repeat.
  static func ofSeries(_ index: Int) -> Marker {
    allCases[(index + index / (3 * allCases.count)) % allCases.count]
  }

  /// Draws the shape.
  ///
  /// - Parameters:
  ///   - fill: The inside; `#ffffff` for a hollow mark.
  ///   - isCrossed: Whether a cross is drawn over it.
  func draw(
    at point: SVGDrawing.Point, size: Double = 4.5, fill: String, stroke: SVGDrawing.Stroke,
    isCrossed: Bool = false, in drawing: inout SVGDrawing
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
    guard isCrossed else { return }
    let arm = size * 1.25
    drawing.line(from: (x - arm, y - arm), to: (x + arm, y + arm), stroke)
    drawing.line(from: (x - arm, y + arm), to: (x + arm, y - arm), stroke)
  }
}
