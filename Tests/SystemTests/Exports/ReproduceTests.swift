import Coordination
import Digests
import Foundation
import Store
import TestSupport
import Testing
import Transfers
import Trials
import Wire

@Suite("Computing a recorded trial again", .serialized)
struct ReproduceTests {
  private static let limit = "BOTTLENECKSWEEP_INSTRUCTION_SET"

  @Test("a recorded trial gives the same bits, at every milestone and at its end")
  func same() throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let row = try #require(try bench.table("out/provenance.csv").last)
    let trial = try #require(row["trial"])
    let run = try bench.run(
      Executables.coordinator, "reproduce", bench.path("out"), trial, "--out", bench.path("again"))
    #expect(run.code == 0, "\(run.err)")
    #expect(run.out.contains("15 batches (step 15): same state "))
    #expect(run.out.contains("30 batches (step 30): same state "))
    #expect(
      run.out.contains(
        "same bits: 2 milestones, the last one the final state; model.safetensors, "
          + "trajectory.csv, reconstructions.safetensors"), "\(run.out)")
    #expect(
      FileManager.default.contentsEqual(
        atPath: bench.path("again/model.safetensors"),
        andPath: bench.path("out/models/\(trial).safetensors")))
  }

  /// What a liar writes into a result, and what is found.
  enum Lie: String {
    case number, state, trajectory, images
  }

  @Test("a folder with somebody's files is refused, and they stay")
  func strangers() throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let trial = try #require(try bench.table("out/provenance.csv").last?["trial"])
    try FileManager.default.createDirectory(
      atPath: bench.path("mine"), withIntermediateDirectories: false)
    _ = try bench.file("mine/configuration.json", "mine")
    let run = try bench.run(
      Executables.coordinator, "reproduce", bench.path("out"), trial, "--out", bench.path("mine"))
    #expect(run.code == 1)
    #expect(try bench.read("mine/configuration.json") == "mine")
    #expect(bench.files(below: "mine").count == 1)
  }

  @Test(
    "a falsified trial is reported with exit code 1, and where it first differs",
    arguments: [Lie.number, .state, .trajectory])
  func falsified(_ lie: Lie) throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let trial = try #require(try bench.table("out/provenance.csv").last?["trial"])
    try falsify(trial, by: lie, on: bench)
    let run = try bench.run(Executables.coordinator, "reproduce", bench.path("false"), trial)
    #expect(run.code == 1, "\(run.out) \(run.err)")
    #expect(run.out.contains("15 batches (step 15): same state "))
    #expect(run.out.contains("instruction set and build are the same"))
    switch lie {
    case .images: break
    case .number:
      #expect(run.out.contains("30 batches (step 30): same state"))
      #expect(run.out.contains("    mse: recorded 0.125, computed "))
      #expect(run.out.contains("first different at 30 batches (step 30)"))
      #expect(run.out.contains("the trajectories are the same to the last byte"))
    case .state:
      #expect(run.out.contains("30 batches (step 30): another state: recorded "))
      #expect(run.out.contains("equal up to 15 batches, first different at 30 batches (step 30)"))
    case .trajectory:
      #expect(run.out.contains("30 batches (step 30): same state"))
      #expect(run.out.contains("other files: trajectory.csv"))
      #expect(run.out.contains("agree up to step 15 and differ at step 20"))
    }
  }

  /// Makes a record like that in `out`, but for one lie about a trial, in `false`.
  private func falsify(_ trial: String, by lie: Lie, on bench: Bench) throws {
    let reader = try SweepReader.open(directory: URL(filePath: bench.path("out")))
    let target = URL(filePath: bench.path("false"))
    let store = try SweepStore.open(
      directory: target, plan: try reader.plan(), sweepText: try reader.sweepText())
    try FileManager.default.copyItem(
      atPath: bench.path("out/blobs"), toPath: bench.path("false/blobs"))
    let blobs = try BlobStore(folder: target.appending(path: "blobs"))
    let liar = WorkerID("liar")
    for (id, received) in try reader.receivedResults() {
      var result = received.result
      if "\(id)" == trial {
        switch lie {
        case .number: result.milestones[1].mse = 0.125
        case .images: result.provenance.images = Digest.of("other images")
        case .state: result.milestones[1].stateDigest = Digest.of("another state")
        case .trajectory:
          let index = try #require(result.artifacts.firstIndex { $0.kind == .trajectory })
          let text = try String(
            contentsOf: blobs.url(for: result.artifacts[index].digest), encoding: .utf8)
          let lines = text.split(separator: "\n").map { line -> String in
            line.hasPrefix("20,") ? "20,9" + line.dropFirst(3) : String(line)
          }
          let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
          result.artifacts[index] = Artifact(
            kind: .trajectory, digest: try blobs.insert(bytes), byteCount: bytes.count)
        }
      }
      try store.append([
        .trialLeased(trial: id, attempt: 1, worker: liar),
        .resultRecorded(trial: id, attempt: 1, worker: liar, result: ReceivedResult(result)),
      ])
    }
    try store.close()
  }

  @Test("on another instruction set it reports the difference as expected")
  func otherInstructionSet() throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let row = try #require(try bench.table("out/provenance.csv").first)
    let trial = try #require(row["trial"])
    guard row["instruction_set"] != "portable" else {
      try Test.cancel("this machine has the portable instruction set alone")
    }
    let command = try Command(
      URL(filePath: "/usr/bin/env"),
      [
        "\(Self.limit)=portable", Executables.coordinator.path, "reproduce", bench.path("out"),
        trial,
      ], on: bench)
    #expect(try command.exitCode() == 0, "\(command.standardError)")
    #expect(command.standardOutput.contains("to be expected: "))
    #expect(command.standardOutput.contains("and portable round differently; at the end within "))
  }

  @Test("other images, and a trial without a result, are errors that say what to do")
  func errors() throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Bench.sweep()), in: "out")
    let trial = try #require(try bench.table("out/provenance.csv").last?["trial"])
    try falsify(trial, by: .images, on: bench)
    let other = try bench.run(Executables.coordinator, "reproduce", bench.path("false"), trial)
    #expect(other.code == 1)
    #expect(other.err.contains("on which the trial was trained"), "\(other.err)")
    #expect(other.err.contains("or name the folder of its archive with --data"))

    let why = try bench.run(
      Executables.coordinator, "discard", bench.path("out"), trial, "--why", "test", "--yes")
    try #require(why.code == 0, "\(why.err)")
    let waiting = try bench.run(Executables.coordinator, "reproduce", bench.path("out"), trial)
    #expect(waiting.code == 1)
    #expect(waiting.err.contains("found a trial that is waiting, expected a complete one"))
  }
}
