import Autoencoder
import Digests
import Foundation
import Images
import Primitives
import Synchronization
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

/// Whole trials that resume from a checkpoint, compared with the same trial uninterrupted.
///
/// With 42 training images and batches of 4 the epochs end in steps 10 and 20; batches meet the
/// tolerance for the first time in step 7.
@Suite("Resumed trials")
struct ResumeTests {
  private static let configuration: TrialConfiguration = {
    var configuration = TinyTrial.configuration(milestones: [4, 9, 13], tolerance: 183)
    configuration.trainer.learningRate = 0.005
    configuration.trainer.initialGateLogit = 0.1
    return configuration
  }()
  private static let steps: Set = [0, 1, 4, 6, 7, 9, 10, 12, 13]

  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  private func run(
    _ configuration: TrialConfiguration = configuration, in name: String,
    options: TrialRunner.Options = TrialRunner.Options(), shouldStop: () -> Bool = { false }
  ) throws -> TrialResult {
    let runner = try TrialRunner(
      configuration: configuration, images: images, directory: try temporary.folder(name),
      options: options)
    return try runner.run(shouldStop: shouldStop)
  }

  private func checkpoint(_ step: Int, in name: String = "whole") -> URL {
    temporary.url.appending(path: name).appending(path: CheckpointFile.name(step: step))
  }

  /// The bytes of a checkpoint without its list of resumptions.
  private func contents(of url: URL) throws -> Data {
    var content = try Safetensors(contentsOf: url)
    #expect(content.metadata["resumed"] != nil)
    content.metadata["resumed"] = nil
    return content.encoded()
  }

  @Test("a trial resumed at any step writes the bytes of an uninterrupted one")
  func anyStep() throws {
    let whole = try run(in: "whole", options: .init(checkpointSteps: Self.steps))
    #expect(whole.milestones.map(\.firstHitStep) == [nil, 7, 7])
    #expect((0.01..<0.99).contains(whole.provenance.secondPassShare))
    for step in Self.steps.sorted() {
      let name = "from \(step)"
      let later = Self.steps.filter { $0 >= step }
      let resumed = try run(
        in: name, options: .init(checkpointSteps: later, checkpoints: [.init(checkpoint(step))]))
      #expect(resumed.milestones == whole.milestones)
      #expect(resumed.artifacts.map(\.kind) == whole.artifacts.map(\.kind))
      for (found, expected) in zip(resumed.artifacts, whole.artifacts)
      where expected.kind.isDeterministic {
        #expect(found == expected, "\(expected.kind) from step \(step)")
      }
      #expect(resumed.provenance.steps == 13 - step)
      #expect(
        resumed.provenance.resumed == [
          Resumption(
            step: step, host: Host.name, instructionSet: InstructionSet.effective.rawValue)
        ])
      for other in later {
        #expect(
          try contents(of: checkpoint(other, in: name)) == contents(of: checkpoint(other)))
      }
    }
  }

  @Test("so does a trial in bf16, whose parameters are stored as fp32")
  func rounded() throws {
    var configuration = Self.configuration
    configuration.trainer.precision = .bf16
    let whole = try run(configuration, in: "whole", options: .init(checkpointSteps: [6]))
    let plain = try run(in: "plain")
    #expect(whole.milestones.map(\.mse) != plain.milestones.map(\.mse))
    let resumed = try run(
      configuration, in: "resumed", options: .init(checkpoints: [.init(checkpoint(6))]))
    #expect(resumed.content == whole.content)
    #expect(
      whole.provenance.instructionSet == InstructionSet.effective(for: .bf16).rawValue)
    #expect(plain.provenance.instructionSet == InstructionSet.effective.rawValue)
    let content = try Safetensors(contentsOf: checkpoint(6))
    #expect(content["encoder.conv1.weight"]?.elementType == .float32)
  }

  @Test("a checkpoint of the same trial in another precision is refused")
  func otherPrecision() throws {
    _ = try run(in: "whole", options: .init(checkpointSteps: [4]))
    var rounded = Self.configuration
    rounded.trainer.precision = .bf16
    let failure = #expect(throws: TrialFailure.self) {
      try run(rounded, in: "rounded", options: .init(checkpoints: [.init(checkpoint(4))]))
    }
    #expect(failure?.cause == .refused)
    #expect(
      failure?.message
        == "cannot resume: \(checkpoint(4).path): trial: found \(Self.configuration.id), "
        + "expected \(rounded.id), or a shorter run of it")
  }

  @Test("a longer run resumes from a shorter one's end, with the bits of a run from the start")
  func longerRun() throws {
    // The shorter run's last milestone is no multiple of the sampling interval.
    var longer = Self.configuration
    longer.trainer.sampleEvery = 2
    var shorter = longer
    shorter.milestones = [.batches(4), .batches(9)]
    longer.milestones = [.batches(4), .batches(13)]
    #expect(longer.canExtend(shorter))
    let whole = try run(longer, in: "whole")
    _ = try run(shorter, in: "shorter", options: .init(savesAtEnd: true))
    let resumed = try run(
      longer, in: "longer", options: .init(checkpoints: [.init(checkpoint(9, in: "shorter"))]))
    #expect(resumed.content == whole.content)
    #expect(resumed.provenance.steps == 4)
    #expect(resumed.provenance.resumed?.map(\.step) == [9])
  }

  @Test("a run that also records its latents takes no step after the end of one that did not")
  func recordsMore() throws {
    let plain = Self.configuration
    var recorded = plain
    recorded.trainer.latentTraversals = .recorded
    #expect(recorded.canExtend(plain))
    #expect(!plain.canExtend(recorded))
    #expect(!recorded.canExtend(recorded))
    let whole = try run(recorded, in: "whole")
    _ = try run(plain, in: "plain", options: .init(savesAtEnd: true))
    let last = try #require(plain.milestones.last).count
    let resumed = try run(
      recorded, in: "recorded", options: .init(checkpoints: [.init(checkpoint(last, in: "plain"))]))
    #expect(resumed.content == whole.content)
    #expect(resumed.artifacts.contains { $0.kind == .latents })
    #expect(resumed.provenance.steps == 0)
  }

  @Test("a run with a milestone that the shorter one lacks does not resume from it")
  func missingMilestone() throws {
    var shorter = Self.configuration
    shorter.milestones = [.batches(9)]
    _ = try run(shorter, in: "shorter", options: .init(savesAtEnd: true))
    #expect(!Self.configuration.canExtend(shorter))
    let failure = #expect(throws: TrialFailure.self) {
      try run(
        in: "longer", options: .init(checkpoints: [.init(checkpoint(9, in: "shorter"))]))
    }
    #expect(failure?.cause == .refused)
  }

  @Test("a trial resumes without its earlier rows and has the digest of all rows")
  func rowsElsewhere() throws {
    let whole = try run(in: "whole", options: .init(checkpointSteps: [6]))
    let file = temporary.url.appending(path: "whole/trajectory.csv")
    let rows = [UInt8](try Data(contentsOf: file))
    let metadata = try Safetensors(contentsOf: checkpoint(6)).metadata
    let count = try #require(metadata["trajectory_bytes"].flatMap { Int($0) })
    let start = TrajectoryStart.beginning.advanced(by: Array(rows.prefix(count)))
    #expect(metadata["trajectory_sha256"] == start.prefix.digest.hexadecimal)
    let resumed = try run(
      in: "tail", options: .init(checkpoints: [.init(checkpoint(6), trajectory: start)]))
    #expect(resumed.content == whole.content)
    let tail = try Data(contentsOf: temporary.url.appending(path: "tail/trajectory.csv"))
    #expect([UInt8](tail) == Array(rows.dropFirst(count)))
    // Some rows are on the coordinator, some in a local file.
    let some = TrajectoryStart.beginning.advanced(by: Array(rows.prefix(count - 40)))
    let between = temporary.url.appending(path: "between")
    try Data(rows.dropFirst(count - 40)).write(to: between)
    let other = try run(
      in: "both",
      options: .init(checkpoints: [.init(checkpoint(6), trajectory: some, rows: between)]))
    #expect(other.content == whole.content)
  }

  @Test("rows that do not match the checkpoint's digest are refused before the trainer changes")
  func otherRows() throws {
    let whole = try run(in: "whole", options: .init(checkpointSteps: [6]))
    let file = temporary.url.appending(path: "whole/trajectory.csv")
    var rows = try Data(contentsOf: file)
    rows[60] ^= 1
    try rows.write(to: file)
    let other = TrajectoryStart.beginning.advanced(by: Array(rows.prefix(80)))
    for start in [nil, other] {
      let anew = try run(
        in: "anew",
        options: .init(checkpoints: [.init(checkpoint(6), trajectory: start)], startsOver: true))
      #expect(anew.content == whole.content)
      #expect(anew.provenance.resumed == nil)
    }
  }

  @Test("milestones and rows are reported when they are reached")
  func streamed() throws {
    let runner = try TrialRunner(
      configuration: Self.configuration, images: images, directory: try temporary.folder("told"),
      options: .init(checkpointInterval: .seconds(0)))
    let file = temporary.url.appending(path: "told/trajectory.csv.partial")
    var reports: [MilestoneReport] = []
    var prefixes: [TrajectoryPrefix] = []
    let result = try runner.run(
      reported: { index, report in
        #expect(index == reports.count)
        reports.append(report)
      },
      sampled: { prefix in
        prefixes.append(prefix)
        // The reported rows are in the file.
        let rows = (try? Data(contentsOf: file)) ?? Data()
        #expect(Digest.of(rows.prefix(prefix.byteCount)) == prefix.digest)
      },
      checkpointed: { written in
        guard case .success(let written) = written else { return }
        #expect(written.checkpoint.trajectory == prefixes.last)
      })
    #expect(reports == result.milestones)
    #expect(reports.map(\.ending) == [.goesOn, .goesOn, .budget])
    #expect(reports.map(\.tolerance) == [183, 183, 183])
    let whole = result.artifacts.first { $0.kind == .trajectory }
    #expect(prefixes.last?.digest == whole?.digest)
    #expect(prefixes.map(\.byteCount) == prefixes.map(\.byteCount).sorted())
  }

  @Test("the state digest is that of a checkpoint's tensors and differs for every state")
  func stateDigests() throws {
    let whole = try run(in: "whole", options: .init(checkpointSteps: [4, 9, 13]))
    let resumed = try run(in: "resumed", options: .init(checkpoints: [.init(checkpoint(4))]))
    #expect(resumed.milestones.map(\.stateDigest) == whole.milestones.map(\.stateDigest))
    #expect(Set(whole.milestones.map(\.stateDigest)).count == 3)
    for (step, report) in zip([4, 9, 13], whole.milestones) {
      let metadata = try Safetensors(contentsOf: checkpoint(step)).metadata
      #expect(metadata["state_sha256"] == report.stateDigest?.hexadecimal)
    }
  }

  @Test("a stopped trial resumes in its own folder")
  func sameFolder() throws {
    let whole = try run(in: "whole")
    var asked = 0
    let options = TrialRunner.Options(checkpointSteps: [6])
    #expect(throws: TrialFailure.self) {
      try run(in: "stopped", options: options) {
        asked += 1
        return asked > 9
      }
    }
    let resumed = try run(
      in: "stopped", options: .init(checkpoints: [.init(checkpoint(6, in: "stopped"))]))
    #expect(resumed.content == whole.content)
  }

  @Test("checkpoints change nothing about a result")
  func checkpointsChangeNothing() throws {
    let plain = try run(in: "plain")
    let saving = try run(in: "saving", options: .init(checkpointSteps: Self.steps))
    #expect(saving.content == plain.content)
  }

  @Test("the initial checkpoint holds the initial parameters")
  func initial() throws {
    _ = try run(in: "whole", options: .init(checkpointSteps: [0]))
    let content = try Safetensors(contentsOf: checkpoint(0))
    let network = try TinyTrial.trainer().network
    for tensor in network.tensors {
      #expect(
        content[tensor.name]?.elements(as: Float.self) == Array(network.parameters[tensor.range]))
    }
    #expect(content["step"]?.elements(as: Int64.self) == [0])
  }

  @Test("a checkpoint of another trial is refused before anything is written")
  func otherTrial() throws {
    _ = try run(in: "whole", options: .init(checkpointSteps: [4]))
    var other = Self.configuration
    other.seed += 1
    let failure = #expect(throws: TrialFailure.self) {
      try run(other, in: "other", options: .init(checkpoints: [.init(checkpoint(4))]))
    }
    #expect(failure?.cause == .refused)
    #expect(
      failure?.message
        == "cannot resume: \(checkpoint(4).path): trial: found \(Self.configuration.id), "
        + "expected \(other.id), or a shorter run of it")
    #expect(
      try FileManager.default.contentsOfDirectory(
        atPath: temporary.url.appending(path: "other").path
      ).isEmpty)
  }

  @Test("a requested checkpoint after the last step is refused", arguments: [-1, 14])
  func impossibleStep(step: Int) throws {
    let failure = #expect(throws: TrialFailure.self) {
      try run(in: "whole", options: .init(checkpointSteps: [4, step]))
    }
    #expect(failure?.cause == .refused)
    #expect(
      failure?.message == "checkpoint: found step \(step), expected 0 to 13, the trial's last")
  }

  // "Same bits … whether one trial or N run, whatever the number of slots."
  @Test("two trials in parallel give the bits of each alone")
  func atOnce() throws {
    var other = Self.configuration
    other.seed += 1
    let configurations = [Self.configuration, other]
    let alone = try configurations.enumerated().map {
      try run($1, in: "alone \($0)").content
    }
    let folders = try (0..<2).map { try temporary.folder("at once \($0)") }
    let together = Mutex<[TrialID: Result<TrialResult, any Error>]>([:])
    let group = DispatchGroup()
    for (configuration, folder) in zip(configurations, folders) {
      group.enter()
      Thread.detachNewThread { [images] in
        let result = Result {
          try TrialRunner(configuration: configuration, images: images, directory: folder).run()
        }
        together.withLock { $0[configuration.id] = result }
        group.leave()
      }
    }
    group.wait()
    for (configuration, digest) in zip(configurations, alone) {
      let result = try #require(together.withLock { $0[configuration.id] })
      #expect(try result.get().content == digest)
    }
  }
}
