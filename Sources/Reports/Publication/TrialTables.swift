import Foundation
import Trials

/// `trials.csv`, `trials.json` and `provenance.csv`, of which a round makes the rows of the trials
/// that changed.
struct TrialTables {
  private var plan: SweepPlan?
  private var columns = TrialRecords.Columns(
    of: SweepPlan(name: "", question: "", outputs: [], trials: []))
  private var remarks: [Dataset: String] = [:]
  private var places: [TrialID: Int] = [:]
  /// The places of the trials that wait for the one at a place.
  private var children: [Int: [Int]] = [:]
  private var lines = KeptText()
  private var items = KeptText()
  private var origins = KeptText()

  /// Brings the rows up to date.
  ///
  /// - Parameter changed: The places of the trials that may differ from the last round's; nil for
  ///   all, as in another plan.
  mutating func take(_ results: SweepResults, changed: Set<Int>?, counts: ImageCounts) {
    let isReplanned = plan != results.plan
    if isReplanned { take(results.plan) }
    let remarks = Self.remarks(of: results.plan, counts)
    let isWhole = isReplanned || changed == nil || remarks != self.remarks
    self.remarks = remarks
    let (columns, places) = (columns, places)
    let record = { (place: Int) in
      let recorded = results.trials[place]
      return TrialRecords.Trial(
        recorded,
        used: recorded.configurationUsed { parent in
          places[parent].flatMap { results.trials[$0].result?.milestones.last }
        }, counts: counts)
    }
    let line = { (place: Int) in columns.lines(of: record(place)) }
    let item = { (place: Int) in ReportJSON.item(record(place), place: place) }
    let origin = { (place: Int) in CSVTable.line(ProvenanceTable.row(of: results.trials[place])) }
    if isWhole {
      let count = results.trials.count
      lines.make(count: count, line)
      items.make(count: count, item)
      origins.make(count: count, origin)
    } else if let changed {
      let affected = changed.union(changed.flatMap { children[$0] ?? [] }).sorted()
      lines.replace(affected, line)
      items.replace(affected, item)
      origins.replace(changed.sorted(), origin)
    }
  }

  private mutating func take(_ plan: SweepPlan) {
    self.plan = plan
    columns = TrialRecords.Columns(of: plan)
    places = Dictionary(
      plan.trials.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    children = [:]
    for (place, trial) in plan.trials.enumerated() {
      for parent in trial.parents {
        if let parent = places[parent] { children[parent, default: []].append(place) }
      }
    }
  }

  /// What is said of each data set of a plan.
  private static func remarks(of plan: SweepPlan, _ counts: ImageCounts) -> [Dataset: String] {
    var remarks: [Dataset: String] = [:]
    for dataset in Set(plan.trials.map(\.configuration.dataset)) {
      remarks[dataset] = counts.remark(on: dataset)
    }
    return remarks
  }

  /// `trials.csv`, in parts.
  var csv: [Data] { [Data(CSVTable.line(columns.header).utf8), lines.data] }

  /// `trials.json`, in parts.
  func json(_ head: ReportHead) -> [Data] {
    [
      Data(ReportJSON.beginning(head, list: "trials").utf8), items.data,
      Data(ReportJSON.ending.utf8),
    ]
  }

  /// `provenance.csv`, in parts.
  var provenance: [Data] { [Data(CSVTable.line(ProvenanceTable.header).utf8), origins.data] }
}
