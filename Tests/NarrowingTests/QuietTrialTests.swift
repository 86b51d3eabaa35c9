import Digests
import Foundation
import Images
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

/// Whole trials that may end early.
///
/// With 42 training images and batches of 4 an epoch has 10 steps.
@Suite("Trials that end early")
struct QuietTrialTests {
  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  /// A trial whose multiplier is at its maximum from the beginning, so that it cannot reach its
  /// tolerance, or one with a tolerance that every batch meets.
  private static func configuration(
    limit: Int, earlier: [Int] = [], window: Int = 30
  ) -> TrialConfiguration {
    var configuration = TinyTrial.configuration(milestones: earlier + [limit], tolerance: 1)
    configuration.trainer.multiplierMaximum = 0.001
    configuration.trainer.learningRate = 1e-7
    configuration.trainer.sampleEvery = 7
    configuration.quiet = QuietRule(window: window)
    return configuration
  }

  private func run(
    _ configuration: TrialConfiguration, in name: String,
    options: TrialRunner.Options = TrialRunner.Options(),
    reported: (Int, MilestoneReport) -> Void = { _, _ in }
  ) throws -> TrialResult {
    let runner = try TrialRunner(
      configuration: configuration, images: images, directory: try temporary.folder(name),
      options: options)
    return try runner.run(reported: reported)
  }

  private func checkpoint(_ step: Int, in name: String) -> URL {
    temporary.url.appending(path: name).appending(path: CheckpointFile.name(step: step))
  }

  private func trajectory(_ name: String) throws -> Data {
    try Data(contentsOf: temporary.url.appending(path: "\(name)/trajectory.csv"))
  }

  @Test("a tolerance that cannot be reached ends the trial, with the milestones before it")
  func unreachable() throws {
    var told: [Int] = []
    let result = try run(Self.configuration(limit: 500, earlier: [5, 30, 400]), in: "trial") {
      told.append($0)
      #expect($1.ending.isFinal == ($0 == 2))
    }
    #expect(told == [0, 1, 2])
    // Step 30, a window after the start, is a milestone, at which the rule does not end a trial.
    #expect(result.milestones.map(\.step) == [5, 30, 40])
    #expect(result.milestones.map(\.budget) == [5, 30, 500].map { .batches($0) })
    #expect(result.milestones.map(\.ending) == [.goesOn, .goesOn, .unreachable])
    #expect(result.milestones.map(\.sinceStep) == [nil, nil, 0])
    #expect(result.provenance.steps == 40)
    let rows = String(decoding: try trajectory("trial"), as: UTF8.self).split(separator: "\n")
    #expect(rows.last?.hasPrefix("40,") == true)
    let configuration = Self.configuration(limit: 500, earlier: [5, 30, 400])
    #expect(configuration.defect(of: result.milestones, isComplete: true) == nil)
    let bounds = try ResultBounds(configuration, trainingImageCount: 42)
    #expect(bounds.defect(of: result) == nil)
  }

  @Test("unchanged gates with a held tolerance end the trial as quiet")
  func quiet() throws {
    // All images are equal and the learning rate is tiny, so the error changes only by sampling
    // noise.
    let images = try ImageArchive.uniform(in: try temporary.folder("uniform"))
    var configuration = Self.configuration(limit: 300, window: 20)
    configuration.trainer.multiplierMaximum = 5
    func run(_ name: String) throws -> TrialResult {
      try TrialRunner(
        configuration: configuration, images: images, directory: try temporary.folder(name)
      ).run()
    }
    configuration.quiet = nil
    configuration.tolerance = .value(try run("probe").milestones[0].mse * 1.001)
    configuration.quiet = QuietRule(window: 20)
    let end = try #require(try run("trial").milestones.last)
    #expect(end.ending == .quiet)
    #expect(end.gatesOpen == TinyTrial.latents)
    #expect(end.sinceStep == end.firstHitStep)
    #expect(end.step < 100 && end.step.isMultiple(of: 10))
  }

  @Test("without a rule a trial keeps its digests, seeds and names")
  func withoutRule() throws {
    var configuration = Self.configuration(limit: 20)
    configuration.quiet = nil
    let plain = try run(configuration, in: "plain", options: .init(checkpointSteps: [20]))
    let content = try Safetensors(contentsOf: checkpoint(20, in: "plain"))
    #expect(content.tensors.allSatisfy { !$0.name.hasPrefix("quiet.") })
    #expect(!configuration.canonicalText.contains("quiet"))
    let ruled = try run(Self.configuration(limit: 20), in: "ruled")
    #expect(ruled.milestones[0].mse == plain.milestones[0].mse)
    #expect(ruled.milestones[0].stateDigest != plain.milestones[0].stateDigest)
    #expect(Self.configuration(limit: 20).id != configuration.id)
    func seed(_ configuration: TrialConfiguration) -> UInt64 {
      TrialConfiguration.deriveSeed(sweepSeed: 3, replicate: 1, configuration: configuration)
    }
    #expect(seed(Self.configuration(limit: 20)) == seed(configuration))
  }

  @Test("resumed at any step, it ends at the same step with the same bits")
  func resumed() throws {
    let configuration = Self.configuration(limit: 500, earlier: [30])
    let steps: Set = [0, 9, 10, 11, 30, 39, 40]
    let whole = try run(configuration, in: "whole", options: .init(checkpointSteps: steps))
    #expect(whole.milestones.last?.step == 40)
    for step in steps.sorted() {
      let name = "from \(step)"
      let resumed = try run(
        configuration, in: name, options: .init(checkpoints: [.init(checkpoint(step, in: "whole"))])
      )
      #expect(resumed.content == whole.content, "from step \(step)")
      #expect(resumed.provenance.steps == 40 - step)
    }
  }

  @Test("a longer run resumes where the limit ended the shorter one")
  func extendedAtLimit() throws {
    let short = Self.configuration(limit: 25)
    let long = Self.configuration(limit: 500)
    #expect(long.canExtend(short))
    let shorter = try run(short, in: "short", options: .init(checkpointSteps: [25]))
    #expect(shorter.milestones.map(\.ending) == [.budget])
    let whole = try run(long, in: "whole")
    #expect(whole.milestones.map(\.step) == [30])
    let extended = try run(
      long, in: "long", options: .init(checkpoints: [.init(checkpoint(25, in: "short"))]))
    #expect(extended.content == whole.content)
  }

  @Test("a longer run of a quiet one takes no step")
  func extendedQuiet() throws {
    let short = Self.configuration(limit: 100, earlier: [20])
    let long = Self.configuration(limit: 500, earlier: [20, 100])
    #expect(long.canExtend(short))
    _ = try run(short, in: "short", options: .init(checkpointSteps: [30]))
    let whole = try run(long, in: "whole")
    var told: [Int] = []
    let extended = try run(
      long, in: "long", options: .init(checkpoints: [.init(checkpoint(30, in: "short"))])
    ) { index, _ in told.append(index) }
    #expect(extended.content == whole.content)
    #expect(extended.provenance.steps == 0)
    #expect(told == [1])
    #expect(extended.milestones.map(\.budget) == [.batches(20), .batches(500)])
  }

  @Test("a run that also records its latents keeps the end that the rule made at the last step")
  func recordsMore() throws {
    let plain = Self.configuration(limit: 30)
    var recorded = plain
    recorded.trainer.latentTraversals = .recorded
    #expect(recorded.canExtend(plain))
    _ = try run(plain, in: "plain", options: .init(checkpointSteps: [30]))
    let whole = try run(recorded, in: "whole")
    #expect(whole.milestones.map(\.ending) == [.unreachable])
    #expect(whole.milestones.map(\.step) == [30])
    let resumed = try run(
      recorded, in: "recorded", options: .init(checkpoints: [.init(checkpoint(30, in: "plain"))]))
    #expect(resumed.content == whole.content)
    #expect(resumed.provenance.steps == 0)
  }

  @Test("a longer run has the same milestones before, and the same rule")
  func noExtension() {
    let short = Self.configuration(limit: 100, earlier: [20])
    #expect(!Self.configuration(limit: 500).canExtend(short))
    #expect(!Self.configuration(limit: 500, earlier: [20], window: 31).canExtend(short))
    var plain = Self.configuration(limit: 500, earlier: [20])
    plain.quiet = nil
    #expect(!plain.canExtend(short))
    #expect(Self.configuration(limit: 500, earlier: [20]).canExtend(short))
  }

  @Test(
    "a checkpoint with an impossible detector state is refused",
    arguments: [
      "quiet.unsettled_step", "quiet.changes", "quiet.clamped_step", "quiet.history.open_sum",
    ])
  func flawed(name: String) throws {
    let configuration = Self.configuration(limit: 500)
    _ = try run(configuration, in: "whole", options: .init(checkpointSteps: [20]))
    let url = checkpoint(20, in: "whole")
    var content = try Safetensors(contentsOf: url)
    let index = try #require(content.tensors.firstIndex { $0.name == name })
    let tensor = content.tensors[index]
    let elements = try #require(tensor.elements(as: Int64.self))
    content.tensors[index] = Safetensors.Tensor(
      name: name, shape: tensor.shape, elements: elements.map { _ in Int64.max })
    content.metadata["data_sha256"] = content.dataDigest.hexadecimal
    try content.encoded().write(to: url)
    let failure = #expect(throws: TrialFailure.self) {
      try run(configuration, in: "again", options: .init(checkpoints: [.init(url)]))
    }
    #expect(failure?.message.contains(name) == true)
  }
}

extension ImageArchive {
  /// 42 training and 10 evaluation images that are all the same.
  static func uniform(in directory: URL) throws -> ImageArchive {
    let url = directory.appending(path: "images")
    var writer = try ImageArchiveWriter(
      at: url, name: Dataset.sprites28.name, shape: Dataset.sprites28.imageShape,
      encoding: .byte, trainingCount: 42, evaluationCount: 10)
    for part in [ImageSplit.training, .evaluation] {
      for _ in 0..<(part == .training ? 42 : 10) {
        try writer.append(TinyTrial.pixels(3), to: part)
      }
    }
    _ = try writer.finish()
    return try ImageArchive.open(at: url)
  }
}
