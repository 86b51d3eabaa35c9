import CoordinatorService
import TestSupport
import Testing
import Trials

@testable import DashboardService

@Suite("The table of trials")
struct TrialQueryTests {
  /// Rows in which every column has equal, rising, falling and unknown values.
  private func rows(_ count: Int) -> [TrialRow] {
    (0..<count).map { place in
      var configuration = Samples.configuration
      configuration.seed = UInt64(place)
      var row = TrialRow(
        PlannedTrial(
          stage: place.isMultiple(of: 2) ? "even" : "odd", replicate: 0,
          configuration: configuration), place: place, name: "τ = \(place) <script>")
      row.mse = place.isMultiple(of: 3) ? nil : Double(1000 - place / 2)
      row.status = place.isMultiple(of: 5) ? .failed : TrialStatus.allCases[place % 3]
      row.tolerance = place.isMultiple(of: 4) ? nil : Double(place * 7 % 50) / 4
      row.latents = place.isMultiple(of: 6) ? nil : place * 11 % 40
      row.gatesOpen = place.isMultiple(of: 7) ? nil : place * 13 % 30
      row.evaluationMSE = place.isMultiple(of: 3) ? nil : .init(place * 17 % 60) + 0.5
      row.step = place.isMultiple(of: 8) ? nil : place * 19 % 70
      row.attempts = place * 23 % 5
      row.changed = place * 29 % 97
      return row
    }
  }

  private func places(_ query: TrialQuery, _ rows: [TrialRow]) -> [Int] {
    var query = query
    var places: [Int] = []
    while true {
      let page = query.page(of: rows)
      places += page.rows.map(\.place)
      guard let next = page.next.flatMap(TrialQuery.Cursor.init) else { return places }
      query.after = next
      #expect(places.count <= rows.count)
      guard places.count <= rows.count else { return places }
    }
  }

  @Test(
    "The pages together contain all rows in order, each once; unknown values come last",
    arguments: TrialQuery.Column.allCases, [false, true])
  func paging(column: TrialQuery.Column, isDescending: Bool) {
    let rows = rows(257)
    var query = TrialQuery()
    query.column = column
    query.isDescending = isDescending
    query.limit = 10
    let places = places(query, rows)
    #expect(places.count == rows.count && Set(places).count == rows.count)
    let values = places.map { Self.value(of: rows[$0], in: column) }
    let known = values.compactMap { $0 }
    #expect(known == known.sorted { isDescending ? $0 > $1 : $0 < $1 })
    #expect(values.suffix(rows.count - known.count).allSatisfy { $0 == nil })
    // Equal values stay in the plan's order.
    for (first, second) in zip(places, places.dropFirst())
    where Self.value(of: rows[first], in: column) == Self.value(of: rows[second], in: column) {
      #expect(first < second)
    }
  }

  /// What a person reads in a column of a row, as a number.
  private static func value(of row: TrialRow, in column: TrialQuery.Column) -> Double? {
    switch column {
    case .plan: 0
    case .status:
      ["failed", "running", "waiting", "stopped", "complete"].firstIndex(of: row.status.rawValue)
        .map(Double.init)
    case .tolerance: row.tolerance
    case .latents: row.latents.map(Double.init)
    case .gates: row.gatesOpen.map(Double.init)
    case .mse: row.mse
    case .evaluation: row.evaluationMSE
    case .step: row.step.map(Double.init)
    case .attempts: Double(row.attempts)
    case .changed: Double(row.changed)
    }
  }

  @Test("A row matches a filter if it contains all its words, in upper or lower case")
  func filter() {
    let rows = rows(50)
    var query = TrialQuery()
    query.words = ["<script>", "even"]
    query.status = .failed
    let page = query.page(of: rows)
    #expect(page.rows.map(\.place) == [0, 10, 20, 30, 40])
    #expect(page.matching == 5)
    #expect(page.total == 50)
    #expect(page.next == nil)
    query.stage = "odd"
    #expect(query.page(of: rows).rows.isEmpty)
  }

  @Test("A page has at most the maximum number of rows, and a table without rows has an empty page")
  func limits() {
    var query = TrialQuery()
    query.limit = 1_000_000
    #expect(query.page(of: rows(500)).rows.count == TrialQuery.rowCountMaximum)
    #expect(query.page(of: []).rows.isEmpty)
  }

  @Test("Invalid cursors are refused", arguments: ["", "1", "~", "nan~1", "1~x", "1~2~3"])
  func cursors(text: String) { #expect(TrialQuery.Cursor(text) == nil) }
}
