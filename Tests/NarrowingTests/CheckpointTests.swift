import Autoencoder
import Digests
import Foundation
import Primitives
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

@Suite("Checkpoints")
struct CheckpointTests {
  private let temporary: TemporaryFolder
  private let images = Digest.of("images")

  init() throws {
    temporary = try TemporaryFolder()
  }

  private var checkpoints: CheckpointFile {
    CheckpointFile(
      configuration: TinyTrial.configuration(milestones: [8], tolerance: 1e5), images: images)
  }

  private func url(step: Int) -> URL {
    temporary.url.appending(path: CheckpointFile.name(step: step))
  }

  /// A trainer after a step, and its checkpoint in the folder.
  private func saved() throws -> Trainer {
    let trainer = try TinyTrial.trainer(tolerance: 1e5)
    try TinyTrial.train(trainer, steps: 1)
    try checkpoints.write(trainer, Self.reports, into: temporary.url)
    return trainer
  }

  private static let reports = CheckpointFile.Reports(
    trajectory: TrajectoryPrefix(byteCount: 15, digest: Digest.of("step,mse\n1,0.5\n")),
    milestones: [
      MilestoneReport(
        budget: .batches(1), tolerance: 1e5, step: 1, ending: .goesOn,
        stateDigest: Digest.of("state"), gatesOpen: 3, mse: 0.1, evaluationMSE: 1e-17,
        firstHitStep: nil, multiplier: 0.3, openProbabilities: [0.95, 1.0 / 3])
    ])

  @Test(
    "a trainer resumed at any step computes the bits of an uninterrupted one",
    arguments: [0, 1, 2, 5])
  func resume(interruption: Int) throws {
    // Every batch meets the tolerance, and gates are drawn open and closed equally often.
    var settings = TinyTrial.settings
    settings.initialGateLogit = 0
    let uninterrupted = try TinyTrial.trainer(tolerance: 1e5, settings: settings)
    let interrupted = try TinyTrial.trainer(tolerance: 1e5, settings: settings)
    try TinyTrial.train(uninterrupted, steps: 8)
    try TinyTrial.train(interrupted, steps: interruption)
    try checkpoints.write(interrupted, Self.reports, into: temporary.url)

    let resumed = try TinyTrial.trainer(tolerance: 1e5, settings: settings)
    // The checkpoint must undo these steps completely.
    try TinyTrial.train(resumed, steps: 3)
    var reports = try checkpoints.restore(url(step: interruption), into: resumed)
    #expect(reports.resumed.map(\.step) == [interruption])
    reports.resumed = []
    #expect(reports == Self.reports)
    #expect(resumed.fingerprint == interrupted.fingerprint)
    try TinyTrial.train(resumed, steps: 8 - interruption)
    #expect(resumed.fingerprint == uninterrupted.fingerprint)
  }

  @Test("checkpoints before and after the first hit have different tensors")
  func optionalTensors() throws {
    let trainer = try TinyTrial.trainer()
    let fresh = Safetensors(metadata: [:], tensors: Checkpoint.tensors(of: trainer))
    #expect(fresh["constraint.average"] == nil)
    #expect(fresh["mse"] == nil)
    trainer.state.constraint = Constraint(tolerance: 1e5, smoothing: 0.99)
    try TinyTrial.train(trainer, steps: 1)
    let hit = Safetensors(metadata: [:], tensors: Checkpoint.tensors(of: trainer))
    #expect(hit["first_hit_step"]?.elements(as: Int64.self) == [1])
    #expect(hit["step"]?.elements(as: Int64.self) == [1])
  }

  @Test("the metadata name the trial, its images and the digest of the data")
  func metadata() throws {
    let trainer = try saved()
    let file = try Data(contentsOf: url(step: 1))
    let content = try Safetensors(parsing: file)
    let headerCount = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(
      content.metadata == [
        "checkpoint_version": "2",
        "configuration": checkpoints.configuration.canonicalText,
        "data_sha256": Digest.of(file[(8 + headerCount)...]).hexadecimal,
        "format": "pt",
        "host": Host.name,
        "images_sha256": images.hexadecimal,
        "instruction_set": InstructionSet.effective.rawValue,
        "resumed": "[]",
        "state_sha256": StateDigest.of(trainer).hexadecimal,
        "trajectory_bytes": "15",
        "trajectory_sha256": Digest.of("step,mse\n1,0.5\n").hexadecimal,
        "trial": checkpoints.configuration.id.digits,
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.url.path).count == 1)
  }

  /// Checks that a file is refused and the trainer unchanged.
  private func refusal(
    _ trainer: Trainer, by checkpoints: CheckpointFile? = nil
  ) throws -> CheckpointError {
    let fingerprint = trainer.fingerprint
    let error = #expect(throws: CheckpointError.self) {
      try (checkpoints ?? self.checkpoints).restore(url(step: 1), into: trainer)
    }
    #expect(trainer.fingerprint == fingerprint)
    let refusal = try #require(error)
    #expect(refusal.path == url(step: 1).path)
    #expect(
      refusal.description
        == "\(refusal.path): \(refusal.part): found \(refusal.found), expected "
        + refusal.expected)
    return refusal
  }

  @Test("a checkpoint truncated anywhere is refused")
  func torn() throws {
    let trainer = try saved()
    let whole = try Data(contentsOf: url(step: 1))
    for count in [0, 7, 8, 100, 5000, whole.count / 2, whole.count - 1] {
      try whole.prefix(count).write(to: url(step: 1))
      #expect(try refusal(trainer).reason == .damaged)
    }
  }

  @Test("a checkpoint with one flipped bit in its data is refused")
  func damaged() throws {
    let trainer = try saved()
    let whole = try Data(contentsOf: url(step: 1))
    for place in [whole.count - 1, whole.count / 2] {
      var file = whole
      file[place] ^= 1
      try file.write(to: url(step: 1))
      let refusal = try refusal(trainer)
      #expect(refusal.reason == .damaged)
      #expect(refusal.part == "digest of the data")
    }
  }

  @Test("a missing checkpoint is refused")
  func absent() throws {
    let trainer = try TinyTrial.trainer()
    #expect(try refusal(trainer).reason == .unreadable)
  }

  @Test("a checkpoint of another configuration is refused, with both trials named")
  func otherTrial() throws {
    let trainer = try saved()
    let other = TinyTrial.configuration(milestones: [8], tolerance: 99_999)
    let refusal = try refusal(
      trainer, by: CheckpointFile(configuration: other, images: images))
    #expect(refusal.reason == .otherTrial)
    #expect(refusal.found == checkpoints.configuration.id.description)
    #expect(refusal.expected == "\(other.id), or a shorter run of it")
  }

  @Test("a checkpoint of a trial on other images is refused, with both digests named")
  func otherImages() throws {
    let trainer = try saved()
    let other = Digest.of("other images")
    let refusal = try refusal(
      trainer, by: CheckpointFile(configuration: checkpoints.configuration, images: other))
    #expect(refusal.reason == .otherImages)
    #expect(refusal.found == images.hexadecimal)
    #expect(refusal.expected == other.hexadecimal)
  }

  @Test("another version of the format, or none, is refused", arguments: ["1", "3", nil])
  func format(version: String?) throws {
    let trainer = try saved()
    var content = try Safetensors(contentsOf: url(step: 1))
    content.metadata["checkpoint_version"] = version
    try content.encoded().write(to: url(step: 1))
    let refusal = try refusal(trainer)
    #expect(refusal.reason == .format)
    #expect(refusal.found == version ?? "none")
    #expect(refusal.expected == "2")
  }

  @Test(
    "a checkpoint of another network is refused and changes nothing",
    arguments: [
      "encoder.conv2.weight", "second_moment.decoder.conv1.bias", "gates.logit", "step",
      "reports.milestones",
    ])
  func mismatch(name: String) throws {
    let trainer = try saved()
    let whole = try Safetensors(contentsOf: url(step: 1))
    func write(_ tensors: [Safetensors.Tensor]) throws {
      var content = Safetensors(metadata: whole.metadata, tensors: tensors)
      content.metadata["data_sha256"] = content.dataDigest.hexadecimal
      try content.encoded().write(to: url(step: 1))
    }
    let others = whole.tensors.filter { $0.name != name }
    try TinyTrial.train(trainer, steps: 1)

    try write(others)
    let missing = try refusal(trainer)
    #expect(missing.reason == .mismatch)
    #expect(missing.part == "tensor \"\(name)\"")
    try write(others + [Safetensors.Tensor(name: name, shape: [1], elements: [1 as Float])])
    let reshaped = try refusal(trainer)
    #expect(reshaped.reason == .mismatch)
    #expect(reshaped.found == "F32 [1]")
  }
}
