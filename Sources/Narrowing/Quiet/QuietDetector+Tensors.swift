import TensorFiles
import Trials

/// A detector's state as tensors of ``Checkpoint``.
///
/// | Name | Type, shape | Value |
/// | --- | --- | --- |
/// | `quiet.unsettled_step` | I64 `[n]` | for each gate the last step after which it was undecided or had changed |
/// | `quiet.constraint_sum`, `quiet.epoch_deviation` | F64 `[]` | Σ C_ma; Σ abs(C_ma) of the latest epoch |
/// | `quiet.open_sum`, `quiet.changes` | I64 `[]` | Σ ‖ν‖₀; how often a gate has opened or closed |
/// | `quiet.clamped_step`, `quiet.below_maximum_step` | I64 `[]` | the last step with λ′ at a clamp; below its maximum |
/// | `quiet.history.constraint_sum` | F64 `[m]` | Σ C_ma at the ends of epochs 0, s, 2s, … |
/// | `quiet.history.open_sum`, `quiet.history.changes` | I64 `[m]` | the other two sums there |
///
/// s is the smallest power of two such that epochs ÷ s is less than 512.
extension QuietDetector {
  /// The prefix of its tensors' names.
  static let tensorPrefix = "quiet."

  var tensors: [Safetensors.Tensor] {
    func tensor<Value: Safetensors.Element>(
      _ name: String, _ shape: [Int], _ elements: [Value]
    ) -> Safetensors.Tensor {
      Safetensors.Tensor(name: Self.tensorPrefix + name, shape: shape, elements: elements)
    }
    let samples = state.history.samples
    let unsettled = state.unsettledSteps
    return [
      tensor("unsettled_step", [unsettled.count], unsettled.map { Int64($0) }),
      tensor("constraint_sum", [], [state.totals.constraint]),
      tensor("epoch_deviation", [], [state.epochDeviation]),
      tensor("open_sum", [], [Int64(state.totals.open)]),
      tensor("changes", [], [Int64(state.totals.changes)]),
      tensor("clamped_step", [], [Int64(state.clampedStep)]),
      tensor("below_maximum_step", [], [Int64(state.belowMaximumStep)]),
      tensor("history.constraint_sum", [samples.count], samples.map(\.constraint)),
      tensor("history.open_sum", [samples.count], samples.map { Int64($0.open) }),
      tensor("history.changes", [samples.count], samples.map { Int64($0.changes) }),
    ]
  }

  /// Restores everything from a checkpoint, or nothing if something is missing or out of range.
  ///
  /// - Parameters:
  ///   - step: The steps taken, from the checkpoint.
  ///   - firstHitStep: From the checkpoint.
  ///   - openProbabilities: σ(kγ) after that step.
  mutating func restore(
    from source: Checkpoint.Source, step: Int, firstHitStep: Int?, openProbabilities: [Double]
  ) throws(CheckpointError) {
    let prefix = Self.tensorPrefix
    func whole(
      _ name: String, shape: [Int], upTo maximum: Int
    ) throws(CheckpointError) -> [Int] {
      let elements = try source.elements(prefix + name, Int64.self, shape: shape)
      for element in elements where !(0...Int64(maximum)).contains(element) {
        throw CheckpointError(
          .implausible, path: source.path, part: "tensor \"\(prefix + name)\"",
          found: "\(element)", expected: "0 to \(maximum), as \(step) steps give")
      }
      return elements.map { Int($0) }
    }
    let gates = openProbabilities.count
    let gateSteps = step * gates
    let epochs = step / epochSteps
    let count = QuietHistory.count(epochs)
    var restored = state
    restored.step = step
    restored.firstHitStep = firstHitStep
    restored.isOpen = openProbabilities.map { $0 > 0.5 }
    restored.unsettledSteps = try whole("unsettled_step", shape: [gates], upTo: step)
    restored.epochDeviation = try source.number(prefix + "epoch_deviation", Double.self)
    restored.clampedStep = try whole("clamped_step", shape: [], upTo: step)[0]
    restored.belowMaximumStep = try whole("below_maximum_step", shape: [], upTo: step)[0]
    restored.totals = QuietHistory.Totals(
      constraint: try source.number(prefix + "constraint_sum", Double.self),
      open: try whole("open_sum", shape: [], upTo: gateSteps)[0],
      changes: try whole("changes", shape: [], upTo: gateSteps)[0])
    let constraints = try source.elements(
      prefix + "history.constraint_sum", Double.self, shape: [count])
    let opens = try whole("history.open_sum", shape: [count], upTo: gateSteps)
    let changes = try whole("history.changes", shape: [count], upTo: gateSteps)
    let samples = (0..<count).map {
      QuietHistory.Totals(constraint: constraints[$0], open: opens[$0], changes: changes[$0])
    }
    guard let history = QuietHistory(samples: samples, epochs: epochs) else {
      throw CheckpointError(
        .implausible, path: source.path, part: "tensors \"\(prefix)history\"",
        found: "sums other than 0 before the first step", expected: "0")
    }
    restored.history = history
    state = restored
  }
}
