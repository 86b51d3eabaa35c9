import CoordinatorService
import TestSupport
import Testing
import Trials

@testable import DashboardService

@Suite("The table of trials")
struct TrialQueryTests {
  /// Rows whose MSE falls, every third of them unknown, every fifth failed.
  private func rows(_ count: Int) -> [TrialRow] {
    (0..<count).map { place in
      var configuration = Samples.configuration
      configuration.seed = UInt64(place)
      var row = TrialRow(
        PlannedTrial(
          stage: place.isMultiple(of: 2) ? "even" : "odd", replicate: 0,
          configuration: configuration), place: place, name: "τ = \(place) <script>")
      row.mse = place.isMultiple(of: 3) ? nil : Double(1000 - place / 2)
      row.status = place.isMultiple(of: 5) ? .failed : .complete
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
    "All pages together are all rows in order, each once; unknown values come last",
    arguments: TrialQuery.Column.allCases, [false, true])
  func paging(column: TrialQuery.Column, isDescending: Bool) {
    let rows = rows(257)
    var query = TrialQuery()
    query.column = column
    query.isDescending = isDescending
    query.limit = 10
    let places = places(query, rows)
    #expect(places.count == rows.count && Set(places).count == rows.count)
    guard column == .mse else { return }
    let values = places.map { rows[$0].mse }
    let known = values.compactMap { $0 }
    #expect(known == known.sorted { isDescending ? $0 > $1 : $0 < $1 })
    #expect(values.suffix(rows.count - known.count).allSatisfy { $0 == nil })
  }

  @Test("A filter's words must all be there, in any letters' case")
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

  @Test("A page is never longer than its limit, and none is of no rows")
  func limits() {
    var query = TrialQuery()
    query.limit = 1_000_000
    #expect(query.page(of: rows(500)).rows.count == TrialQuery.rowCountMaximum)
    #expect(query.page(of: []).rows.isEmpty)
  }

  @Test("What is no cursor is none", arguments: ["", "1", "~", "nan~1", "1~x", "1~2~3"])
  func cursors(text: String) { #expect(TrialQuery.Cursor(text) == nil) }
}
