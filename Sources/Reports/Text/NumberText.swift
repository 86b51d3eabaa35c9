import Foundation
import Trials

/// Numbers as text, independent of host and locale.
enum NumberText {
  /// The shortest text that reads back as the same number; whole numbers have no point.
  static func shortest(_ number: Double) -> String {
    let text = number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A number with a fixed number of decimals, never "-0".
  static func fixed(_ number: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(decimals)f", number)
    let isZero = !text.contains { $0.isNumber && $0 != "0" }
    return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
  }

  /// At most `decimals` decimals, without trailing zeros; for coordinates and labels.
  static func compact(_ number: Double, upTo decimals: Int = 2) -> String {
    if decimals == 2, let hundredths = hundredths(of: number) { return text(hundredths) }
    var text = fixed(number, decimals)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// The nearest number of hundredths; nil for large numbers and near ties.
  ///
  /// Drawings have tens of thousands of coordinates, and `String(format:)` is slow.
  private static func hundredths(of number: Double) -> Int? {
    guard abs(number) < 1e6 else { return nil }
    let scaled = number * 100
    let nearest = scaled.rounded()
    guard abs(scaled - nearest) < 0.499_999 else { return nil }
    return Int(nearest)
  }

  private static func text(_ hundredths: Int) -> String {
    let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    if rest.isMultiple(of: 10) { return "\(sign)\(whole).\(rest / 10)" }
    return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// A count in thousands or millions if that is exact: 200K, 1.874M, 937.
  static func count(_ count: Int) -> String {
    if count >= 1_000_000, count.isMultiple(of: 1000) {
      return compact(Double(count) / 1e6, upTo: 3) + "M"
    }
    if count >= 1000, count.isMultiple(of: 100) { return compact(Double(count) / 1e3) + "K" }
    return String(count)
  }

  /// A budget for people: `200K batches`, `2000 epochs`.
  static func budget(_ budget: Budget) -> String {
    switch budget {
    case .batches(let batches) where batches > 1: "\(count(batches)) batches"
    case .batches, .epochs: budget.description
    }
  }
}
