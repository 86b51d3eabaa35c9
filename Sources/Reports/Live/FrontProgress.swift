import Foundation
import Trials

/// The growth of the front with the core-hours spent.
///
/// A step for each point of the present front, at the core-hours spent when it was complete. Where
/// the line is level, more hours added no point to the front.
struct FrontProgress {
  /// The core-hours spent when each point of the front was complete, ascending.
  let found: [Double]
  /// The total of core-hours spent.
  let total: Double

  /// The most steps drawn.
  private static let cornerCountMaximum = 600
  /// The size of the drawing, and of its margins, in pixels.
  private static let (width, height) = (760.0, 260.0)
  private static let margin = (left: 64.0, right: 24.0, top: 44.0, bottom: 52.0)

  /// The growth of a front.
  ///
  /// - Parameters:
  ///   - front: The front as it is now.
  ///   - spent: By trial, the core-hours of all results up to and including its own.
  ///   - total: The core-hours of all results.
  init(of front: Front, spent: [TrialID: Double], total: Double) {
    found = front.series.flatMap(\.front).map { point in
      // A point is complete with the last of its replicates.
      point.gridPoint.trials.compactMap { spent[$0.planned.id] }.max() ?? 0
    }.sorted()
    self.total = max(total, found.last ?? 0)
  }

  /// The drawing's bytes.
  var svg: Data {
    var drawing = SVGDrawing(
      width: Self.width, height: Self.height, title: "Points of the front against core-hours")
    drawing.text(
      "Points of the front found", at: (Self.margin.left, 26), .init(size: 15, isBold: true))
    guard !found.isEmpty, total > 0 else {
      drawing.text(
        "No point is on the front yet.", at: (Self.margin.left, 60), .init(color: Palette.quiet))
      return drawing.data
    }
    let (unit, scale) = Self.unit(of: total)
    let frame = PlotFrame(
      x: .linear(
        0...total * scale, from: Self.margin.left, to: Self.width - Self.margin.right),
      y: .linear(
        0...Double(found.count), from: Self.height - Self.margin.bottom, to: Self.margin.top,
        tickCount: 4, wholeTicks: true))
    frame.draw(in: &drawing, xLabel: "\(unit) spent on results", yLabel: "points")
    var line = [frame.point(0, 0)]
    var before = 0
    for index in EvenChoice.indices(of: found.count, most: Self.cornerCountMaximum) {
      let spent = found[index] * scale
      line += [frame.point(spent, Double(before)), frame.point(spent, Double(index + 1))]
      before = index + 1
    }
    line.append(frame.point(total * scale, Double(found.count)))
    drawing.polyline(line, .init(color: Palette.ofSeries(0), width: 2))
    return drawing.data
  }

  /// A unit that suits a total, and its number in a core-hour.
  private static func unit(of hours: Double) -> (name: String, scale: Double) {
    hours < 1.0 / 30 ? ("core-seconds", 3600) : hours < 2 ? ("core-minutes", 60) : ("core-hours", 1)
  }
}
