import TensorFiles
import Trials

/// The values that the numbers of a trainer's state can have after a number of steps.
///
/// A checkpoint with correct digests may still come from an untrusted host. Numbers that no
/// training can produce are refused before training starts:
///
/// | Numbers | Range |
/// | --- | --- |
/// | all | finite |
/// | second moments, running variances, the average of E₂ | at least 0 |
/// | parameters; gate logits γ; λ | at most ``reach`` from their initial range |
/// | `step` | 0 to the trial's last |
/// | `first_hit_step` | 1 to `step` |
/// | `constraint.average`, `mse` | present from step 1 on |
///
/// A state within these ranges may still be wrong.
struct StateRanges {
  private let settings: TrainerSettings
  private let step: Int

  /// The ranges after a number of steps.
  init(settings: TrainerSettings, step: Int) {
    self.settings = settings
    self.step = step
  }

  /// The farthest that Adam can have moved a parameter, with a margin for rounding.
  ///
  /// With a = β₁²/β₂ < 1, by the inequality of Cauchy and Schwarz over the two decaying sums,
  /// |m| ≤ (1−β₁)/√(1−β₂)/√(1−a) · √v, so each step is at most η times that factor, or times
  /// 1/√(1−a) while the corrections for the zero start matter. Other settings have no such bound.
  var reach: Double {
    let (first, second) = (settings.adamBeta1, settings.adamBeta2)
    let ratio = second > 0 ? first * first / second : .infinity
    guard ratio < 1, second < 1 else { return .infinity }
    let factor = max((1 - first) / (1 - second).squareRoot(), 1) / (1 - ratio).squareRoot()
    return 2 * settings.learningRate * factor * Double(step)
  }

  /// Checks a state.
  ///
  /// - Parameters:
  ///   - path: The checkpoint's name in errors.
  /// - Throws: ``CheckpointError`` that names the first number outside its range.
  func check(_ checkpoint: Safetensors, path: String) throws(CheckpointError) {
    for tensor in checkpoint.tensors {
      let range = range(of: tensor.name)
      let values: [Double]
      if let floats = tensor.elements(as: Float.self) {
        values = floats.map(Double.init)
      } else if let doubles = tensor.elements(as: Double.self) {
        values = doubles
      } else {
        continue
      }
      for (index, value) in values.enumerated() where !value.isFinite || !range.contains(value) {
        throw CheckpointError(
          .implausible, path: path, part: "tensor \"\(tensor.name)\", element \(index)",
          found: "\(value)", expected: Self.text(of: range))
      }
    }
    let source = Checkpoint.Source(checkpoint: checkpoint, path: path)
    if let hit = try source.optionalNumber("first_hit_step", Int64.self),
      !(1...max(step, 1) ~= Int(hit))
    {
      throw CheckpointError(
        .implausible, path: path, part: "first_hit_step", found: "\(hit)",
        expected: "1 to \(step), the checkpoint's step")
    }
    for name in ["constraint.average", "mse"] where (checkpoint[name] != nil) != (step > 0) {
      throw CheckpointError(
        .implausible, path: path, part: "tensor \"\(name)\"",
        found: checkpoint[name] == nil ? "none" : "one",
        expected: step > 0 ? "one after step \(step)" : "none before step 1")
    }
  }

  private func range(of name: String) -> ClosedRange<Double> {
    let finite = Double.greatestFiniteMagnitude
    if name.hasPrefix("second_moment.") || name.hasSuffix(".second_moment")
      || name.hasSuffix(".running_var") || name == "mse"
    {
      return 0...finite
    }
    if name.hasPrefix("first_moment.") || name.hasSuffix(".first_moment")
      || name.hasSuffix(".running_mean") || name == "constraint.average"
      || name.hasPrefix(QuietDetector.tensorPrefix)
    {
      return -finite...finite
    }
    let start =
      switch name {
      case "gates.logit": abs(settings.initialGateLogit)
      case "multiplier.raw": abs(settings.initialMultiplier)
      // Batch norm scales start at 1, all other parameters within ±1/√fan-in.
      default: 1.0
      }
    let bound = min(start + reach, finite)
    return -bound...bound
  }

  private static func text(of range: ClosedRange<Double>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (0, .greatestFiniteMagnitude): "a finite number, at least 0"
    case (-.greatestFiniteMagnitude, _): "a finite number"
    default:
      "a number from \(range.lowerBound) to \(range.upperBound), which is as far as Adam moves"
    }
  }
}
