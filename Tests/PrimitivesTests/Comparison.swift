import Primitives

/// The largest difference relative to the largest expected magnitude; NaN if any value is NaN.
func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
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

/// ⟨left, right⟩ in double.
func dot(_ left: [Double], _ right: [Double]) -> Double {
  zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
}

/// Rounding of fp32 sums of a few hundred products.
let singleTolerance = 2e-6

/// The instruction sets that this processor can run.
let runnableInstructionSets = InstructionSet.allCases.filter {
  InstructionSet.effective.includes($0)
}

/// The derivative of `function` at `point` along `direction`, by central differences.
func directionalDerivative(
  at point: [Double], along direction: [Double], step: Double = 1e-5,
  of function: ([Double]) -> Double
) -> Double {
  let ahead = zip(point, direction).map { $0 + step * $1 }
  let behind = zip(point, direction).map { $0 - step * $1 }
  return (function(ahead) - function(behind)) / (2 * step)
}
