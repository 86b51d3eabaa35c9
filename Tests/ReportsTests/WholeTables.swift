import Foundation
import Trials

@testable import Reports

/// The tables of trials as a writer's first round makes them.
struct WholeTables {
  let csv: Data
  let json: Data
  let provenance: Data

  init(of results: SweepResults, counts: ImageCounts = ImageCounts()) {
    var tables = TrialTables()
    tables.take(results, changed: nil, counts: counts)
    csv = tables.csv.reduce(Data(), +)
    json = tables.json(ReportHead(of: results)).reduce(Data(), +)
    provenance = tables.provenance.reduce(Data(), +)
  }
}
