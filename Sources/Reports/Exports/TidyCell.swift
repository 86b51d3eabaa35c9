import Foundation
import Trials

/// One value of a tidy table.
enum TidyCell {
  /// No value, or one that the format cannot represent.
  case missing
  /// A formatted number.
  case number(String)
  /// A trusted text.
  case text(String)
  /// An untrusted text, for instance a worker's.
  case foreign(String)
  /// Yes or no.
  case flag(Bool)

  /// A number; missing if nil or not finite.
  static func number(_ value: Double?) -> TidyCell {
    guard let value, value.isFinite else { return .missing }
    return .number(NumberText.shortest(value))
  }

  /// A whole number; missing if nil.
  static func number(_ value: Int?) -> TidyCell { value.map { .number(String($0)) } ?? .missing }

  /// A field of a trial's table; missing if it is not a finite number.
  static func field(_ text: Substring) -> TidyCell {
    guard let value = Double(text), value.isFinite else { return .missing }
    // JSON does not allow `.5`, `1.`, `+1` and `007`, which `Double` reads.
    let parts = text.drop { $0 == "-" }.prefix { $0 != "e" && $0 != "E" }
      .split(separator: ".", omittingEmptySubsequences: false)
    let isJSON =
      parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
      && (parts[0] == "0" || parts[0].first != "0")
    return .number(isJSON ? String(text) : NumberText.shortest(value))
  }

  /// A setting in the syntax of sweep files.
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
