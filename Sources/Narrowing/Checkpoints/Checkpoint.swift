import Autoencoder
import Primitives
import TensorFiles
import Trials

/// A trainer's whole state between two steps, as named tensors.
///
/// Training that resumes from it computes the same bits as uninterrupted training. Random draws
/// depend only on the step number, so there is no generator state. The tensors are
///
/// | Name | Type, shape | Value |
/// | --- | --- | --- |
/// | name of a tensor | F32, its own | trained tensor or running statistic |
/// | `first_moment.` + name | F32, its own | Adam's m of a trained tensor |
/// | `second_moment.` + name | F32, its own | Adam's v of a trained tensor |
/// | `gates.logit`, `gates.first_moment`, `gates.second_moment` | F64 `[n]` | γ and its m and v |
/// | `multiplier.raw`, `multiplier.first_moment`, `multiplier.second_moment` | F64 `[]` | λ and its m and v |
/// | `constraint.average`, `mse` | F64 `[]` | C_ma and the average of E₂; absent before step 1 |
/// | `step` | I64 `[]` | steps taken, Adam's t |
/// | `first_hit_step` | I64 `[]` | absent before the first hit |
///
/// A trial that may end early adds its detector's tensors (`QuietDetector+Tensors`). A traced trial
/// adds where it is on its ladder:
///
/// | Name | Type, shape | Value |
/// | --- | --- | --- |
/// | `rung.index` | I64 `[]` | the rung's place, from 0; until the step after its end |
/// | `rung.beginning` | I64 `[]` | the steps taken before the rung |
///
/// ``CheckpointFile`` describes the rest of the file.
enum Checkpoint {
  private static let firstMoment = "first_moment."
  private static let secondMoment = "second_moment."

  /// The state of a trainer.
  static func tensors(of trainer: Trainer) -> [Safetensors.Tensor] {
    let network = trainer.network
    let state = trainer.state
    var tensors = NetworkTensors.all(of: network)
    tensors += NetworkTensors.named(
      network.tensors, in: trainer.optimizer.firstMoments, prefix: firstMoment)
    tensors += NetworkTensors.named(
      network.tensors, in: trainer.optimizer.secondMoments, prefix: secondMoment)
    func append(_ name: String, _ values: [Double]) {
      tensors.append(Safetensors.Tensor(name: name, shape: [values.count], elements: values))
    }
    func append<Value: Safetensors.Element>(_ name: String, _ value: Value?) {
      guard let value else { return }
      tensors.append(Safetensors.Tensor(name: name, shape: [], elements: [value]))
    }
    append("gates.logit", state.gates.logits)
    append("gates.first_moment", state.gates.moments.map(\.first))
    append("gates.second_moment", state.gates.moments.map(\.second))
    append("multiplier.raw", state.multiplier.raw)
    append("multiplier.first_moment", state.multiplier.moments.first)
    append("multiplier.second_moment", state.multiplier.moments.second)
    append("constraint.average", state.constraint.average)
    append("mse", state.mse)
    append("step", Int64(state.step))
    append("first_hit_step", state.firstHitStep.map { Int64($0) })
    append("rung.index", state.rung.map { Int64($0.index) })
    append("rung.beginning", state.rung.map { Int64($0.beginning) })
    return tensors + (state.quiet?.tensors ?? [])
  }

  /// Restores a trainer to a saved state.
  ///
  /// The trainer must have the configuration that was saved. Names, types and shapes of the tensors
  /// and the ``StateRanges`` of their numbers are checked before anything changes.
  ///
  /// - Parameters:
  ///   - path: The checkpoint's name in errors.
  ///   - settings: The trainer's.
  static func restore(
    _ checkpoint: Safetensors, path: String, settings: TrainerSettings, into trainer: Trainer
  ) throws(CheckpointError) {
    let source = Source(checkpoint: checkpoint, path: path)
    let network = trainer.network
    let arrays = [
      try source.values(network.tensors, prefix: "", into: network.parameters),
      try source.values(network.statistics, prefix: "", into: network.runningStatistics),
      try source.values(
        network.tensors, prefix: firstMoment, into: trainer.optimizer.firstMoments),
      try source.values(
        network.tensors, prefix: secondMoment, into: trainer.optimizer.secondMoments),
    ]
    var state = trainer.state
    try state.restore(from: source)
    try StateRanges(settings: settings, step: state.step).check(checkpoint, path: path)
    trainer.state = state
    for (values, destination) in arrays {
      for (index, value) in values.enumerated() { destination[index] = value }
    }
    network.parametersChanged()
  }

  /// Reads a trainer's state from a checkpoint.
  struct Source {
    let checkpoint: Safetensors
    let path: String

    /// The elements of a required tensor of a given type and shape.
    func elements<Value: Safetensors.Element>(
      _ name: String, _ type: Value.Type, shape: [Int]
    ) throws(CheckpointError) -> [Value] {
      let found = checkpoint[name]
      guard let found, found.shape == shape, let elements = found.elements(as: Value.self) else {
        throw CheckpointError(
          .mismatch, path: path, part: "tensor \"\(name)\"",
          found: Safetensors.describe(found),
          expected: "\(Value.elementType.rawValue) \(shape)")
      }
      return elements
    }

    /// A required number.
    func number<Value: Safetensors.Element>(
      _ name: String, _ type: Value.Type
    ) throws(CheckpointError) -> Value {
      try elements(name, type, shape: [])[0]
    }

    /// The steps taken, checked against the most that a trial can take.
    func step() throws(CheckpointError) -> Int {
      let step = try number("step", Int64.self)
      guard (0...Int64(Budget.maximumCount)).contains(step) else {
        throw CheckpointError(
          .implausible, path: path, part: "step", found: "\(step)",
          expected: "0 to \(Budget.maximumCount)")
      }
      return Int(step)
    }

    /// The place of a traced trial on a ladder and the steps taken before it, within their ranges.
    ///
    /// - Parameters:
    ///   - count: The number of rungs.
    ///   - step: The steps taken, from the checkpoint.
    func rung(of count: Int, step: Int) throws(CheckpointError) -> (index: Int, beginning: Int) {
      func whole(_ name: String, upTo maximum: Int) throws(CheckpointError) -> Int {
        let found = try number(name, Int64.self)
        guard (0...Int64(maximum)).contains(found) else {
          throw CheckpointError(
            .implausible, path: path, part: name, found: "\(found)", expected: "0 to \(maximum)")
        }
        return Int(found)
      }
      return (
        try whole("rung.index", upTo: count - 1), try whole("rung.beginning", upTo: step)
      )
    }

    /// A number; nil if the checkpoint has none of that name.
    func optionalNumber<Value: Safetensors.Element>(
      _ name: String, _ type: Value.Type
    ) throws(CheckpointError) -> Value? {
      checkpoint[name] == nil ? nil : try number(name, type)
    }

    /// The contents of a flat array, and their destination.
    func values(
      _ descriptors: [TensorDescriptor], prefix: String,
      into destination: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) -> ([Float], UnsafeMutableBufferPointer<Float>) {
      var values: [Float] = []
      values.reserveCapacity(destination.count)
      for descriptor in descriptors {
        values += try elements(prefix + descriptor.name, Float.self, shape: descriptor.shape)
      }
      return (values, destination)
    }
  }
}

extension NarrowingState {
  /// Restores everything from a checkpoint, or nothing if something is missing.
  fileprivate mutating func restore(from source: Checkpoint.Source) throws(CheckpointError) {
    var restored = self
    let logits = try source.elements("gates.logit", Double.self, shape: [gates.count])
    let first = try source.elements("gates.first_moment", Double.self, shape: [gates.count])
    let second = try source.elements("gates.second_moment", Double.self, shape: [gates.count])
    restored.gates = Gates(
      steepness: gates.steepness, logits: logits,
      moments: zip(first, second).map { Adam.Moments(first: $0, second: $1) })
    restored.multiplier.restore(
      raw: try source.number("multiplier.raw", Double.self),
      moments: Adam.Moments(
        first: try source.number("multiplier.first_moment", Double.self),
        second: try source.number("multiplier.second_moment", Double.self)))
    restored.constraint.average = try source.optionalNumber("constraint.average", Double.self)
    restored.mse = try source.optionalNumber("mse", Double.self)
    restored.step = try source.step()
    restored.firstHitStep = try source.optionalNumber("first_hit_step", Int64.self).map { Int($0) }
    if let ladder = rung?.ladder {
      let place = try source.rung(of: ladder.count, step: restored.step)
      restored.beginRung(place.index, after: place.beginning)
    }
    let beginning = restored.rung?.beginning ?? 0
    try restored.quiet?.restore(
      from: source, step: restored.step - beginning,
      firstHitStep: restored.firstHitStep.map { max($0 - beginning, 0) },
      openProbabilities: restored.gates.openProbabilities)
    self = restored
  }
}
