import Foundation
import Trials

/// `figure3.svg`: the number of open dimensions at each tolerance, one panel per data set, with
/// reconstructions of an evaluation image by chosen points of the front below it.
struct Figure3Drawing {
  /// The most reconstructions in a panel.
  static let maximumImageCount = 8

  /// An image of one point, with its letter.
  struct Sample {
    /// The point.
    var point: Front.Point
    /// Its trial's reconstruction of the first evaluation image.
    var image: Raster
  }

  /// The images of a panel.
  struct Samples {
    /// The image itself.
    var original: Raster
    /// Its reconstructions by points of the front, by ascending tolerance.
    var samples: [Sample]
  }

  /// The panels' series.
  let front: Front
  /// The images of each data set that has some.
  let samples: [Dataset: Samples]
  /// The sweep's name.
  let name: String
  /// The mark of an unfinished report.
  let banner: String?
  /// The numbers of images of the sweep's data sets.
  var counts = ImageCounts()
  /// Whether its series are of different sweeps, whose fronts may coincide.
  var isComparison = false

  private static let width = 760.0
  private static let plotHeight = 330.0
  private static let margin = (left: 66.0, right: 24.0, top: 54.0, bottom: 52.0)
  private static let plotWidth = width - margin.left - margin.right
  private static let stripHeight = 142.0
  private static let gap = 14.0

  /// Evenly spaced points of a data set's front that have a complete trial, including first and
  /// last, for ``samples``; of traced trials only the last rung has images.
  static func chosenPoints(of front: Front, dataset: Dataset) -> [Front.Point] {
    guard let series = front.series.first(where: { $0.dataset == dataset && !$0.front.isEmpty })
    else { return [] }
    let points = series.front.filter(\.gridPoint.isAtEnd)
    guard points.count > maximumImageCount else { return points }
    return (0..<maximumImageCount).map { index in
      points[
        Int((Double(index * (points.count - 1)) / Double(maximumImageCount - 1)).rounded())]
    }
  }

  /// The file's bytes.
  var svg: Data {
    var datasets: [Dataset] = []
    for series in front.series where !datasets.contains(series.dataset) {
      datasets.append(series.dataset)
    }
    let heights = datasets.map { dataset in
      let legend = legend(of: dataset)
      return Self.margin.top + Self.plotHeight + Self.margin.bottom
        + (legend.isBelow ? legend.height(within: Self.plotWidth) + Self.gap : 0)
        + (samples[dataset] == nil ? 0 : Self.stripHeight)
    }
    var drawing = SVGDrawing(
      width: Self.width, height: max(heights.reduce(0, +), 120),
      title: "\(name): open gates against tolerance")
    if datasets.isEmpty {
      drawing.text("No narrowing trial is planned.", at: (24, 60))
    }
    var top = 0.0
    for (dataset, height) in zip(datasets, heights) {
      drawPanel(of: dataset, top: top, in: &drawing)
      top += height
    }
    return drawing.data
  }

  private func series(of dataset: Dataset) -> [Front.Series] {
    front.series.filter { $0.dataset == dataset }
  }

  private func legend(of dataset: Dataset) -> Figure3Legend {
    Figure3Legend(
      of: series(of: dataset),
      hasPublished: PublishedResults.figure3.contains { $0.dataset == dataset })
  }

  private func drawPanel(of dataset: Dataset, top: Double, in drawing: inout SVGDrawing) {
    let series = series(of: dataset)
    let published = PublishedResults.figure3.filter { $0.dataset == dataset }
    let legend = legend(of: dataset)
    let frame = frame(of: series, published: published, legend: legend, top: top)
    let title = "\(dataset.title): dimensions kept at each tolerance"
    drawing.text(
      title, at: (Self.margin.left, top + 24),
      .init(
        size: SVGDrawing.size(
          of: title, within: Self.plotWidth - (banner == nil ? 0 : 230), most: 15), isBold: true))
    let subtitle = subtitle(of: series, dataset)
    drawing.text(
      subtitle, at: (Self.margin.left, top + 42),
      .init(
        size: SVGDrawing.size(of: subtitle, within: Self.plotWidth, most: 11),
        color: Palette.quiet))
    if let banner {
      drawing.text(
        banner, at: (Self.width - Self.margin.right, top + 24),
        .init(size: 12, color: Palette.warning, anchor: "end", isBold: true))
    }
    frame.draw(
      in: &drawing, xLabel: "tolerance τ (summed squared error per image)",
      yLabel: "open gates ‖ν‖₀")
    for point in published {
      Marker.circle.draw(
        at: frame.point(point.tolerance, Double(point.gatesOpen)), size: 7, fill: "#ffffff",
        stroke: .init(color: "#000000", width: 1.4), in: &drawing)
    }
    for (index, series) in series.enumerated() {
      drawSeries(series, index: index, frame: frame, in: &drawing)
    }
    var below = top + Self.margin.top + Self.plotHeight + Self.margin.bottom
    if legend.isBelow {
      legend.draw(at: (Self.margin.left, below), within: Self.plotWidth, in: &drawing)
      below += legend.height(within: Self.plotWidth) + Self.gap
    } else {
      legend.draw(
        at: (frame.x.end - legend.width - 10, frame.y.end + 10), within: Self.plotWidth,
        in: &drawing)
    }
    if let samples = samples[dataset] {
      drawLetters(samples, published: published, frame: frame, in: &drawing)
      let shown = series.first { !$0.front.isEmpty }
      drawStrip(
        samples, seriesLabel: series.count > 1 ? shown?.label ?? "" : "", top: below,
        in: &drawing)
    }
  }

  private func subtitle(of series: [Front.Series], _ dataset: Dataset) -> String {
    let configurations = series.flatMap(\.points).map(\.gridPoint.configuration)
    var parts: [String] = []
    let latents = Set(configurations.compactMap { try? $0.resolvedLatents() })
    if latents.count == 1, let count = latents.first { parts.append("\(count) provisioned") }
    let budgets = Set(
      configurations.filter { $0.trace == nil }.compactMap(\.milestones.last))
    let rungBudgets = Set(configurations.compactMap(\.rungBudget))
    let endsEarly = configurations.contains { $0.quiet != nil }
    if budgets.count == 1, let budget = budgets.first {
      parts.append(
        endsEarly
          ? "where runs were quiet, else as labelled; at most \(NumberText.budget(budget))"
          : NumberText.budget(budget))
    } else if endsEarly {
      parts.append("where runs were quiet, else as labelled")
    }
    if !rungBudgets.isEmpty {
      let most = rungBudgets.map(NumberText.budget).sorted().joined(separator: " or ")
      parts.append(
        "traced: several tolerances in one run, each for \(endsEarly ? "at most " : "")\(most)")
    }
    let replicates = series.flatMap(\.points).map(\.gridPoint.trials.count).max() ?? 1
    if replicates > 1 {
      parts.append("median of \(replicates) replicates, bars from least to most")
    }
    if let remark = counts.remark(on: dataset) { parts.append(remark) }
    return parts.joined(separator: " · ")
  }

  /// The smallest and the largest tolerance of a panel, and whether their axis is logarithmic.
  static func tolerances(
    of series: [Front.Series], published: [PublishedResults.Figure3Point]
  ) -> (least: Double, largest: Double, isLogarithmic: Bool) {
    let tolerances: [Double] =
      series.flatMap(\.points).compactMap(\.tolerance).flatMap { [$0.minimum, $0.maximum] }
      + published.map(\.tolerance)
    let largest = max(tolerances.max() ?? 1, 1e-6)
    let least = max(tolerances.min() ?? 1, 1e-6)
    return (least, largest, largest / least > 60)
  }

  private func frame(
    of series: [Front.Series], published: [PublishedResults.Figure3Point],
    legend: Figure3Legend, top: Double
  ) -> PlotFrame {
    let gates: [Double] =
      series.flatMap(\.points).compactMap { $0.gatesOpen?.maximum }
      + published.map { Double($0.gatesOpen) }
    let (least, largest, isLogarithmic) = Self.tolerances(of: series, published: published)
    let left = Self.margin.left
    let right = Self.width - Self.margin.right
    let x =
      isLogarithmic
      ? Axis.logarithmic(least / 1.3...largest * 1.3, from: left, to: right)
      : Axis.linear(0...largest * 1.08, from: left, to: right, tickCount: 8)
    let bottom = top + Self.margin.top + Self.plotHeight
    // Leave room for the legend above the points.
    let legendLeft = right - legend.width - 20
    let legendHeight = legend.height(within: Self.plotWidth)
    let room =
      legend.isBelow ? 1 : Self.plotHeight / max(Self.plotHeight - legendHeight - 26, 60)
    let crowded = series.flatMap { series in
      let isRight = { (point: Front.Point) in
        x.position(of: point.tolerance?.maximum ?? 0) >= legendLeft
      }
      return (series.points.filter(isRight) + series.front.filter { !isRight($0) }.suffix(1))
        .compactMap { $0.gatesOpen?.maximum }
    }
    let highest = max((gates.max() ?? 1) * 1.12, (crowded.max() ?? 0) * room, 1.12)
    let y = Axis.linear(
      0...highest, from: bottom, to: top + Self.margin.top, tickCount: 7, wholeTicks: true)
    return PlotFrame(x: x, y: y)
  }

  private func drawSeries(
    _ series: Front.Series, index: Int, frame: PlotFrame, in drawing: inout SVGDrawing
  ) {
    let color = Palette.ofSeries(index)
    let marker = Marker.ofSeries(index)
    // Where fronts coincide, the earlier ones stay visible on both sides of the later.
    let width = isComparison ? min(2 + 3 * Double(front.series.count - 1 - index), 8) : 2
    drawing.polyline(Self.steps(of: series.front, frame: frame), .init(color: color, width: width))
    for point in series.points {
      guard let tolerance = point.tolerance, let gates = point.gatesOpen else { continue }
      let position = frame.point(tolerance.median, gates.median)
      Self.drawSpread(tolerance, gates, frame: frame, color: color, in: &drawing)
      marker.draw(
        at: position, fill: point.isOnFront ? color : "#ffffff",
        stroke: .init(color: color, width: 1.6), isCrossed: point.toleranceMet == false,
        in: &drawing)
      let label = Self.endLabel(of: point.gridPoint)
      if !label.isEmpty {
        drawing.text(
          label, at: (position.x, position.y + 17),
          .init(size: 9, color: Palette.quiet, anchor: "middle", hasHalo: true))
      }
    }
  }

  /// The endings of replicates that may end early, except quiet: `at the limit`, `1 of 3 at the limit`.
  private static func endLabel(of point: GridPoints.Point) -> String {
    let words = point.trials.compactMap { point.report(of: $0)?.ending.word }
    return (point.endings ?? []).filter { $0 != ReportEnding.quiet.word }.map { word -> String in
      let count = words.count { $0 == word }
      return (count < words.count ? "\(count) of \(words.count) " : "")
        + (word == ReportEnding.budget.word ? "at the limit" : word)
    }.joined(separator: ", ")
  }

  /// The corners of the staircase: a point's number of gates applies to the next tolerance with
  /// fewer gates, the last point's to the end of the axis.
  private static func steps(of points: [Front.Point], frame: PlotFrame) -> [SVGDrawing.Point] {
    var corners: [SVGDrawing.Point] = []
    for point in points {
      guard let tolerance = point.tolerance, let gates = point.gatesOpen else { continue }
      let position = frame.point(tolerance.median, gates.median)
      if let last = corners.last { corners.append((position.x, last.y)) }
      corners.append(position)
    }
    if let last = corners.last { corners.append((frame.x.end, last.y)) }
    return corners
  }

  private static func drawSpread(
    _ tolerance: Spread, _ gates: Spread, frame: PlotFrame, color: String,
    in drawing: inout SVGDrawing
  ) {
    let stroke = SVGDrawing.Stroke(color: color, width: 1.3)
    if gates.maximum > gates.minimum {
      let top = frame.point(tolerance.median, gates.maximum)
      let bottom = frame.point(tolerance.median, gates.minimum)
      drawing.line(from: top, to: bottom, stroke)
      for end in [top, bottom] {
        drawing.line(from: (end.x - 4, end.y), to: (end.x + 4, end.y), stroke)
      }
    }
    if tolerance.maximum > tolerance.minimum {
      let left = frame.point(tolerance.minimum, gates.median)
      let right = frame.point(tolerance.maximum, gates.median)
      drawing.line(from: left, to: right, stroke)
      for end in [left, right] {
        drawing.line(from: (end.x, end.y - 4), to: (end.x, end.y + 4), stroke)
      }
    }
  }

  private func drawLetters(
    _ samples: Samples, published: [PublishedResults.Figure3Point], frame: PlotFrame,
    in drawing: inout SVGDrawing
  ) {
    for (index, sample) in samples.samples.enumerated() {
      guard let tolerance = sample.point.tolerance, let gates = sample.point.gatesOpen else {
        continue
      }
      let position = frame.point(tolerance.median, gates.median)
      let isBesidePublished = published.contains { point in
        let other = frame.point(point.tolerance, Double(point.gatesOpen))
        return abs(other.x - position.x) < 14 && abs(other.y - position.y) < 20
      }
      drawing.text(
        Self.letter(index), at: (position.x + (isBesidePublished ? 12 : 8), position.y - 8),
        .init(size: 12, isBold: true, hasHalo: true))
    }
  }

  private func drawStrip(
    _ samples: Samples, seriesLabel: String, top stripTop: Double, in drawing: inout SVGDrawing
  ) {
    var top = stripTop
    if !seriesLabel.isEmpty {
      let heading = "images of \(seriesLabel)"
      drawing.text(
        heading, at: (Self.margin.left, top + 8),
        .init(
          size: SVGDrawing.size(of: heading, within: Self.plotWidth, most: 11),
          color: Palette.quiet))
      top += 16
    }
    let count = samples.samples.count + 1
    let pitch = Self.plotWidth / Double(max(count, 7))
    let side = min(pitch - 14, 76)
    let headings = samples.samples.enumerated().map { index, sample in
      "(\(Self.letter(index))) τ = "
        + (sample.point.tolerance.map { NumberText.compact($0.median) } ?? "")
    }
    // One size for all headings, so that none overlaps the next.
    let size = headings.map { SVGDrawing.size(of: $0, within: pitch * 0.92, most: 11) }.min() ?? 11
    func draw(_ image: Raster, _ index: Int, _ heading: String, _ caption: String) {
      let center = Self.margin.left + (Double(index) + 0.5) * pitch
      drawing.image(image, at: (center - side / 2, top), width: side, height: side)
      drawing.rectangle(
        at: (center - side / 2, top), width: side, height: side, fill: "none",
        .init(color: Palette.frame, width: 0.6))
      drawing.text(
        heading, at: (center, top + side + 16), .init(size: size, anchor: "middle", isBold: true))
      drawing.text(
        caption, at: (center, top + side + 31),
        .init(size: 11, color: Palette.quiet, anchor: "middle"))
    }
    draw(samples.original, 0, "original", "")
    for (index, sample) in samples.samples.enumerated() {
      guard let gates = sample.point.gatesOpen else { continue }
      draw(
        sample.image, index + 1, headings[index],
        "\(NumberText.compact(gates.median, upTo: 1)) open")
    }
  }

  private static func letter(_ index: Int) -> String {
    String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
  }
}
