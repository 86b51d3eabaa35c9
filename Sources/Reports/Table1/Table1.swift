import Foundation
import Trials

/// Table I: per data set and size, a baseline's MSE, and how many of twice as many dimensions stay
/// open with that MSE as tolerance; with the paper's numbers.
struct Table1 {
  /// One data set and size.
  struct Row {
    /// The images.
    var dataset: Dataset
    /// The label that distinguishes the row from others of its data set and size; may be empty.
    var series = ""
    /// n of the baseline.
    var latents: Int
    /// The latent dimensions of the narrowing run.
    var provisioned: Int
    /// MSE of the baseline, which is τ; nil until it has run.
    var baselineMSE: Spread?
    /// ‖ν‖₀ by milestone, for milestones reached.
    var gatesOpen: [Budget: Spread]
    /// Milestones at which the run had not kept its tolerance.
    var unmet: Set<Budget>
    /// Milestones before which a run had ended early; nil without a quiet rule.
    var ended: Set<Budget>?
    /// The paper's row, if it has this data set and size.
    var published: PublishedResults.Table1Row?
  }

  /// The rows: data sets in the order of their first appearance in the plan, and within each in the
  /// plan's order.
  let rows: [Row]
  /// The milestones of the narrowing runs, ascending.
  let budgets: [Budget]
  /// The facts about the whole sweep.
  let head: ReportHead
  /// The mark of an unfinished report.
  let banner: String?
  /// The numbers of images of the sweep's data sets.
  let counts: ImageCounts
  /// Why the table has no rows; nil if it has some.
  let emptiness: String?

  /// The table of a sweep: one row per narrowing grid point with a measured tolerance.
  init(
    of results: SweepResults, counts: ImageCounts = ImageCounts(),
    grouping: GridPoints.Grouping? = nil
  ) {
    self.counts = counts
    let gridPoints = GridPoints(of: results, grouping: grouping)
    let reports = results.lastReports
    var rows: [Row] = []
    var facts: [SeriesLabels.Facts] = []
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
      facts.append(SeriesLabels.Facts(of: point, in: reports))
      rows.append(
        Row(
          dataset: dataset, latents: latents, provisioned: provisioned,
          baselineMSE: baseline.spread(\.mse),
          gatesOpen: Dictionary(
            uniqueKeysWithValues: milestones.compactMap { budget in
              point.spread(at: budget) { Double($0.gatesOpen) }.map { (budget, $0) }
            }),
          unmet: Set(milestones.filter { point.toleranceMet(at: $0) == false }),
          ended: point.configuration.quiet.map { _ in
            Set(milestones.filter(point.endedBefore))
          },
          published: PublishedResults.table1Row(dataset, latents: latents)))
    }
    for group in Dictionary(grouping: rows.indices, by: { rows[$0].sizes }).values {
      let facts = group.map { facts[$0] }
      let texts = SeriesLabels.numbered(SeriesLabels.distinctions(of: facts), of: facts)
      for (index, text) in zip(group, texts) { rows[index].series = text }
    }
    var datasets: [Dataset] = []
    for row in rows where !datasets.contains(row.dataset) { datasets.append(row.dataset) }
    self.rows = datasets.flatMap { dataset in rows.filter { $0.dataset == dataset } }
    emptiness = rows.isEmpty ? Self.whyEmpty(gridPoints) : nil
    self.budgets = budgets.sorted { $0.count < $1.count }
    head = ReportHead(of: results)
    banner = Completion(of: results).banner
  }

  private static func whyEmpty(_ gridPoints: GridPoints) -> String {
    let isMeasured = gridPoints.points.contains { $0.configuration.tolerance.measurement != nil }
    return isMeasured
      ? "no row yet: the sizes of the runs are measured by trials that have no result"
      : "no rows: Table I has one for each run whose tolerance a baseline measures, and no stage of "
        + "this sweep says `tolerance: STAGE.mse`"
  }
}

extension Table1.Row {
  /// The key of a row.
  fileprivate struct Sizes: Hashable {
    var dataset: Dataset
    var latents: Int
    var provisioned: Int
  }

  fileprivate var sizes: Sizes {
    Sizes(dataset: dataset, latents: latents, provisioned: provisioned)
  }
}

/// `table1.csv` and `table1.json`: one row per data set, size and milestone.
extension Table1 {
  /// One number of the table in JSON and CSV.
  private struct Entry: Encodable {
    let dataset: Dataset
    let images: String?
    let series: String
    let latents: Int
    let provisioned: Int
    let budget: Budget
    let baselineMSE: Spread?
    let publishedBaselineMSE: Double?
    let gatesOpen: Spread?
    /// Whether the run kept its tolerance; nil if it has not reached the milestone.
    let toleranceMet: Bool?
    /// Whether a run had ended before, so that its gates are those of its end; nil without a quiet
    /// rule.
    let endedBefore: Bool?
    let publishedGatesOpen: Int?

    enum CodingKeys: String, CodingKey {
      case dataset, images, series, latents, provisioned, budget
      case baselineMSE = "baseline_mse"
      case publishedBaselineMSE = "published_baseline_mse"
      case gatesOpen = "gates_open"
      case toleranceMet = "tolerance_met"
      case endedBefore = "ended_before"
      case publishedGatesOpen = "published_gates_open"
    }
  }

  private var entries: [Entry] {
    rows.flatMap { row in
      budgets.map { budget in
        let column = PublishedResults.table1Budgets.firstIndex(of: budget)
        return Entry(
          dataset: row.dataset, images: counts.remark(on: row.dataset), series: row.series,
          latents: row.latents, provisioned: row.provisioned, budget: budget,
          baselineMSE: row.baselineMSE,
          publishedBaselineMSE: row.published?.mse,
          gatesOpen: row.gatesOpen[budget],
          toleranceMet: row.gatesOpen[budget].map { _ in !row.unmet.contains(budget) },
          endedBefore: row.ended?.contains(budget),
          publishedGatesOpen: column.flatMap { row.published?.gatesOpen[$0] })
      }
    }
  }

  /// `table1.json`.
  var json: Data {
    struct Head: Encodable {
      let complete: Bool
      let name: String
      let question: String
      let note: String?
    }
    return ReportJSON.data(
      Head(complete: head.complete, name: head.name, question: head.question, note: emptiness),
      list: "rows", entries)
  }

  /// `table1.csv`.
  var csv: Data {
    let endsEarly = rows.contains { $0.ended != nil }
    var table = CSVTable(
      header: [
        "dataset", "images", "series", "latents", "provisioned", "budget", "baseline_replicates",
        "baseline_mse",
        "baseline_mse_min", "baseline_mse_max", "published_baseline_mse", "replicates",
        "gates_open", "gates_open_min", "gates_open_max", "tolerance_met", "published_gates_open",
      ] + (endsEarly ? ["ended_before"] : []))
    func columns(_ spread: Spread?) -> [String] {
      guard let spread else { return ["0", "", "", ""] }
      return [String(spread.count)]
        + [spread.median, spread.minimum, spread.maximum].map(NumberText.shortest)
    }
    for entry in entries {
      table.append(
        [
          entry.dataset.name, entry.images ?? "", entry.series, String(entry.latents),
          String(entry.provisioned), entry.budget.description,
        ] + columns(entry.baselineMSE)
          + [CSVCell.number(entry.publishedBaselineMSE)]
          + columns(entry.gatesOpen) + [
            entry.toleranceMet.map(String.init) ?? "",
            CSVCell.number(entry.publishedGatesOpen),
          ] + (endsEarly ? [entry.endedBefore.map(String.init) ?? ""] : []))
    }
    return table.data
  }
}
