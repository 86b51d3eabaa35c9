import Digests
import Foundation
import Images
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

/// Whole trials that visit several tolerances.
///
/// With 42 training images and batches of 4 an epoch has 10 steps.
@Suite("Traced trials")
struct TracedTrialTests {
  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  /// A trial of rungs of at most `budget` steps, with a row of the trajectory for every step.
  private static func configuration(
    _ tolerances: [Double] = [150, 183, 250], budget: Int = 12
  ) throws -> TrialConfiguration {
    let ladder = try #require(ToleranceLadder(tolerances))
    var configuration = TinyTrial.configuration(
      milestones: (1...ladder.count).map { $0 * budget }, tolerance: ladder.first)
    configuration.trainer.sampleEvery = 1
    configuration.trace = ladder
    return configuration
  }

  @discardableResult
  private func run(
    _ configuration: TrialConfiguration, in name: String, on images: ImageArchive? = nil,
    options: TrialRunner.Options = TrialRunner.Options(),
    reported: (Int, MilestoneReport) -> Void = { _, _ in }
  ) throws -> TrialResult {
    let runner = try TrialRunner(
      configuration: configuration, images: images ?? self.images,
      directory: try temporary.folder(name), options: options)
    return try runner.run(reported: reported)
  }

  private func checkpoint(_ step: Int, in name: String) -> URL {
    temporary.url.appending(path: name).appending(path: CheckpointFile.name(step: step))
  }

  /// The rows of a trajectory by their columns.
  private func rows(_ name: String) throws -> [[Substring]] {
    try String(contentsOf: temporary.url.appending(path: "\(name)/trajectory.csv"), encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",") }
  }

  @Test("every rung reports with its tolerance, and only the last ends the trial")
  func rungs() throws {
    let configuration = try Self.configuration()
    var told: [Int] = []
    let result = try run(configuration, in: "trial") { index, _ in told.append(index) }
    #expect(told == [0, 1, 2])
    #expect(result.milestones.map(\.step) == [12, 24, 36])
    #expect(result.milestones.map(\.tolerance) == [150, 183, 250])
    #expect(result.milestones.map(\.ending.word) == ["budget", "budget", "budget"])
    #expect(result.milestones.map(\.ending.isFinal) == [false, false, true])
    #expect(result.provenance.steps == 36)
    #expect(configuration.defect(of: result.milestones, isComplete: true) == nil)
    let bounds = try ResultBounds(configuration, trainingImageCount: 42)
    #expect(bounds.defect(of: result) == nil)
  }

  @Test("τ rises with the step after a rung's end, and C_ma keeps its memory")
  func constraint() throws {
    let configuration = try Self.configuration()
    try run(configuration, in: "trial")
    let rows = try rows("trial")
    let error = try #require(rows[0].firstIndex(of: "squared_error"))
    let average = try #require(rows[0].firstIndex(of: "constraint_average"))
    var expected: Double?
    for (step, row) in rows.dropFirst().enumerated().map({ ($0 + 1, $1) }) {
      let tolerance = [150.0, 183, 250][(step - 1) / 12]
      let constraint = try #require(Double(row[error])) - tolerance
      let smoothing = configuration.trainer.constraintSmoothing
      expected = expected.map { smoothing * $0 + (1 - smoothing) * constraint } ?? constraint
      #expect(Double(row[average]) == expected, "step \(step)")
    }
    #expect(rows.count == 37)
  }

  @Test("the first rung is the trial with its tolerance alone, to the bit")
  func firstRung() throws {
    let traced = try run(Self.configuration(), in: "traced")
    var plain = try Self.configuration()
    plain.trace = nil
    plain.milestones = [.batches(12)]
    let alone = try run(plain, in: "alone", options: .init(checkpointSteps: [12]))
    #expect(try Array(rows("traced").prefix(13)) == rows("alone"))
    let (first, only) = (traced.milestones[0], alone.milestones[0])
    #expect(first.mse == only.mse && first.evaluationMSE == only.evaluationMSE)
    #expect(first.openProbabilities == only.openProbabilities)
    // The rung is part of the state, of traced trials only.
    #expect(first.stateDigest != only.stateDigest)
    let content = try Safetensors(contentsOf: checkpoint(12, in: "alone"))
    #expect(content.tensors.allSatisfy { !$0.name.hasPrefix("rung.") })
  }

  @Test("resumed at any step, it writes the same bits")
  func resumed() throws {
    let configuration = try Self.configuration()
    let steps: Set = [0, 1, 11, 12, 13, 23, 24, 25, 35, 36]
    let whole = try run(configuration, in: "whole", options: .init(checkpointSteps: steps))
    for step in steps.sorted() {
      let resumed = try run(
        configuration, in: "from \(step)",
        options: .init(checkpoints: [.init(checkpoint(step, in: "whole"))]))
      #expect(resumed.content == whole.content, "from step \(step)")
      #expect(resumed.provenance.steps == 36 - step)
    }
  }

  @Test("two threads compute the same bits")
  func threads() throws {
    let one = try run(Self.configuration(), in: "one")
    let two = try run(Self.configuration(), in: "two", options: .init(threads: 2))
    #expect(one.content == two.content)
  }

  /// A trial on equal images with a tiny learning rate, so that gates and error stand still: the
  /// first two tolerances are held, the third is far above the error.
  private func restingTrial() throws -> (configuration: TrialConfiguration, images: ImageArchive) {
    let images = try ImageArchive.uniform(in: try temporary.folder("uniform"))
    func change(_ configuration: inout TrialConfiguration) {
      configuration.trainer.learningRate = 1e-7
      configuration.trainer.constraintSmoothing = 0.4
      configuration.trainer.adamBeta2 = 0.5
    }
    var probe = TinyTrial.configuration(milestones: [20], tolerance: 1)
    change(&probe)
    let mse = try run(probe, in: "probe", on: images).milestones[0].mse
    var configuration = try Self.configuration([mse * 1.001, mse * 1.01, mse * 2], budget: 100)
    change(&configuration)
    configuration.quiet = QuietRule(window: 20)
    return (configuration, images)
  }

  @Test("a rung at rest gives way to the next, whose windows begin anew after a dwell")
  func quiet() throws {
    let (configuration, images) = try restingTrial()
    #expect(configuration.trainer.dwell == 7)
    let steps: Set = [10, 29, 30, 31, 59, 60, 61, 100, 159]
    let whole = try run(
      configuration, in: "whole", on: images, options: .init(checkpointSteps: steps))
    // The first hit is in the first steps, so that a window of 20 ends at the end of epoch 3. The
    // second rung's window begins after its step 7 and ends at its step 30.
    #expect(whole.milestones.map(\.step) == [30, 60, 160])
    #expect(whole.milestones.map(\.ending.word) == ["quiet", "quiet", "budget"])
    #expect(whole.milestones[1].sinceStep == 37)
    #expect(try #require(whole.milestones[0].sinceStep) <= 10)
    let bounds = try ResultBounds(configuration, trainingImageCount: images.trainingCount)
    #expect(bounds.defect(of: whole) == nil)
    #expect(configuration.defect(of: whole.milestones, isComplete: true) == nil)
    for step in steps.sorted() {
      let resumed = try run(
        configuration, in: "from \(step)", on: images,
        options: .init(checkpoints: [.init(checkpoint(step, in: "whole"))]))
      #expect(resumed.content == whole.content, "from step \(step)")
    }
  }

  /// A change of a checkpoint of step 14, in the second rung.
  enum Poison: String, CaseIterable {
    case index, indexBeyond, beginning, beginningBeyond, noIndex, noReport, otherStep,
      otherTolerance
    case laterReport
  }

  @Test("a checkpoint whose rung its reports contradict is refused", arguments: Poison.allCases)
  func poisoned(poison: Poison) throws {
    let configuration = try Self.configuration()
    try run(configuration, in: "whole", options: .init(checkpointSteps: [14]))
    let url = checkpoint(14, in: "whole")
    var content = try Safetensors(contentsOf: url)
    func integer(_ name: String, _ value: Int64?) {
      content.tensors.removeAll { $0.name == name }
      guard let value else { return }
      content.tensors.append(Safetensors.Tensor(name: name, shape: [], elements: [value]))
    }
    func reports(_ change: (inout [MilestoneReport]) -> Void) throws {
      let bytes = try #require(content["reports.milestones"]?.elements(as: UInt8.self))
      var reports = try CanonicalJSON.decode([MilestoneReport].self, from: Data(bytes))
      change(&reports)
      let changed = Array(CanonicalJSON.data(reports))
      content.tensors.removeAll { $0.name == "reports.milestones" }
      content.tensors.append(
        Safetensors.Tensor(name: "reports.milestones", shape: [changed.count], elements: changed))
    }
    switch poison {
    case .index: integer("rung.index", 2)
    case .indexBeyond: integer("rung.index", 3)
    case .beginning: integer("rung.beginning", 11)
    case .beginningBeyond: integer("rung.beginning", 15)
    case .noIndex: integer("rung.index", nil)
    case .noReport: try reports { $0 = [] }
    case .otherStep: try reports { $0[0].step = 11 }
    case .otherTolerance: try reports { $0[0].tolerance = 151 }
    case .laterReport:
      try reports {
        var second = $0[0]
        second.budget = .batches(24)
        second.tolerance = 183
        second.step = 24
        $0.append(second)
      }
    }
    content.metadata["data_sha256"] = content.dataDigest.hexadecimal
    try content.encoded().write(to: url)
    let failure = #expect(throws: TrialFailure.self) {
      try run(configuration, in: "resumed", options: .init(checkpoints: [.init(url)]))
    }
    #expect(failure?.cause == .refused)
    let words = failure?.message ?? ""
    #expect(words.contains("rung") || words.contains("reports"), "\(words)")
  }
}
