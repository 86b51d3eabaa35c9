import Coordination
import Digests
import Foundation
import Logging
import Store
import TestSupport
import Testing
import Transfers
import Trials
import Wire

@testable import CoordinatorService

@Suite("Checkpoints and logs that workers name")
struct CheckpointBlobsTests {
  private let folder: TemporaryFolder
  private let trial = TrialID(rawValue: 7)

  init() throws { folder = try TemporaryFolder() }

  /// The bytes of a safetensors file without tensors.
  private func file(_ metadata: String) -> [UInt8] {
    let header = Array(#"{"__metadata__":{\#(metadata)}}"#.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
  }

  private func checkpoint(_ bytes: [UInt8]) -> TrialCheckpoint {
    TrialCheckpoint(
      step: 5, digest: Digest.of(bytes), byteCount: bytes.count, instructionSet: "avx2",
      stateDigest: Digest.of("state"), trajectory: .empty)
  }

  @Test("a stored checkpoint of the trial counts; no other blob does")
  func accepted() throws {
    let store = try BlobStore(folder: folder.url)
    let checkpoints = CheckpointBlobs(store)
    let own = file(#""checkpoint_version":"1","trial":"\#(trial)""#)
    #expect(checkpoints.accepted(checkpoint(own), of: trial, running: trial) == nil)
    let artifact = file(#""trial":"\#(trial)""#)
    let other = file(#""checkpoint_version":"1","trial":"\#(TrialID(rawValue: 8))""#)
    let huge = [UInt8](repeating: 0xFF, count: 16)
    for bytes in [own, artifact, other, huge, [], [1, 2, 3]] { try store.insert(bytes) }
    #expect(checkpoints.accepted(checkpoint(own), of: trial, running: trial) == checkpoint(own))
    for bytes in [artifact, other, huge, [], [1, 2, 3]] {
      #expect(checkpoints.accepted(checkpoint(bytes), of: trial, running: trial) == nil)
    }
    var wrongSize = checkpoint(own)
    wrongSize.byteCount += 1
    #expect(checkpoints.accepted(wrongSize, of: trial, running: trial) == nil)
    #expect(checkpoints.accepted(nil, of: trial, running: trial) == nil)
    // A trial whose parents' numbers were filled in runs with a configuration of another identity.
    let child = TrialID(rawValue: 9)
    #expect(checkpoints.accepted(checkpoint(other), of: child, running: child) == nil)
    #expect(checkpoints.accepted(checkpoint(other), of: child, running: nil) == nil)
    #expect(
      checkpoints.accepted(checkpoint(other), of: child, running: TrialID(rawValue: 8))
        == checkpoint(other))
  }

  /// A sweep of one trial that has left these checkpoints, which are stored.
  private func sweep(
    steps: [Int], in store: BlobStore
  ) throws -> (plan: SweepPlan, journal: [JournalRecord], files: [Digest]) {
    let planned = PlannedTrial(
      stage: "main", replicate: 0,
      configuration: TrialConfiguration(
        dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: .value(4)),
        tolerance: .value(3), milestones: [.batches(1000)], seed: 1))
    let checkpoints = try steps.map { step in
      let bytes = Array("step \(step)".utf8)
      return TrialCheckpoint(
        step: step, digest: try store.insert(bytes), byteCount: bytes.count,
        instructionSet: "avx2", stateDigest: Digest.of("state"), trajectory: .empty)
    }
    let plan = SweepPlan(name: "kept", question: "?", outputs: [], trials: [planned])
    let journal: [JournalRecord] =
      [.trialLeased(trial: planned.id, attempt: 1, worker: WorkerID("w"))]
      + checkpoints.map {
        .checkpointRecorded(trial: planned.id, attempt: 1, checkpoint: $0)
      }
    return (plan, journal, checkpoints.map(\.digest))
  }

  @Test("housekeeping keeps the checkpoints that the coordinator would offer")
  func housekeeping() throws {
    let store = try BlobStore(folder: folder.url)
    // The one of the most steps before is the second choice, though another one came since.
    let (plan, journal, files) = try sweep(steps: [100, 50, 150], in: store)
    try BlobHousekeeping.tidy(store, plan, journal)
    #expect(files.map(store.contains) == [true, false, true])
    // A journal that contradicts itself proves of none that it is needless.
    let (_, _, others) = try sweep(steps: [100, 50, 150], in: store)
    try BlobHousekeeping.tidy(store, plan, journal + journal.prefix(1))
    #expect(others.allSatisfy(store.contains))
  }

  @Test("a check verifies the checkpoints from which trials can resume")
  func damagedCheckpoint() throws {
    let blobs = try BlobStore(folder: folder.file("blobs"))
    let (plan, journal, files) = try sweep(steps: [100, 150], in: blobs)
    let store = try SweepStore.open(directory: folder.url, plan: plan, sweepText: "sweep: kept\n")
    try store.append(journal)
    try store.close()
    #expect(try SweepCheck(folder.url).findings.filter { $0.place == "blobs/" }.isEmpty)
    try Data("other".utf8).write(to: blobs.url(for: files[1]))
    let damage = try SweepCheck(folder.url).findings.filter { $0.place == "blobs/" }
    #expect(damage.count == 1)
    #expect(damage.first?.found.hasPrefix("a checkpoint") == true)
    // One that is gone costs time alone.
    try blobs.remove(files[1])
    #expect(try SweepCheck(folder.url).findings.filter { $0.place == "blobs/" }.isEmpty)
  }

  @Test("a worker's log grows to its limit and no further, and a trial's keeps its name")
  func logs() throws {
    let store = try BlobStore(folder: folder.url)
    var logs = LogFolder(
      folder: folder.file("logs"), blobs: store, logger: Logger(label: "test"))
    func text(_ name: String) -> String? {
      try? String(contentsOf: folder.file("logs/\(name)"), encoding: .utf8)
    }
    let worker = WorkerID("host-1")
    logs.append(.init(lines: ["one", "two"]), of: worker)
    logs.append(.init(lines: ["three"], leftOutCount: 4), of: worker)
    #expect(text("host-1.log") == "one\ntwo\n(4 lines left out)\nthree\n")
    let line = String(repeating: "x", count: 4095)
    let many = WorkerMessage.LogLines(lines: [String](repeating: line, count: 256))
    for _ in 0..<8 { logs.append(many, of: worker) }
    #expect(text("host-1.log") == nil)
    #expect(text("host-1.log.1")?.hasPrefix("one\n") == true)
    logs.append(.init(lines: ["later"]), of: worker)
    #expect(text("host-1.log") == "later\n")

    let log = try store.insert(Array("what happened".utf8))
    logs.keep(log, of: trial, attempt: 2)
    logs.keep(Digest.of("missing"), of: trial, attempt: 3)
    #expect(text("\(trial).2.txt") == "what happened")
    #expect(text("\(trial).3.txt") == nil)
  }
}
