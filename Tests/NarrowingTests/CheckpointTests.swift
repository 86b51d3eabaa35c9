import Autoencoder
import Testing
import Trials

@testable import Narrowing

@Suite("Checkpoints")
struct CheckpointTests {
  @Test(
    "a resumed trainer gives the bits of an uninterrupted one, whenever it was interrupted",
    arguments: [0, 1, 2, 5])
  func resume(interruption: Int) throws {
    // Every batch meets the tolerance, and gates are drawn open or closed alike.
    var settings = TinyTrial.settings
    settings.initialGateLogit = 0
    let uninterrupted = try TinyTrial.trainer(tolerance: 1e5, settings: settings)
    let interrupted = try TinyTrial.trainer(tolerance: 1e5, settings: settings)
    try TinyTrial.train(uninterrupted, steps: 8)
    try TinyTrial.train(interrupted, steps: interruption)
    let file = Checkpoint.save(interrupted, metadata: ["trial": "x"]).encoded()

    let resumed = try TinyTrial.trainer(tolerance: 1e5, settings: settings)
    // Steps that the checkpoint must undo completely.
    try TinyTrial.train(resumed, steps: 3)
    try Checkpoint.restore(try Safetensors(parsing: file, path: "x"), into: resumed)
    #expect(resumed.fingerprint == interrupted.fingerprint)
    try TinyTrial.train(resumed, steps: 8 - interruption)
    #expect(resumed.fingerprint == uninterrupted.fingerprint)
  }

  @Test("a checkpoint before the first hit and one after it differ in what they hold")
  func optionalTensors() throws {
    let trainer = try TinyTrial.trainer()
    let fresh = Checkpoint.save(trainer, metadata: [:])
    #expect(fresh["constraint.average"] == nil)
    #expect(fresh["mse"] == nil)
    trainer.state.constraint = Constraint(tolerance: 1e5, smoothing: 0.99)
    try TinyTrial.train(trainer, steps: 1)
    let hit = Checkpoint.save(trainer, metadata: [:])
    #expect(hit["first_hit_step"]?.elements(as: Int64.self) == [1])
    #expect(hit["step"]?.elements(as: Int64.self) == [1])
  }

  @Test(
    "a checkpoint of another network is refused and changes nothing",
    arguments: ["encoder.conv2.weight", "second_moment.decoder.conv1.bias", "gates.logit", "step"])
  func foreign(name: String) throws {
    let trainer = try TinyTrial.trainer()
    try TinyTrial.train(trainer, steps: 1)
    var missing = Checkpoint.save(trainer, metadata: [:])
    missing.tensors.removeAll { $0.name == name }
    var reshaped = missing
    reshaped.tensors.append(Safetensors.Tensor(name: name, shape: [1], elements: [1 as Float]))

    try TinyTrial.train(trainer, steps: 1)
    let fingerprint = trainer.fingerprint
    for (checkpoint, found) in [(missing, "nothing"), (reshaped, "F32 [1]")] {
      let error = #expect(throws: CheckpointError.self) {
        try Checkpoint.restore(checkpoint, into: trainer)
      }
      #expect(error?.tensor == name)
      #expect(error?.found == found)
      #expect(trainer.fingerprint == fingerprint)
    }
  }
}
