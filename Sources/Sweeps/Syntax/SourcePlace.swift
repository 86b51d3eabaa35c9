/// A position in a sweep: in its file, or in an option of the command line.
package enum SourcePlace: Hashable, Sendable {
  /// The whole file, for errors without a line.
  case file(String)
  /// A position in the file; line and column count from 1, columns in Unicode scalars.
  case position(file: String, line: Int, column: Int)
  /// The `number`-th `--set` option, counted from 0, with its text `PATH=VALUE`.
  case override(number: Int, text: String)
  /// The option `--scale-budget`.
  case budgetScale(Double)
}

extension SourcePlace: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let name): name
    case .position(let file, let line, let column): "\(file):\(line):\(column)"
    case .override(_, let text): "--set \(text)"
    case .budgetScale(let factor): "--scale-budget \(factor)"
    }
  }
}

extension SourcePlace: Comparable {
  /// The file from top to bottom, then the options in the order of the command line.
  package static func < (left: SourcePlace, right: SourcePlace) -> Bool {
    left.rank.lexicographicallyPrecedes(right.rank)
  }

  private var rank: [Int] {
    switch self {
    case .file: [0]
    case .position(_, let line, let column): [1, line, column]
    case .override(let number, _): [2, number]
    case .budgetScale: [3]
    }
  }
}

extension SourcePlace {
  /// Whether it is a `--set` option.
  var isOverride: Bool {
    if case .override = self { return true }
    return false
  }
}

/// A value and its position.
struct Placed<Value> {
  let value: Value
  let place: SourcePlace

  init(_ value: Value, at place: SourcePlace) {
    self.value = value
    self.place = place
  }
}

extension Placed: Sendable where Value: Sendable {}
