import Foundation
import Trials

/// `figure1.svg`: the curves of one run over the batch number: training MSE, tolerance hits,
/// effective multiplier, open gates, and every gate's open probability.
struct Figure1Drawing {
  /// The trial.
  let trial: RecordedTrial
  /// Its samples.
  let trajectory: TrajectoryTable
  /// The mark of an unfinished report.
  let banner: String?
  /// The numbers of images of the sweep's data sets.
  var counts = ImageCounts()
  /// The most samples drawn.
  var sampleCountMaximum = Self.fineSampleCount
  /// Whether the last panel, with a line per gate, is drawn.
  var showsProbabilities = true
  /// The samples of another run, drawn in grey behind this one's.
  var ghost: TrajectoryTable?

  /// More samples would be less than a pixel apart.
  static let fineSampleCount = 600
  static let width = 760.0
  private static let panelHeight = 128.0
  private static let panelGap = 18.0
  static let margin = (left: 66.0, right: 24.0, top: 56.0, bottom: 50.0)
  /// 0 to 1 with a margin, so that lines at the ends are visible.
  private static let shares = -0.04...1.04

  /// The file's bytes.
  var svg: Data {
    let panelCount = showsProbabilities ? 5.0 : 4.0
    let height =
      Self.margin.top + panelCount * Self.panelHeight + (panelCount - 1) * Self.panelGap
      + Self.margin.bottom
    let configuration = trial.shownConfiguration
    let title = trial.figure1Title(counts)
    var drawing = SVGDrawing(width: Self.width, height: height, title: title)
    drawing.text(title, at: (Self.margin.left, 24), .init(size: 15, isBold: true))
    drawing.text(
      subtitle(configuration), at: (Self.margin.left, 42), .init(size: 11, color: Palette.quiet))
    if let banner {
      drawing.text(
        banner, at: (Self.width - Self.margin.right, 24),
        .init(size: 12, color: Palette.warning, anchor: "end", isBold: true))
    }
    drawMSE(in: &drawing)
    drawHits(in: &drawing)
    drawMultiplier(in: &drawing)
    drawGates(in: &drawing)
    if showsProbabilities { drawProbabilities(in: &drawing) }
    return drawing.data
  }

  private func subtitle(_ configuration: TrialConfiguration) -> String {
    var parts = ["trial \(trial.planned.id)"]
    if let latents = try? configuration.resolvedLatents() { parts.append("n = \(latents)") }
    if let report = trial.result?.milestones.last {
      parts.append("‖ν‖₀ = \(report.gatesOpen) after \(NumberText.count(report.step)) batches")
    }
    if let hit = firstHitStep { parts.append("first hit in batch \(hit)") }
    return parts.joined(separator: " · ")
  }

  private var firstHitStep: Int? { trial.result?.milestones.last?.firstHitStep }

  /// The indices of the samples drawn.
  private var chosen: [Int] {
    EvenChoice.indices(of: trajectory.rows.count, most: sampleCountMaximum)
  }

  /// The steps at the left and the right end of the panels.
  static func stepRange(
    of trajectory: TrajectoryTable, ghost: TrajectoryTable?
  ) -> ClosedRange<Double> {
    let first = min(trajectory.numbers("step").first ?? 0, 0)
    let last = [trajectory, ghost].compactMap { $0?.numbers("step").last }.max()
    return first...max(last ?? 1, first + 1)
  }

  /// Whether a panel of these numbers has a logarithmic axis.
  static func isLogarithmic(_ values: [Double]) -> Bool {
    (values.max() ?? 1) / max(values.min() ?? 1, 1e-9) > 8
  }

  private var stepRange: ClosedRange<Double> { Self.stepRange(of: trajectory, ghost: ghost) }

  private var xAxis: Axis {
    Axis.linear(
      stepRange, from: Self.margin.left,
      to: Self.width - Self.margin.right, tickCount: 8
    ) { NumberText.count(Int($0.rounded())) }
  }

  /// The panel's bottom and top in pixels.
  private func extent(ofPanel index: Int) -> (bottom: Double, top: Double) {
    let top = Self.margin.top + Double(index) * (Self.panelHeight + Self.panelGap)
    return (top + Self.panelHeight, top)
  }

  private func drawMSE(in drawing: inout SVGDrawing) {
    let errors = trajectory.numbers("squared_error").filter(Axis.hasLogarithm)
    let averages = trajectory.numbers("mse").filter(Axis.hasLogarithm)
    let others = (ghost?.numbers("mse") ?? []).filter(Axis.hasLogarithm)
    let shown = trial.shownRungs.filter { $0.tolerance > 0 }
    let all = errors + averages + others + shown.map(\.tolerance)
    let frame = frame(
      panel: 0, isLogarithmic: Self.isLogarithmic(all),
      values: (all.min() ?? 0)...(all.max() ?? 1))
    frame.draw(in: &drawing, xLabel: nil, yLabel: "MSE")
    drawFirstHit(frame, in: &drawing, label: nil)
    drawGhost("mse", frame, in: &drawing)
    trace(
      "squared_error", frame, .init(color: Palette.series[5], width: 1, opacity: 0.8),
      in: &drawing)
    trace("mse", frame, .init(color: Palette.series[0], width: 1.8), in: &drawing)
    guard !shown.isEmpty else { return }
    for (index, rung) in shown.enumerated() {
      let y = frame.y.position(of: rung.tolerance)
      let start = index == 0 ? frame.x.start : frame.x.position(of: Double(rung.beginning))
      let end =
        index + 1 < shown.count
        ? frame.x.position(of: Double(shown[index + 1].beginning)) : frame.x.end
      drawing.line(
        from: (start, y), to: (end, y),
        .init(color: Palette.series[1], width: 1.4, dashes: "6 4"))
    }
    legend(
      [
        ("batch", Palette.series[5], nil), ("moving average", Palette.series[0], nil),
        ("τ", Palette.series[1], "6 4"),
      ], frame, in: &drawing)
  }

  private func drawHits(in drawing: inout SVGDrawing) {
    let frame = frame(panel: 1, isLogarithmic: false, values: Self.shares)
    frame.draw(in: &drawing, xLabel: nil, yLabel: "tolerance hits")
    drawFirstHit(frame, in: &drawing, label: "first hit")
    drawGhost("tolerance_hits", frame, in: &drawing)
    trace("tolerance_hits", frame, .init(color: Palette.series[2], width: 1.2), in: &drawing)
  }

  private func drawMultiplier(in drawing: inout SVGDrawing) {
    let others = ghost?.numbers("multiplier") ?? []
    let values = (trajectory.numbers("multiplier") + others).filter(Axis.hasLogarithm)
    let (least, most) = (values.min() ?? 0.1, values.max() ?? 1)
    let frame = frame(panel: 2, isLogarithmic: most / least > 8, values: least...most)
    frame.draw(in: &drawing, xLabel: nil, yLabel: "multiplier λ′")
    drawFirstHit(frame, in: &drawing, label: nil)
    drawGhost("multiplier", frame, in: &drawing)
    trace("multiplier", frame, .init(color: Palette.series[3], width: 1.6), in: &drawing)
  }

  /// The larger number of gates of this run and the ghost; at least one.
  private var gateCount: Int { max(trajectory.gateCount, ghost?.gateCount ?? 0, 1) }

  private func drawGates(in drawing: inout SVGDrawing) {
    let frame = frame(
      panel: 3, isLogarithmic: false, values: 0...Double(gateCount) * 1.3,
      wholeTicks: true)
    frame.draw(
      in: &drawing, xLabel: showsProbabilities ? nil : "batch number", yLabel: "open gates")
    drawFirstHit(frame, in: &drawing, label: nil)
    drawGhost("gates_open", frame, in: &drawing)
    trace(
      "expected_open", frame, .init(color: Palette.series[4], width: 1.4, dashes: "5 3"),
      in: &drawing)
    let open = trajectory.numbers("gates_open")
    let steps = trajectory.numbers("step")
    var corners: [SVGDrawing.Point] = []
    for index in chosen {
      let point = frame.point(steps[index], open[index])
      if let last = corners.last, last.y != point.y { corners.append((point.x, last.y)) }
      corners.append(point)
    }
    drawing.polyline(corners, .init(color: Palette.series[0], width: 1.8))
    legend(
      [("‖ν‖₀", Palette.series[0], nil), ("Σ σ(kγ)", Palette.series[4], "5 3")], frame,
      in: &drawing)
  }

  private func drawProbabilities(in drawing: inout SVGDrawing) {
    let frame = frame(panel: 4, isLogarithmic: false, values: Self.shares)
    frame.draw(in: &drawing, xLabel: "batch number", yLabel: "σ(kγ) of each gate")
    drawFirstHit(frame, in: &drawing, label: nil)
    let half = frame.y.position(of: 0.5)
    drawing.line(
      from: (frame.x.start, half), to: (frame.x.end, half),
      .init(color: Palette.frame, width: 0.8, dashes: "2 3"))
    for gate in 0..<trajectory.gateCount {
      trace(
        "gate_\(gate)", frame, .init(color: Palette.series[0], width: 0.9, opacity: 0.45),
        in: &drawing)
    }
  }

  private func frame(
    panel: Int, isLogarithmic: Bool, values: ClosedRange<Double>, wholeTicks: Bool = false
  ) -> PlotFrame {
    let (bottom, top) = extent(ofPanel: panel)
    if isLogarithmic {
      let padded = values.lowerBound / 1.15...values.upperBound * 1.15
      return PlotFrame(x: xAxis, y: Axis.logarithmic(padded, from: bottom, to: top))
    }
    let span = max(values.upperBound - values.lowerBound, 1e-9)
    // Shares and counts have fixed ranges; measured values get a margin above and below.
    let padded =
      values.lowerBound <= 0
      ? values : values.lowerBound - 0.05 * span...values.upperBound + 0.05 * span
    return PlotFrame(
      x: xAxis,
      y: Axis.linear(padded, from: bottom, to: top, tickCount: 4, wholeTicks: wholeTicks))
  }

  private func trace(
    _ column: String, _ frame: PlotFrame, _ stroke: SVGDrawing.Stroke,
    in drawing: inout SVGDrawing
  ) {
    let steps = trajectory.numbers("step")
    let values = trajectory.numbers(column)
    drawing.polyline(
      chosen.filter { values[$0].isFinite }.map { frame.point(steps[$0], values[$0]) }, stroke)
  }

  private func drawGhost(_ column: String, _ frame: PlotFrame, in drawing: inout SVGDrawing) {
    guard let ghost else { return }
    let (steps, values) = (ghost.numbers("step"), ghost.numbers(column))
    drawing.polyline(
      EvenChoice.indices(of: ghost.rows.count, most: sampleCountMaximum).filter {
        values[$0].isFinite
      }
      .map { frame.point(steps[$0], values[$0]) },
      .init(color: Palette.quiet, width: 1.2, dashes: "2 2", opacity: 0.7))
  }

  private func drawFirstHit(_ frame: PlotFrame, in drawing: inout SVGDrawing, label: String?) {
    guard let step = firstHitStep else { return }
    let x = frame.x.position(of: Double(step))
    drawing.line(
      from: (x, frame.y.start), to: (x, frame.y.end),
      .init(color: Palette.frame, width: 1, dashes: "2 3"))
    if let label {
      drawing.text(
        label, at: (x + 5, frame.y.end + 14), .init(size: 10, color: Palette.quiet, hasHalo: true))
    }
  }

  private func legend(
    _ entries: [(text: String, color: String, dashes: String?)], _ frame: PlotFrame,
    in drawing: inout SVGDrawing
  ) {
    var right = frame.x.end - 10
    let y = frame.y.end + 14
    for entry in entries.reversed() {
      drawing.text(entry.text, at: (right, y + 4), .init(size: 10.5, anchor: "end"))
      right -= Double(entry.text.count) * 6.6 + 5
      drawing.line(
        from: (right - 22, y), to: (right, y),
        .init(color: entry.color, width: 1.8, dashes: entry.dashes))
      right -= 36
    }
  }
}
