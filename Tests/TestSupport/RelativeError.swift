/// The largest difference relative to the largest expected magnitude; NaN if any value is NaN.
package func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 0
  var worst = 0.0
  for (left, right) in zip(actual, expected) {
    let difference = abs(left - right)
    if difference.isNaN { return .nan }
    worst = max(worst, difference)
  }
  return scale == 0 ? worst : worst / scale
}
