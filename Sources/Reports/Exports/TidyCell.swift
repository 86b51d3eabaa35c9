import Foundation
import Trials

/// One value of a tidy table.
enum TidyCell {
  /// Nothing is known, or nothing that the form can hold.
  case missing
  /// A number as it is to be written.
  case number(String)
  /// A text of ours.
  case text(String)
  /// A text of others, of a worker say.
  case foreign(String)
  /// Yes or no.
  case flag(Bool)

  /// A number, if there is one; one that is none counts as missing.
  static func number(_ value: Double?) -> TidyCell {
    guard let value, value.isFinite else { return .missing }
    return .number(NumberText.shortest(value))
  }

  /// A whole number, if there is one.
  static func number(_ value: Int?) -> TidyCell { value.map { .number(String($0)) } ?? .missing }

  /// A field of a trial's table; words for what is no number count as missing.
  static func field(_ text: Substring) -> TidyCell {
    guard let value = Double(text), value.isFinite else { return .missing }
    // JSON has no `.5`, `1.`, `+1` and `007`, which `Double` reads.
    let parts = text.drop { $0 == "-" }.prefix { $0 != "e" && $0 != "E" }
      .split(separator: ".", omittingEmptySubsequences: false)
    let isJSON =
      parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
      && (parts[0] == "0" || parts[0].first != "0")
    return .number(isJSON ? String(text) : NumberText.shortest(value))
  }

  /// A setting as sweep files write it.
  static func setting(_ text: String) -> TidyCell {
    PlainCSV.isNumber(Substring(text)) ? .field(Substring(text)) : .text(text)
  }

  /// The value as a field of CSV.
  var csv: String {
    switch self {
    case .missing: ""
    case .number(let text): text
    case .text(let text): CSVTable.escaped(text)
    case .foreign(let text): CSVTable.escaped(CSVCell.foreign(text))
    case .flag(let flag): String(flag)
    }
  }

  /// The value as JSON.
  var json: String {
    switch self {
    case .missing: "null"
    case .number(let text): text
    case .text(let text), .foreign(let text): CanonicalJSON.text(PlainText.lines(text))
    case .flag(let flag): String(flag)
    }
  }
}
