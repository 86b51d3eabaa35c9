import Foundation
import Trials

/// `figure3.csv` and `figure3.json`: the numbers of Figure 3.
struct Figure3Table {
  /// The facts about the whole sweep.
  private let head: ReportHead
  /// Every narrowing grid point, by series and ascending tolerance.
  let points: [Point]
  /// The paper's points for the data sets shown.
  let published: [Published]
  /// The area under each series' front that has one.
  let areas: [FrontArea]

  /// One grid point.
  struct Point: Encodable {
    let dataset: Dataset
    /// The remark that the images are drawn or a part of the published ones; nil if complete.
    let images: String?
    let stage: String
    let series: String
    let budget: Budget
    /// Which way its trials trace the tolerances, `up` or `down`; nil if each has one tolerance.
    let traced: ToleranceLadder.Direction?
    let tolerance: Spread?
    let gatesOpen: Spread?
    let mse: Spread?
    let evaluationMSE: Spread?
    /// Whether all its replicates kept the tolerance; nil while none is complete.
    let toleranceMet: Bool?
    let onFront: Bool
    let replicatesPlanned: Int
    /// The endings of its complete replicates; nil without a quiet rule.
    let endings: [String]?
    /// The steps at which they ended; nil without a quiet rule, and while none is complete.
    let endStep: Spread?
    let trials: [String]

    private enum CodingKeys: String, CodingKey {
      case dataset, images, stage, series, budget, traced, tolerance
      case gatesOpen = "gates_open"
      case mse
      case evaluationMSE = "evaluation_mse"
      case toleranceMet = "tolerance_met"
      case onFront = "on_front"
      case replicatesPlanned = "replicates_planned"
      case endings
      case endStep = "end_step"
      case trials
    }
  }

  /// One point of the paper's figure.
  struct Published: Encodable {
    let dataset: Dataset
    let latents: Int
    let tolerance: Double
    let gatesOpen: Int

    private enum CodingKeys: String, CodingKey {
      case dataset, latents, tolerance
      case gatesOpen = "gates_open"
    }
  }

  /// The table of a sweep's front.
  init(of front: Front, in results: SweepResults, counts: ImageCounts = ImageCounts()) {
    head = ReportHead(of: results)
    points = front.series.flatMap { series in
      series.points.map { point in
        Point(
          dataset: series.dataset, images: counts.remark(on: series.dataset),
          stage: point.gridPoint.stage, series: series.label,
          budget: point.gridPoint.budget, traced: point.gridPoint.configuration.trace?.direction,
          tolerance: point.tolerance, gatesOpen: point.gatesOpen, mse: point.mse,
          evaluationMSE: point.evaluationMSE, toleranceMet: point.toleranceMet,
          onFront: point.isOnFront,
          replicatesPlanned: point.gridPoint.trials.count,
          endings: point.gridPoint.endings,
          endStep: point.gridPoint.endings.flatMap { _ in
            point.gridPoint.spread { Double($0.step) }
          },
          trials: point.gridPoint.trials.map { "\($0.planned.id)" })
      }
    }
    areas = front.series.compactMap { FrontArea(of: $0) }
    let datasets = Set(front.series.map(\.dataset))
    published = PublishedResults.figure3.filter { datasets.contains($0.dataset) }.map {
      Published(
        dataset: $0.dataset, latents: $0.latents, tolerance: $0.tolerance,
        gatesOpen: $0.gatesOpen)
    }
  }

  /// `figure3.json`.
  var json: Data {
    struct Head: Encodable {
      let complete: Bool
      let name: String
      let question: String
      let published: [Published]
      let areas: [FrontArea]
    }
    return ReportJSON.data(
      Head(
        complete: head.complete, name: head.name, question: head.question, published: published,
        areas: areas),
      list: "points", points)
  }

  /// `figure3.csv`; fields of points without a result are empty.
  var csv: Data {
    let endsEarly = points.contains { $0.endings != nil }
    let isTraced = points.contains { $0.traced != nil }
    var table = CSVTable(
      header: [
        "dataset", "images", "stage", "series", "budget", "tolerance", "replicates",
        "replicates_planned",
        "gates_open", "gates_open_min", "gates_open_max", "mse", "mse_min", "mse_max",
        "evaluation_mse", "evaluation_mse_min", "evaluation_mse_max", "tolerance_met", "on_front",
        "trials",
      ] + (endsEarly ? ["endings", "end_step", "end_step_min", "end_step_max"] : [])
        + (isTraced ? ["traced"] : []))
    for point in points {
      table.append(
        [
          point.dataset.name, point.images ?? "", point.stage, point.series,
          point.budget.description,
          point.tolerance.map { NumberText.shortest($0.median) } ?? "",
          String(point.gatesOpen?.count ?? 0), String(point.replicatesPlanned),
        ] + Self.columns(point.gatesOpen) + Self.columns(point.mse)
          + Self.columns(point.evaluationMSE)
          + [
            point.toleranceMet.map(String.init) ?? "", String(point.onFront),
            point.trials.joined(separator: " "),
          ]
          + (endsEarly
            ? [(point.endings ?? []).joined(separator: " ")] + Self.columns(point.endStep) : [])
          + (isTraced ? [point.traced?.rawValue ?? ""] : []))
    }
    return table.data
  }

  private static func columns(_ spread: Spread?) -> [String] {
    guard let spread else { return ["", "", ""] }
    return [spread.median, spread.minimum, spread.maximum].map(NumberText.shortest)
  }
}
