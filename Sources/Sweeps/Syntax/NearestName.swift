/// Finds the known name nearest to a misspelt one.
enum NearestName {
  /// The known name nearest to `name` in quotation marks; nil if none is near.
  ///
  /// A name is near if the ``distance(_:_:)`` is at most a third of the longer name's length. The
  /// first of several nearest names is taken.
  static func suggestion(for name: String, among known: [String]) -> String? {
    let ranked = known.map { (name: $0, distance: distance(name, $0)) }
    guard let nearest = ranked.min(by: { $0.distance < $1.distance }),
      nearest.distance <= max(1, max(name.count, nearest.name.count) / 3)
    else { return nil }
    return "\"\(nearest.name)\""
  }

  /// The Damerau–Levenshtein distance (optimal string alignment) of two names, ignoring case.
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left.lowercased())
    let right = Array(right.lowercased())
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        var best = min(
          previous[column] + (left[row] == right[column] ? 0 : 1),
          previous[column + 1] + 1,
          current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, beforePrevious[column - 1] + 1)
        }
        current.append(best)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
