import Digests
import Foundation
import Images
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

/// Checkpoints with correct digests and numbers that training cannot produce.
@Suite("Poisoned checkpoints")
struct PoisonedCheckpointTests {
  private static let configuration = TinyTrial.configuration(milestones: [4, 9], tolerance: 183)

  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  /// A change of a checkpoint of step 6.
  enum Poison: String, CaseIterable {
    case notANumber, infinite, huge, negativeMoment, negativeVariance, openGates, multiplier
    case negativeMSE, noMSE, laterStep, beyondTheEnd, negativeStep, lateHit, noReports
    case otherReports

    /// The part named in the refusal.
    var place: String {
      switch self {
      case .notANumber, .infinite, .huge: "decoder.linear1.bias"
      case .negativeMoment: "second_moment.encoder.conv1.weight"
      case .negativeVariance: "encoder.norm1.running_var"
      case .openGates: "gates.logit"
      case .multiplier: "multiplier.raw"
      case .negativeMSE, .noMSE: "mse"
      case .laterStep: "reports"
      case .beyondTheEnd, .negativeStep: "step"
      case .lateHit: "first_hit_step"
      case .noReports, .otherReports: "reports"
      }
    }
  }

  private func poison(_ url: URL, with poison: Poison) throws {
    var content = try Safetensors(contentsOf: url)
    func float(_ value: Float) throws { try change(&content, poison.place, to: value) }
    func double(_ value: Double) throws { try change(&content, poison.place, to: value) }
    func integer(_ name: String, _ value: Int64) {
      content.tensors.removeAll { $0.name == name }
      content.tensors.append(Safetensors.Tensor(name: name, shape: [], elements: [value]))
    }
    func reports(_ reports: [MilestoneReport]) {
      content.tensors.removeAll { $0.name == "reports.milestones" }
      let bytes = Array(CanonicalJSON.data(reports))
      content.tensors.append(
        Safetensors.Tensor(name: "reports.milestones", shape: [bytes.count], elements: bytes))
    }
    switch poison {
    case .notANumber: try float(.nan)
    case .infinite: try float(.infinity)
    case .huge: try float(1e9)
    case .negativeMoment, .negativeVariance: try float(-0.5)
    case .openGates: try double(1e300)
    case .multiplier: try double(-1e9)
    case .negativeMSE: try double(-1)
    case .noMSE: content.tensors.removeAll { $0.name == "mse" }
    case .laterStep: integer("step", 9)
    case .beyondTheEnd: integer("step", 10)
    case .negativeStep: integer("step", .min)
    case .lateHit: integer("first_hit_step", 7)
    case .noReports: reports([])
    case .otherReports:
      let bytes = try #require(content["reports.milestones"]?.elements(as: UInt8.self))
      var others = try CanonicalJSON.decode([MilestoneReport].self, from: Data(bytes))
      others[0].tolerance = 182
      reports(others)
    }
    content.metadata["data_sha256"] = content.dataDigest.hexadecimal
    try content.encoded().write(to: url)
  }

  private func change<Value: Safetensors.Element>(
    _ content: inout Safetensors, _ name: String, to value: Value
  ) throws {
    let index = try #require(content.tensors.firstIndex { $0.name == name }, "\(name)")
    let tensor = content.tensors[index]
    var elements = try #require(tensor.elements(as: Value.self))
    elements[elements.count - 1] = value
    content.tensors[index] = Safetensors.Tensor(
      name: name, shape: tensor.shape, elements: elements)
  }

  @Test("each is refused with the tensor's name before training", arguments: Poison.allCases)
  func refused(poison: Poison) throws {
    let whole = try run(in: "whole", options: .init(checkpointSteps: [6]))
    let url = temporary.url.appending(path: "whole").appending(path: CheckpointFile.name(step: 6))
    try self.poison(url, with: poison)
    let failure = #expect(throws: TrialFailure.self) {
      try run(in: "resumed", options: .init(checkpoints: [.init(url)]))
    }
    #expect(failure?.cause == .refused)
    #expect(failure?.message.contains(poison.place) == true, "\(failure?.message ?? "")")
    #expect(
      try FileManager.default.contentsOfDirectory(
        atPath: temporary.url.appending(path: "resumed").path
      ).isEmpty)
    // A supervised trial starts again, says why, and completes.
    let anew = try run(in: "anew", options: .init(checkpoints: [.init(url)], startsOver: true))
    #expect(anew.content == whole.content)
  }

  @Test("a worker detects most of them before it starts the trial's process")
  func foundByFetch() throws {
    _ = try run(in: "whole", options: .init(checkpointSteps: [6]))
    let url = temporary.url.appending(path: "whole").appending(path: CheckpointFile.name(step: 6))
    let file = CheckpointFile(
      configuration: Self.configuration, images: images.computeDigest())
    try file.verify(url, expectedStep: 6)
    let other = #expect(throws: CheckpointError.self) { try file.verify(url, expectedStep: 7) }
    #expect(other?.reason == .implausible)
    try poison(url, with: .notANumber)
    let error = #expect(throws: CheckpointError.self) { try file.verify(url, expectedStep: 6) }
    #expect(error?.reason == .implausible)
    #expect(error?.finding.hasPrefix("tensor \"decoder.linear1.bias\", element ") == true)
    #expect(error?.finding.contains("found nan") == true)
  }

  @Test("states of real training are within the ranges, even with a high learning rate")
  func honest() throws {
    for rate in [1e-4, 0.05] {
      var configuration = Self.configuration
      configuration.trainer.learningRate = rate
      let name = "rate \(rate)"
      let options = TrialRunner.Options(checkpointSteps: [0, 1, 6, 9])
      let whole = try run(configuration, in: name, options: options)
      for step in [0, 1, 6, 9] {
        let url = temporary.url.appending(path: name)
          .appending(path: CheckpointFile.name(step: step))
        let resumed = try run(
          configuration, in: "\(name) from \(step)", options: .init(checkpoints: [.init(url)]))
        #expect(resumed.content == whole.content)
      }
    }
  }

  @Test("a trial that diverges reports step and state, the same in every attempt")
  func divergence() throws {
    var configuration = Self.configuration
    configuration.trainer.learningRate = 1e30
    let divergences = try (0..<2).map { number in
      let failure = #expect(throws: TrialFailure.self) {
        try run(configuration, in: "diverging \(number)")
      }
      #expect(failure?.cause == .notANumber)
      return try #require(failure?.divergence)
    }
    #expect(divergences[0] == divergences[1])
    #expect((1...9).contains(divergences[0].step))
  }

  private func run(
    _ configuration: TrialConfiguration = configuration, in name: String,
    options: TrialRunner.Options = TrialRunner.Options()
  ) throws -> TrialResult {
    try TrialRunner(
      configuration: configuration, images: images, directory: try temporary.folder(name),
      options: options
    ).run()
  }
}
