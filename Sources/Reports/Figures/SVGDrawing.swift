import Foundation
import Trials

/// A drawing that is written as SVG, with fixed decimals and attribute order, so that equal
/// drawings have equal bytes.
struct SVGDrawing {
  /// Font families, in order of preference; all have the mathematical signs that figures use.
  private static let fonts = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"

  /// Width in pixels.
  let width: Double
  /// Height in pixels.
  let height: Double
  /// A description for people who cannot see the drawing.
  let title: String
  private var elements: [String] = []

  /// An empty drawing on white.
  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  /// Colour, width and dashes of a line.
  struct Stroke {
    var color: String
    var width = 1.0
    var dashes: String?
    var opacity = 1.0

    fileprivate var attributes: String {
      var text = " stroke=\"\(color)\" stroke-width=\"\(number(width))\""
      if let dashes { text += " stroke-dasharray=\"\(dashes)\"" }
      if opacity < 1 { text += " stroke-opacity=\"\(number(opacity))\"" }
      return text
    }
  }

  /// How a text is set.
  struct TextStyle {
    var size = 11.0
    var color = "#222222"
    var anchor = "start"
    var isBold = false
    /// Degrees clockwise about the text's point.
    var rotation = 0.0
    /// Whether the text has a white outline, over lines behind it.
    var hasHalo = false
  }

  /// A point in pixels from the upper left corner.
  typealias Point = (x: Double, y: Double)

  /// Draws a line between two points.
  mutating func line(from start: Point, to end: Point, _ stroke: Stroke) {
    elements.append(
      "<line x1=\"\(number(start.x))\" y1=\"\(number(start.y))\" x2=\"\(number(end.x))\" "
        + "y2=\"\(number(end.y))\"\(stroke.attributes)/>")
  }

  /// Draws a line through points, if there are two or more.
  mutating func polyline(_ points: [Point], _ stroke: Stroke) {
    guard points.count > 1 else { return }
    let text = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    elements.append(
      "<polyline points=\"\(text)\" fill=\"none\" stroke-linejoin=\"round\"\(stroke.attributes)/>")
  }

  /// Fills a closed shape.
  mutating func polygon(_ points: [Point], fill: String, _ stroke: Stroke) {
    let text = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    elements.append("<polygon points=\"\(text)\" fill=\"\(fill)\"\(stroke.attributes)/>")
  }

  /// Draws a disc.
  mutating func circle(at center: Point, radius: Double, fill: String, _ stroke: Stroke) {
    elements.append(
      "<circle cx=\"\(number(center.x))\" cy=\"\(number(center.y))\" r=\"\(number(radius))\" "
        + "fill=\"\(fill)\"\(stroke.attributes)/>")
  }

  /// Draws a rectangle.
  mutating func rectangle(
    at corner: Point, width: Double, height: Double, fill: String, _ stroke: Stroke
  ) {
    elements.append(
      "<rect x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(width))\" "
        + "height=\"\(number(height))\" fill=\"\(fill)\"\(stroke.attributes)/>")
  }

  /// Draws a text with its baseline at a point.
  mutating func text(_ text: String, at point: Point, _ style: TextStyle = TextStyle()) {
    var attributes =
      "x=\"\(number(point.x))\" y=\"\(number(point.y))\" font-size=\"\(number(style.size))\" "
      + "fill=\"\(style.color)\""
    if style.anchor != "start" { attributes += " text-anchor=\"\(style.anchor)\"" }
    if style.isBold { attributes += " font-weight=\"bold\"" }
    if style.rotation != 0 {
      attributes +=
        " transform=\"rotate(\(number(style.rotation)) \(number(point.x)) \(number(point.y)))\""
    }
    let content = Self.escaped(text)
    if style.hasHalo {
      let halo = Stroke(color: "#ffffff", width: 3.5).attributes
      elements.append("<text \(attributes)\(halo) stroke-linejoin=\"round\">\(content)</text>")
    }
    elements.append("<text \(attributes)>\(content)</text>")
  }

  /// The largest font size, at most `size`, at which a text fits the width approximately.
  static func size(of text: String, within width: Double, most size: Double) -> Double {
    min(size, max(5, width / (0.6 * Double(max(text.count, 1)))))
  }

  /// Draws an image without smoothing.
  mutating func image(_ raster: Raster, at corner: Point, width: Double, height: Double) {
    elements.append(
      "<image x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(width))\" "
        + "height=\"\(number(height))\" preserveAspectRatio=\"none\" "
        + "style=\"image-rendering:pixelated\" "
        + "xlink:href=\"data:image/png;base64,\(raster.png.base64EncodedString())\"/>")
  }

  /// The file's bytes.
  var data: Data {
    let (width, height) = (number(width), number(height))
    var text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \
      width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="\(Self.fonts)">
      <title>\(Self.escaped(title))</title>
      <rect width="\(width)" height="\(height)" fill="#ffffff"/>

      """
    for element in elements { text += element + "\n" }
    text += "</svg>\n"
    return Data(text.utf8)
  }

  /// A text as XML content or attribute value; control characters, which XML cannot hold, become
  /// U+FFFD.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    let spaced = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    for scalar in PlainText.line(spaced).unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case _ where scalar.value & 0xfffe == 0xfffe: escaped += "\u{fffd}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

/// A coordinate: two decimals at most.
private func number(_ value: Double) -> String { NumberText.compact(value) }
