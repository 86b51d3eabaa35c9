import Foundation
import Trials

/// Table I: per data set and size, a baseline's MSE and what stays open of twice as many
/// dimensions when that MSE is the tolerance, beside the paper's numbers.
struct Table1 {
  /// One data set and size.
  struct Row {
    /// The images.
    var dataset: Dataset
    /// n of the baseline.
    var latents: Int
    /// Dimensions provisioned in the narrowing run.
    var provisioned: Int
    /// MSE of the baseline, which is τ; nil until it has run.
    var baselineMSE: Spread?
    /// ‖ν‖₀ by milestone, as far as it was reached.
    var gatesOpen: [Budget: Spread]
    /// The paper's row, if it has this data set and size.
    var published: PublishedResults.Table1Row?
  }

  /// The rows: data sets in the order of their first appearance in the plan, in each the plan's
  /// order.
  let rows: [Row]
  /// The milestones of the narrowing runs, ascending.
  let budgets: [Budget]
  /// What is said of the sweep as a whole.
  let head: ReportHead
  /// The mark of an unfinished report.
  let banner: String?
  /// How many images the sweep's data sets have.
  let counts: ImageCounts

  /// The table of a sweep: one row for each narrowing grid point whose tolerance is measured.
  init(of results: SweepResults, counts: ImageCounts = ImageCounts()) {
    self.counts = counts
    let gridPoints = GridPoints(of: results)
    let reports = results.lastReports
    var rows: [Row] = []
    var budgets: [Budget] = []
    for point in gridPoints.points {
      guard let measurement = point.configuration.tolerance.measurement,
        let baseline = gridPoints.point(of: measurement.trial),
        let latents = try? baseline.trials[0].configurationUsed(in: reports).resolvedLatents(),
        let provisioned = try? point.trials[0].configurationUsed(in: reports).resolvedLatents()
      else { continue }
      let milestones = point.configuration.milestones
      budgets += milestones.filter { !budgets.contains($0) }
      let dataset = point.configuration.dataset
      rows.append(
        Row(
          dataset: dataset, latents: latents, provisioned: provisioned,
          baselineMSE: baseline.spread(\.mse),
          gatesOpen: Dictionary(
            uniqueKeysWithValues: milestones.compactMap { budget in
              point.spread(at: budget) { Double($0.gatesOpen) }.map { (budget, $0) }
            }),
          published: PublishedResults.table1Row(dataset, latents: latents)))
    }
    var datasets: [Dataset] = []
    for row in rows where !datasets.contains(row.dataset) { datasets.append(row.dataset) }
    self.rows = datasets.flatMap { dataset in rows.filter { $0.dataset == dataset } }
    self.budgets = budgets.sorted { $0.count < $1.count }
    head = ReportHead(of: results)
    banner = Completion(of: results).banner
  }
}

/// `table1.csv` and `table1.json`: one row per data set, size and milestone.
extension Table1 {
  /// One number of the table, for machines.
  private struct Entry: Encodable {
    let dataset: Dataset
    let images: String?
    let latents: Int
    let provisioned: Int
    let budget: Budget
    let baselineMSE: Spread?
    let publishedBaselineMSE: Double?
    let gatesOpen: Spread?
    let publishedGatesOpen: Int?

    enum CodingKeys: String, CodingKey {
      case dataset, images, latents, provisioned, budget
      case baselineMSE = "baseline_mse"
      case publishedBaselineMSE = "published_baseline_mse"
      case gatesOpen = "gates_open"
      case publishedGatesOpen = "published_gates_open"
    }
  }

  private var entries: [Entry] {
    rows.flatMap { row in
      budgets.map { budget in
        let column = PublishedResults.table1Budgets.firstIndex(of: budget)
        return Entry(
          dataset: row.dataset, images: counts.remark(on: row.dataset), latents: row.latents,
          provisioned: row.provisioned, budget: budget, baselineMSE: row.baselineMSE,
          publishedBaselineMSE: row.published?.mse,
          gatesOpen: row.gatesOpen[budget],
          publishedGatesOpen: column.flatMap { row.published?.gatesOpen[$0] })
      }
    }
  }

  /// `table1.json`.
  var json: Data { ReportJSON.data(head, list: "rows", entries) }

  /// `table1.csv`.
  var csv: Data {
    var table = CSVTable(
      header: [
        "dataset", "images", "latents", "provisioned", "budget", "baseline_replicates",
        "baseline_mse",
        "baseline_mse_min", "baseline_mse_max", "published_baseline_mse", "replicates",
        "gates_open", "gates_open_min", "gates_open_max", "published_gates_open",
      ])
    func columns(_ spread: Spread?) -> [String] {
      guard let spread else { return ["0", "", "", ""] }
      return [String(spread.count)]
        + [spread.median, spread.minimum, spread.maximum].map(NumberText.shortest)
    }
    for entry in entries {
      table.append(
        [
          entry.dataset.name, entry.images ?? "", String(entry.latents),
          String(entry.provisioned), entry.budget.description,
        ] + columns(entry.baselineMSE)
          + [entry.publishedBaselineMSE.map(NumberText.shortest) ?? ""]
          + columns(entry.gatesOpen) + [entry.publishedGatesOpen.map(String.init) ?? ""])
    }
    return table.data
  }
}
