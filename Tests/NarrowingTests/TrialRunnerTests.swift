import Autoencoder
import Digests
import Files
import Foundation
import Glibc
import Images
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

@Suite("Whole trials")
struct TrialRunnerTests {
  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  private func run(
    _ configuration: TrialConfiguration, in name: String = "trial",
    options: TrialRunner.Options = TrialRunner.Options(),
    progress: (TrialProgress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws -> TrialResult {
    let runner = try TrialRunner(
      configuration: configuration, images: images, directory: try temporary.folder(name),
      options: options)
    return try runner.run(progress: progress, shouldStop: shouldStop)
  }

  private func file(_ kind: ArtifactKind, in name: String = "trial") -> URL {
    temporary.url.appending(path: name).appending(path: kind.rawValue)
  }

  @Test("a trial writes its four files and reports their digests")
  func artifacts() throws {
    let result = try run(TinyTrial.configuration(milestones: [3, 7]))
    #expect(result.artifacts.map(\.kind) == ArtifactKind.allCases.filter(\.isRequired))
    for artifact in result.artifacts {
      let url = file(artifact.kind)
      #expect(try Digest.ofFile(at: url) == artifact.digest)
      #expect(try Data(contentsOf: url).count == artifact.byteCount)
    }
    let names = try FileManager.default.contentsOfDirectory(
      atPath: temporary.url.appending(path: "trial").path)
    #expect(Set(names) == Set(ArtifactKind.allCases.filter(\.isRequired).map(\.rawValue)))
  }

  @Test("milestones report the state at their step")
  func milestones() throws {
    let result = try run(TinyTrial.configuration(milestones: [3, 7]))
    #expect(result.milestones.map(\.step) == [3, 7])
    #expect(result.milestones.map(\.budget) == [.batches(3), .batches(7)])
    for report in result.milestones {
      #expect(report.openProbabilities.count == TinyTrial.latents)
      #expect(report.gatesOpen == report.openProbabilities.count { $0 > 0.5 })
      #expect(report.mse > 0)
      #expect(report.evaluationMSE > 0)
    }
    #expect(result.milestones[1].mse < result.milestones[0].mse)
  }

  // "Milestones: a budget list is one run that reports at each … since nothing in the algorithm
  // depends on the final budget."
  @Test("a longer run contains the shorter one")
  func containment() throws {
    let long = try run(TinyTrial.configuration(milestones: [3, 7]), in: "long")
    let short = try run(TinyTrial.configuration(milestones: [3]), in: "short")
    var first = long.milestones[0]
    #expect(first.ending == .goesOn)
    first.ending = .budget
    #expect(first == short.milestones[0])
  }

  @Test("a non-finite evaluation error is a divergence, not a report")
  func divergingEvaluation() throws {
    let trainer = try TinyTrial.trainer()
    try TinyTrial.train(trainer, steps: 1)
    for index in trainer.network.runningStatistics.indices {
      trainer.network.runningStatistics[index] = .nan
    }
    let failure = #expect(throws: TrialFailure.self) {
      try trainer.milestone(.batches(1), ending: .budget, on: images)
    }
    #expect(failure?.cause == .notANumber)
    #expect(failure?.message.hasPrefix("step 1: the squared error of evaluation is ") == true)
  }

  @Test("epochs are counted in whole batches")
  func epochs() throws {
    var configuration = TinyTrial.configuration(milestones: [])
    configuration.milestones = [.epochs(1)]
    #expect(try run(configuration).milestones.map(\.step) == [42 / TinyTrial.batchSize])
  }

  @Test("the trajectory has a row for each sample and milestone")
  func trajectory() throws {
    let result = try run(TinyTrial.configuration(milestones: [3, 7]))
    let lines = try String(contentsOf: file(.trajectory), encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",") }
    #expect(
      lines[0] == [
        "step", "squared_error", "mse", "constraint_average", "multiplier", "tolerance_hits",
        "gates_open", "expected_open", "kl", "gate_0", "gate_1", "gate_2",
      ])
    #expect(lines.dropFirst().map { $0[0] } == ["2", "3", "4", "6", "7"])
    #expect(lines.allSatisfy { $0.count == 12 })
    let last = try #require(lines.last)
    let report = result.milestones[1]
    #expect(Double(last[2]) == report.mse)
    #expect(Double(last[4]) == report.multiplier)
    #expect(last[9...].map { Double($0) } == report.openProbabilities)
  }

  @Test("the model holds every tensor, the logits and the configuration")
  func model() throws {
    let configuration = TinyTrial.configuration(milestones: [3])
    let result = try run(configuration)
    let model = try Safetensors(contentsOf: file(.model))
    #expect(model.metadata["configuration"] == configuration.canonicalText)
    #expect(model.metadata["trial"] == configuration.id.digits)
    #expect(model.metadata["step"] == "3")
    #expect(model.metadata["training_images"] == "42")
    let network = try TinyTrial.trainer().network
    for tensor in network.tensors + network.statistics {
      #expect(model[tensor.name]?.shape == tensor.shape)
    }
    let logits = try #require(model["gates.logit"]?.elements(as: Double.self))
    #expect(
      logits.map { Sigmoid.value(7 * $0) } == result.milestones[0].openProbabilities)
    let variances = try #require(
      model["encoder.norm1.running_var"]?.elements(as: Float.self))
    #expect(variances.allSatisfy { $0 > 0 && $0 != 1 })
  }

  @Test("the reconstructions file has the originals too")
  func reconstructions() throws {
    _ = try run(TinyTrial.configuration(milestones: [7]))
    let file = try Safetensors(contentsOf: file(.reconstructions))
    #expect(file["originals"]?.shape == [6, 28, 28, 1])
    #expect(file["reconstructions"]?.shape == [6, 28, 28, 1])
    let originals = try #require(file["originals"]?.elements(as: UInt8.self))
    #expect(originals == (42..<48).flatMap { TinyTrial.pixels($0) })
    let reconstructions = try #require(file["reconstructions"]?.elements(as: UInt8.self))
    #expect(Set(reconstructions).count > 1)
  }

  // Evaluation uses running statistics, so it must not depend on how images share a batch.
  @Test("the evaluation error is that of each image alone, averaged")
  func evaluation() throws {
    let trainer = try TinyTrial.trainer(tolerance: 100)
    try TinyTrial.train(trainer, steps: 5)
    let evaluation = Evaluation(
      network: trainer.network, images: images, gates: trainer.state.gates)
    let found = evaluation.squaredError()
    let (originals, reconstructions) = evaluation.reconstructions(count: 10)
    let rounded = zip(originals, reconstructions).reduce(0.0) { sum, pair in
      let difference = (Double(pair.0) - Double(pair.1)) / 255
      return sum + difference * difference
    }
    // Rounding to bytes moves each of the 784 pixels by at most 1/510.
    #expect(abs(found - rounded / 10) < 0.5)
    #expect(evaluation.squaredError() == found)
  }

  @Test("equal configurations give equal results, also with the second pass forced")
  func determinism() throws {
    let configuration = TinyTrial.configuration(milestones: [4, 9], tolerance: 1e5)
    let results = [
      try run(configuration, in: "first"), try run(configuration, in: "second"),
      try run(configuration, in: "forced", options: .init(forceSecondPass: true)),
    ]
    #expect(results[0].content == results[1].content)
    #expect(results[0].content == results[2].content)
    #expect(results[0].provenance.secondPassShare < 1)
    #expect(results[2].provenance.secondPassShare == 1)
    let other = try run(
      TinyTrial.configuration(milestones: [4, 9], tolerance: 1e5, seed: 18), in: "other")
    #expect(other.content != results[0].content)
  }

  @Test("provenance names the result's host, images and versions")
  func provenance() throws {
    let configuration = TinyTrial.configuration(milestones: [3])
    let provenance = try run(configuration).provenance
    #expect(provenance.configuration == configuration)
    #expect(provenance.images == images.computeDigest())
    #expect(provenance.steps == 3)
    #expect(!provenance.host.isEmpty)
    #expect(
      Set(provenance.versions.keys) == ["bottlenecksweep", "swift", "kernel"])
    #expect(provenance.versions.values.allSatisfy { !$0.isEmpty })
    #expect(provenance.started.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
    #expect(provenance.seconds > 0)
    #expect(provenance.processorSeconds > 0)
    #expect(provenance.peakResidentBytes > 1_000_000)
  }

  @Test("progress is reported, at the latest at the end")
  func progress() throws {
    var told: [TrialProgress] = []
    _ = try run(
      TinyTrial.configuration(milestones: [3]), options: .init(progressInterval: 0),
      progress: { told.append($0) })
    #expect(told.map(\.step) == [1, 2, 3])
    #expect(told.allSatisfy { $0.totalSteps == 3 && $0.stepsPerSecond > 0 })
  }

  @Test("a trial that is stopped keeps its partial trajectory and publishes nothing")
  func stopped() throws {
    var asked = 0
    let failure = #expect(throws: TrialFailure.self) {
      try run(
        TinyTrial.configuration(milestones: [50]),
        shouldStop: {
          asked += 1
          return asked > 5
        })
    }
    #expect(failure?.cause == .stopped)
    #expect(failure?.message == "stopped after 5 of 50 steps")
    let partial = file(.trajectory).path + ".partial"
    let lines = try String(contentsOfFile: partial, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 3)
    for kind in ArtifactKind.allCases {
      #expect(!FileManager.default.fileExists(atPath: file(kind).path))
    }
  }

  @Test("a configuration that does not fit its images is refused, with both named")
  func refused() throws {
    var configuration = TinyTrial.configuration(milestones: [3])
    configuration.dataset = .mnist
    let failure = #expect(throws: TrialFailure.self) { try run(configuration) }
    #expect(failure?.cause == .refused)
    #expect(failure?.message.contains("found sprites28 images") == true)
    #expect(failure?.message.contains("expected mnist images") == true)
  }

  @Test("an epoch without a whole batch is refused")
  func tooFewImages() throws {
    var configuration = TinyTrial.configuration(milestones: [3])
    configuration.trainer.batchSize = 64
    let failure = #expect(throws: TrialFailure.self) { try run(configuration) }
    #expect(failure?.cause == .refused)
    #expect(failure?.message.contains("found 42 training images") == true)
  }

  @Test("more steps than the maximum are refused")
  func tooManySteps() throws {
    var configuration = TinyTrial.configuration(milestones: [])
    configuration.milestones = [.epochs(Budget.maximumCount)]
    let failure = #expect(throws: TrialFailure.self) { try run(configuration) }
    #expect(failure?.cause == .refused)
    #expect(failure?.message.contains("which are 10000000000 batches") == true)
  }

  @Test("a parameter that still waits for its parent is refused")
  func unresolved() throws {
    var configuration = TinyTrial.configuration(milestones: [3])
    configuration.tolerance = .measured(
      ParentMeasurement(trial: TrialID(rawValue: 1), output: .mse))
    let failure = #expect(throws: TrialFailure.self) { try run(configuration) }
    #expect(failure?.cause == .refused)
  }

  @Test("a missing folder is a file system error")
  func noFolder() throws {
    let runner = try TrialRunner(
      configuration: TinyTrial.configuration(milestones: [3]), images: images,
      directory: temporary.url.appending(path: "absent"))
    let failure = #expect(throws: TrialFailure.self) { try runner.run() }
    #expect(failure?.cause == .exitCode)
    #expect(failure?.message.contains("trajectory.csv.partial: open failed") == true)
  }

  @Test("a full disk is distinguished from other failures")
  func diskFull() {
    for (code, cause) in [(ENOSPC, FailureCause.diskFull), (EDQUOT, .diskFull), (EIO, .exitCode)] {
      #expect(TrialFailure(FileError("write", "x", code: code)).cause == cause)
    }
  }
}
