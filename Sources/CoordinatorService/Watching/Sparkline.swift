import Foundation
import Reports

/// A series of numbers as one row of block characters.
enum Sparkline {
  private static let blocks = Array("▁▂▃▄▅▆▇█")

  /// At most `width` evenly spaced values, including the first and the last, on a logarithmic
  /// scale; values without a logarithm are shown as a space.
  static func text(_ values: [Double], width: Int) -> String {
    guard width > 1, !values.isEmpty else { return "" }
    let chosen = EvenChoice.indices(of: values.count, most: width).map { values[$0] }
    let logarithms = chosen.map { $0 > 0 && $0.isFinite ? log($0) : .nan }
    let known = logarithms.filter(\.isFinite)
    guard let least = known.min(), let most = known.max() else { return "" }
    return String(
      logarithms.map { value -> Character in
        guard value.isFinite else { return " " }
        guard most > least else { return blocks[0] }
        let share = (value - least) / (most - least)
        return blocks[min(blocks.count - 1, Int(share * Double(blocks.count)))]
      })
  }
}
