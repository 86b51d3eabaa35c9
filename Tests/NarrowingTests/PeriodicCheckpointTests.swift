import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

@testable import Narrowing

/// Trials that write periodic checkpoints, are stopped, and resume from them.
@Suite("Checkpoints of a running trial")
struct PeriodicCheckpointTests {
  private static let configuration = TinyTrial.configuration(milestones: [4, 12])

  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  private func url(_ written: WrittenCheckpoint, in name: String) -> URL {
    temporary.url.appending(path: name).appending(path: written.file)
  }

  /// A runner that checkpoints after every step.
  private func runner(
    in name: String, checkpoints: [URL] = [], startsOver: Bool = false
  ) throws -> TrialRunner {
    try TrialRunner(
      configuration: Self.configuration, images: images, directory: try temporary.folder(name),
      options: .init(
        checkpointInterval: .seconds(0), savesWhenStopped: true,
        checkpoints: checkpoints.map { .init($0) },
        startsOver: startsOver))
  }

  /// Runs a trial that is stopped after `step`, and returns the checkpoints that it reported.
  private func stopped(after step: Int, in name: String) throws -> [WrittenCheckpoint] {
    var announced: [WrittenCheckpoint] = []
    var asked = 0
    let failure = #expect(throws: TrialFailure.self) {
      try runner(in: name).run(
        checkpointed: { if case .success(let written) = $0 { announced.append(written) } },
        shouldStop: {
          asked += 1
          return asked > step
        })
    }
    #expect(failure?.cause == .stopped)
    return announced
  }

  @Test("each is reported with its digest, and the two newest are kept")
  func announced() throws {
    let announced = try stopped(after: 6, in: "trial")
    #expect(announced.map(\.checkpoint.step) == [1, 2, 3, 4, 5, 6])
    let names = try FileManager.default.contentsOfDirectory(
      atPath: temporary.url.appending(path: "trial").path)
    #expect(
      names.filter { $0.hasPrefix("checkpoint") }.sorted()
        == announced.suffix(2).map(\.file).sorted())
    let newest = try #require(announced.last)
    let data = try Data(contentsOf: url(newest, in: "trial"))
    #expect(Digest.of(Array(data)) == newest.checkpoint.digest)
    #expect(data.count == newest.checkpoint.byteCount)
  }

  @Test("a stopped trial that resumes elsewhere has the result of an uninterrupted one")
  func migrated() throws {
    let whole = try TrialRunner(
      configuration: Self.configuration, images: images,
      directory: try temporary.folder("whole")
    ).run()
    let newest = try #require(try stopped(after: 5, in: "first").last)
    let second = try runner(in: "second", checkpoints: [url(newest, in: "first")])
    #expect(second.firstStep == 5)
    let result = try second.run()
    #expect(result.content == whole.content)
    #expect(result.provenance.steps == 7)
    #expect(result.provenance.resumed?.map(\.step) == [5])
  }

  @Test("a truncated checkpoint is refused with a reason, and the one before it is used")
  func torn() throws {
    let announced = try stopped(after: 6, in: "first")
    let urls = announced.suffix(2).reversed().map { url($0, in: "first") }
    let data = try Data(contentsOf: urls[0])
    try data.prefix(data.count - 100).write(to: urls[0])
    let runner = try runner(in: "second", checkpoints: urls)
    #expect(runner.firstStep == 5)
    #expect(runner.refusals.count == 1)
    #expect(runner.refusals[0].hasPrefix(urls[0].path))
    _ = try runner.run()
  }

  @Test("without a valid checkpoint a trial fails, or starts again if allowed")
  func none() throws {
    let file = temporary.url.appending(path: "foreign")
    try Data("nothing of ours".utf8).write(to: file)
    #expect(throws: TrialFailure.self) { try runner(in: "fails", checkpoints: [file, file]) }
    let anew = try runner(in: "begins", checkpoints: [file, file], startsOver: true)
    #expect(anew.firstStep == 0)
    #expect(anew.refusals.count == 2)
    #expect(try anew.run().provenance.resumed == nil)
  }

  @Test("a checkpoint of another precision, network or seed is another trial's")
  func otherConfiguration() throws {
    let newest = try #require(try stopped(after: 3, in: "first").last)
    var other = Self.configuration
    other.trainer.learningRate *= 2
    let file = CheckpointFile(configuration: other, images: images.computeDigest())
    #expect(throws: CheckpointError.self) {
      try file.verify(url(newest, in: "first"), expectedStep: newest.checkpoint.step)
    }
    let own = CheckpointFile(configuration: Self.configuration, images: images.computeDigest())
    try own.verify(url(newest, in: "first"), expectedStep: newest.checkpoint.step)
  }

  @Test("an adaptive interval follows the cost of a checkpoint within its bounds")
  func interval() {
    let start = ContinuousClock.now
    func interval(cost: Duration) -> Duration {
      var schedule = CheckpointSchedule(.adaptive, at: start)
      schedule.noteWriting(from: start, to: start + cost)
      var waited = Duration.zero
      while !schedule.isDue(at: start + cost + waited) { waited += .seconds(1) }
      return waited
    }
    #expect(interval(cost: .milliseconds(1)) == .seconds(10))
    #expect(interval(cost: .milliseconds(500)) == .seconds(50))
    #expect(interval(cost: .seconds(60)) == .seconds(300))
  }
}
