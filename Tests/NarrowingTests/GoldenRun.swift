import Autoencoder
import Foundation
import Primitives
import TensorFiles
import Testing
import Trials

@testable import Narrowing

/// A run of the trainer that PyTorch computed in double precision: inputs, and the outcome of
/// every step.
///
/// `Tests/Outsider/make_golden.py` makes the files and documents them; its first lines have the
/// command. What the product stores as float is rounded to float between the steps.
struct GoldenRun {
  /// The runs: one for each shape of the network, and one with the other posterior.
  static let names = ["28x28", "64x64", "28x28-equation-14"]
  /// Steps of a run.
  static let stepCount = 10

  private let facts: Facts
  private let file: Safetensors

  /// The run's settings in the file's metadata.
  private struct Facts: Decodable {
    let channels: [Int]
    let firstHitStep: Int
    let tolerance: Double
    let trainer: TrainerSettings

    private enum CodingKeys: String, CodingKey {
      case channels
      case firstHitStep = "first_hit_step"
      case tolerance
      case trainer
    }
  }

  /// Reads `Golden/<name>.safetensors`.
  init(_ name: String) throws {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Golden"))
    file = try Safetensors(contentsOf: url)
    facts = try CanonicalJSON.decode(
      Facts.self, from: Data(try #require(file.metadata["run"]).utf8))
  }

  /// The step in which a batch first meets the tolerance.
  var firstHitStep: Int { facts.firstHitStep }
  private var settings: TrainerSettings { facts.trainer }
  private var latents: Int { values("uniforms", 0).count }

  /// A tensor's values at an index of its first axis: step − 1 for a step's results, or the number
  /// of steps taken for state.
  func values<Value: Safetensors.Element>(
    _ name: String, _ place: Int, as type: Value.Type = Double.self
  ) -> [Value] {
    guard let tensor = file[name], let all = tensor.elements(as: Value.self) else {
      preconditionFailure("the golden run has no \(name) of that type")
    }
    let count = all.count / tensor.shape[0]
    return Array(all[place * count..<(place + 1) * count])
  }

  /// A number of a step.
  func number(_ name: String, _ place: Int) -> Double { values(name, place)[0] }

  /// A trainer of the run's network and settings; its state is for ``start(_:_:)`` to set.
  func trainer(_ instructionSet: InstructionSet) throws -> Trainer {
    let images = try #require(file["images"])
    let shape = try NetworkShape(
      image: ImageShape(
        channels: images.shape[3], height: images.shape[1], width: images.shape[2]),
      channels: facts.channels, latents: latents)
    let network = try Autoencoder(
      shape: shape, batchSize: settings.batchSize,
      settings: AutoencoderSettings(
        leakySlope: settings.leakySlope, batchNormMomentum: settings.batchNormMomentum,
        batchNormEpsilon: settings.batchNormEpsilon),
      instructionSet: instructionSet)
    return Trainer(network: network, tolerance: facts.tolerance, settings: settings, seed: 1)
  }

  /// Sets a trainer to the golden state after `taken` steps.
  ///
  /// Adam's moments are computed from the golden gradients in double precision.
  func start(_ trainer: Trainer, after taken: Int) {
    let network = trainer.network
    set(network.parameters, network.tensors, place: taken)
    set(network.runningStatistics, network.statistics, place: taken)
    for tensor in network.tensors {
      let moments = moments(tensor.count, after: taken) {
        values("gradient." + tensor.name, $0, as: Float.self).map(Double.init)
      }
      for (index, moment) in zip(tensor.range, moments) {
        trainer.optimizer.firstMoments[index] = Float(moment.first)
        trainer.optimizer.secondMoments[index] = Float(moment.second)
      }
    }
    trainer.state.gates = Gates(
      steepness: settings.gateSteepness, logits: values("gates.logit", taken),
      moments: moments(latents, after: taken) { values("gates.gradient", $0) })
    trainer.state.multiplier = LagrangeMultiplier(
      raw: number("multiplier.raw", taken), settings: settings,
      moments: moments(1, after: taken) { values("multiplier.gradient", $0) }[0])
    trainer.state.constraint.average =
      taken == 0 ? nil : number("constraint_average", taken - 1)
    trainer.state.mse = taken == 0 ? nil : number("mse", taken - 1)
    trainer.state.step = taken
    trainer.state.firstHitStep = taken < firstHitStep ? nil : firstHitStep
    network.parametersChanged()
  }

  private func set(
    _ destination: UnsafeMutableBufferPointer<Float>, _ tensors: [TensorDescriptor], place: Int
  ) {
    for tensor in tensors {
      for (index, value) in zip(tensor.range, values(tensor.name, place, as: Float.self)) {
        destination[index] = value
      }
    }
  }

  /// Adam's moments after `taken` steps with the gradients of each.
  private func moments(
    _ count: Int, after taken: Int, _ gradients: (Int) -> [Double]
  ) -> [Adam.Moments] {
    var moments = [Adam.Moments](repeating: Adam.Moments(), count: count)
    for step in 0..<taken {
      for (index, gradient) in gradients(step).enumerated() {
        let (first, second) = (moments[index].first, moments[index].second)
        moments[index] = Adam.Moments(
          first: settings.adamBeta1 * first + (1 - settings.adamBeta1) * gradient,
          second: settings.adamBeta2 * second + (1 - settings.adamBeta2) * gradient * gradient)
      }
    }
    return moments
  }

  /// Takes a step with the run's images, u and ε.
  func step(_ trainer: Trainer) throws -> StepReport {
    let place = trainer.state.step
    let network = trainer.network
    let count = network.images.count / settings.batchSize
    for (row, number) in values("batches", place, as: Int64.self).enumerated() {
      for (index, value) in values("images", Int(number), as: UInt8.self).enumerated() {
        network.images[row * count + index] = Float(value) / 255
      }
    }
    for (index, value) in values("noise", place, as: Float.self).enumerated() {
      trainer.posterior.noise[index] = value
    }
    if trainer.state.hasHit {
      trainer.draw.set(uniforms: values("uniforms", place), trainer.state.gates)
    } else {
      trainer.draw.openAll()
    }
    return try trainer.update()
  }
}
