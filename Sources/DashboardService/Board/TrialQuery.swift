import Glibc
import Trials

/// A query of the table of trials: filter, order and start.
struct TrialQuery: Sendable {
  /// The column to order by; ties follow the plan.
  enum Column: String, CaseIterable, Sendable {
    case plan, status, tolerance, latents, gates, mse, evaluation, step, attempts, changed
  }

  /// A position after the row of this value and place in the plan.
  struct Cursor: Hashable, Sendable {
    var value: Double
    var place: Int

    /// A cursor of this value and place.
    init(value: Double, place: Int) {
      self.value = value
      self.place = place
    }

    /// Reads `VALUE~PLACE`, as ``text`` writes it; nil for anything else.
    init?(_ text: String) {
      let parts = text.split(separator: "~", omittingEmptySubsequences: false)
      guard parts.count == 2, let value = Double(parts[0]), !value.isNaN, let place = Int(parts[1])
      else { return nil }
      self.init(value: value, place: place)
    }

    var text: String { "\(value)~\(place)" }
  }

  /// The result of a query.
  struct Page: Encodable, Sendable {
    var rows: [TrialRow]
    /// How many rows match in all.
    var matching: Int
    /// How many trials the sweep has.
    var total: Int
    /// The cursor of the next page; nil after the last one.
    var next: String?
  }

  /// The most rows of one page.
  static let rowCountMaximum = 200

  /// Words that a row must contain, ignoring case.
  var words: [String] = []
  var status: TrialStatus?
  var stage: String?
  var column = Column.plan
  var isDescending = false
  var after: Cursor?
  var limit = 100

  /// The matching page of some rows, in one pass and with memory for one page.
  func page(of rows: [TrialRow]) -> Page {
    var kept: [(key: Cursor, index: Int)] = []
    var matching = 0
    var isCut = false
    let limit = min(max(limit, 1), Self.rowCountMaximum)
    for index in rows.indices where matches(rows[index]) {
      matching += 1
      let key = key(of: rows[index])
      if let after, !precedes(after, key) { continue }
      if kept.count == limit {
        isCut = true
        if !precedes(key, kept[limit - 1].key) { continue }
        kept.removeLast()
      }
      var (low, high) = (0, kept.count)
      while low < high {
        let middle = (low + high) / 2
        if precedes(kept[middle].key, key) { low = middle + 1 } else { high = middle }
      }
      kept.insert((key, index), at: low)
    }
    return Page(
      rows: kept.map { rows[$0.index] }, matching: matching, total: rows.count,
      next: isCut ? kept.last?.key.text : nil)
  }

  private func matches(_ row: TrialRow) -> Bool {
    if let status, row.status != status { return false }
    if let stage, row.stage != stage { return false }
    return words.allSatisfy { Self.holds(row.searched, $0) }
  }

  /// Whether a text contains a word, compared bytewise, which is several times faster than by
  /// character.
  private static func holds(_ text: String, _ word: String) -> Bool {
    // A C string ends at a NUL, and no row has one.
    guard !word.utf8.contains(0) else { return false }
    return text.withCString { text in word.withCString { strstr(text, $0) != nil } }
  }

  /// Unknown values come last in either direction.
  private func key(of row: TrialRow) -> Cursor {
    let value: Double? =
      switch column {
      case .plan: 0
      case .status: Double(TrialStatus.order.firstIndex(of: row.status) ?? 0)
      case .tolerance: row.tolerance
      case .latents: row.latents.map(Double.init)
      case .gates: row.gatesOpen.map(Double.init)
      case .mse: row.mse
      case .evaluation: row.evaluationMSE
      case .step: row.step.map(Double.init)
      case .attempts: Double(row.attempts)
      case .changed: Double(row.changed)
      }
    let known = value.flatMap { $0.isFinite ? $0 : nil }
    return Cursor(value: known.map { isDescending ? -$0 : $0 } ?? .infinity, place: row.place)
  }

  private func precedes(_ first: Cursor, _ second: Cursor) -> Bool {
    first.value == second.value ? first.place < second.place : first.value < second.value
  }
}

extension TrialStatus {
  /// The order in a table: those that need attention first.
  fileprivate static let order: [TrialStatus] = [
    .failed, .running, .waiting, .stopped, .complete,
  ]
}
