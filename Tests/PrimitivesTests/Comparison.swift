import Primitives

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
