import Autoencoder
import Foundation
import Primitives
import Testing

@testable import Narrowing

/// The trainer against PyTorch in double precision, for both network shapes and on every
/// instruction set that the processor has; see ``GoldenRun``.
///
/// Each run has its first hit in the middle and, after it, steps with ν₁ = ν₂ and with ν₁ ≠ ν₂,
/// with the penalty and without.
@Suite("Golden runs")
struct GoldenTests {
  private static let instructionSets = InstructionSet.allCases.filter {
    InstructionSet.effective(for: .fp32).includes($0)
  }

  @Test(
    "from each step's golden state, losses and gradients agree",
    arguments: GoldenRun.names, instructionSets)
  func eachStep(name: String, instructionSet: InstructionSet) throws {
    let run = try GoldenRun(name)
    let trainer = try run.trainer(instructionSet)
    var differences = Differences()
    for place in 0..<GoldenRun.stepCount {
      run.start(trainer, after: place)
      try step(trainer, of: run, &differences)
    }
    for (quantity, difference) in differences.worst {
      // Within a tensor of two elements all but everything can cancel; float knows what is left
      // less well. Beside the rest of the layer's gradient it is small.
      let bound = quantity == "gradients by tensor" ? 2e-5 : 1e-5
      #expect(difference.value < bound, "\(quantity): \(difference)")
    }
    print(
      "golden run \(name) on \(instructionSet.rawValue), each step from the golden state:\n\(differences)"
    )
  }

  // Rounding is amplified from step to step by Adam, which moves a parameter by the sign of a
  // gradient that is all but zero, so this drifts apart; a wrong formula would do so far faster.
  @Test(
    "without resets, the trainer stays close to the golden run",
    arguments: GoldenRun.names, instructionSets)
  func free(name: String, instructionSet: InstructionSet) throws {
    let run = try GoldenRun(name)
    let trainer = try run.trainer(instructionSet)
    run.start(trainer, after: 0)
    var differences = Differences()
    for _ in 0..<GoldenRun.stepCount { try step(trainer, of: run, &differences) }
    for (quantity, difference) in differences.worst {
      let bound = quantity.hasPrefix("gradient") ? 1e-2 : 1e-4
      #expect(difference.value < bound, "\(quantity): \(difference)")
    }
    print("golden run \(name) on \(instructionSet.rawValue), running free:\n\(differences)")
  }

  /// Takes a step and records the differences from the golden run.
  private func step(
    _ trainer: Trainer, of run: GoldenRun, _ differences: inout Differences
  ) throws {
    let place = trainer.state.step
    let multiplier = trainer.state.multiplier
    let report = try run.step(trainer)
    func open(_ name: String) -> [Bool] { run.values(name, place, as: UInt8.self).map { $0 == 1 } }
    #expect(trainer.draw.first == open("first_gates"))
    #expect(trainer.draw.second == open("second_gates"))
    #expect(
      trainer.state.firstHitStep == (place + 1 < run.firstHitStep ? nil : run.firstHitStep))

    func compare(_ quantity: String, _ found: [Double], _ golden: [Double], _ tensor: String = "") {
      differences.note(quantity, found, golden, place: "\(tensor) in step \(place + 1)")
    }
    compare("E₂", [report.squaredError], run.values("squared_error", place))
    compare("E₁", [report.firstSquaredError], run.values("first_squared_error", place))
    compare("C_ma", [report.constraintAverage], run.values("constraint_average", place))
    compare("λ′", [report.multiplier], run.values("multiplier", place))
    compare("divergence", [report.divergence], run.values("divergence", place))
    compare("average of E₂", [trainer.state.mse ?? .nan], run.values("mse", place))
    compare("gradient of γ", trainer.gateGradients, run.values("gates.gradient", place))
    compare(
      "gradient of λ", [multiplier.gradient(constraintAverage: report.constraintAverage)],
      run.values("multiplier.gradient", place))
    compare("γ after the step", trainer.state.gates.logits, run.values("gates.logit", place + 1))
    compare(
      "λ after the step", [trainer.state.multiplier.raw], run.values("multiplier.raw", place + 1))

    let network = trainer.network
    func compareTensors(
      _ quantity: String, _ tensors: [TensorDescriptor], _ found: UnsafeMutableBufferPointer<Float>,
      _ prefix: String, _ place: Int
    ) {
      for tensor in tensors {
        compare(
          quantity, found[tensor.range].map(Double.init),
          run.values(prefix + tensor.name, place, as: Float.self).map(Double.init), tensor.name)
      }
    }
    compareTensors("gradients by tensor", network.tensors, network.gradients, "gradient.", place)
    for (weight, bias) in zip(network.tensors, network.tensors.dropFirst())
    where weight.name.hasSuffix(".weight") {
      compare(
        "gradients by layer",
        network.gradients[weight.range.lowerBound..<bias.range.upperBound].map(Double.init),
        [weight, bias].flatMap {
          run.values("gradient." + $0.name, place, as: Float.self).map(Double.init)
        }, weight.name)
    }
    compareTensors(
      "parameters after the step", network.tensors, network.parameters, "", place + 1)
    compareTensors(
      "running statistics after the step", network.statistics, network.runningStatistics, "",
      place + 1)
  }
}

/// The largest relative difference ‖a − b‖ / ‖b‖ of each quantity, and where it was.
private struct Differences: CustomStringConvertible {
  struct Difference {
    var value: Double
    var place: String
  }

  private(set) var worst: [String: Difference] = [:]

  /// Notes the difference of a vector from its golden values.
  mutating func note(_ quantity: String, _ found: [Double], _ golden: [Double], place: String) {
    precondition(found.count == golden.count, "\(quantity)\(place) has its golden value's extent")
    let distance = norm(zip(found, golden).map { $0 - $1 })
    // Both are exactly zero before there is a gradient.
    let value = distance == 0 ? 0 : distance / norm(golden)
    guard let known = worst[quantity], known.value >= value else {
      worst[quantity] = Difference(value: value, place: place)
      return
    }
  }

  private func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  var description: String {
    worst.sorted { $0.key < $1.key }.map { quantity, difference in
      "  \(quantity): \(String(format: "%.1e", difference.value)) \(difference.place)"
    }.joined(separator: "\n")
  }
}
