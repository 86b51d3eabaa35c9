import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite("Exports", .serialized)
struct ExportTests {
  /// A trial whose gates have little to lose, so that some of them close within a few steps.
  static let sweep = """
    sweep: closing
    question: What is left when gates close?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 3, initial_gate_logit: 0.01,
      learning_rate: 0.02}
    axes: {latents: [6]}
    stages:
      narrowed:
        tolerance: 400
        budget: [40 batches, 80 batches]
    outputs: [figure1]
    """

  private func name(of bench: Bench, in folder: String) throws -> String {
    let row = try #require(try bench.table("\(folder)/trials.csv").first)
    return try #require(row["trial"])
  }

  @Test(
    "a narrowed trial goes to PyTorch in one command, and gives the images that it recorded",
    .enabled(if: PyTorch.interpreter != nil, PyTorch.need))
  func pytorch() throws {
    let bench = try Bench()
    try bench.complete(try bench.file("s.yaml", Self.sweep), in: "out", workers: 1)
    let trial = try name(of: bench, in: "out")
    let row = try #require(try bench.table("out/trials.csv").last)
    let open = try #require(row["gates_open"].flatMap(Int.init))
    try #require(open < 6)

    let export = try bench.run(
      Executables.coordinator, "export", bench.path("out"), trial, "--to", "pytorch")
    try #require(export.code == 0, "\(export.err)")
    #expect(export.out.contains("\(open) of 6 dimensions are open"))
    let folder = bench.path("out/exports/\(trial)-pytorch")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["model.py", "model.safetensors"])

    let recorded = try #require(
      bench.files(below: "out/blobs").lazy
        .compactMap { try? Safetensors(contentsOf: $0) }.first { $0["originals"] != nil })
    let originals = try #require(recorded["originals"]?.elements(as: UInt8.self))
    let expected = try #require(recorded["reconstructions"]?.elements(as: UInt8.self))
    try originals.map { Float($0) / 255 }.withUnsafeBytes {
      try Data($0).write(to: URL(filePath: bench.path("in")))
    }
    let run = try PyTorch.run(
      script: PyTorch.reconstruct, folder, "3,1,28,28", bench.path("in"), bench.path("found"))
    try #require(run.code == 0, "\(run.errors)")
    let found = try Data(contentsOf: URL(filePath: bench.path("found")))
      .withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    try #require(found.count == 3 * 28 * 28 + 2 * 3 * open)
    // The record has the nearest byte.
    #expect(zip(found, expected).allSatisfy { abs(255 * $0 - Float($1)) <= 0.5 + 255e-5 })

    // Again, and into a folder with something else.
    let again = try bench.run(
      Executables.coordinator, "export", bench.path("out"), trial, "--to", "pytorch")
    #expect(again.code == 0, "\(again.err)")
    _ = try bench.file("out/exports/\(trial)-pytorch/thesis.txt", "mine")
    let refused = try bench.run(
      Executables.coordinator, "export", bench.path("out"), trial, "--to", "pytorch")
    #expect(refused.code == 1)
    #expect(refused.err.contains("found \"thesis.txt\", expected a new or an empty folder"))
    #expect(try bench.read("out/exports/\(trial)-pytorch/thesis.txt") == "mine")
  }

  @Test("missing things are named: the trial, its end, its file")
  func missing() throws {
    let bench = try Bench()
    let sweep = try bench.file("s.yaml", Self.sweep)
    try bench.complete(sweep, in: "out", workers: 1)
    let trial = try name(of: bench, in: "out")
    func export(_ arguments: String...) throws -> String {
      let command = try Command(
        Executables.coordinator, ["export", bench.path("out")] + arguments, on: bench)
      #expect(try command.exitCode() == (arguments.contains("onnx") ? 64 : 1))
      return command.standardError
    }
    #expect(try export("--to", "pytorch").contains("found no trial, expected one"))
    #expect(try export("tffff", "--to", "pytorch").contains("no such trial in this sweep"))
    #expect(try export(trial, "--to", "onnx").contains("onnx"))

    let model = bench.files(below: "out/blobs").filter {
      (try? Safetensors(contentsOf: $0))?["gates.logit"] != nil
    }
    try #require(!model.isEmpty)
    for file in model { try FileManager.default.removeItem(at: file) }
    let words = try export(trial, "--to", "pytorch")
    #expect(words.contains("trial \(trial): model.safetensors cannot be had"))
    #expect(words.contains("expected the file that the record names"))

    let why = try bench.run(
      Executables.coordinator, "discard", bench.path("out"), trial, "--why", "test", "--yes")
    try #require(why.code == 0, "\(why.err)")
    let waiting = try export(trial, "--to", "pytorch")
    #expect(waiting.contains("found a trial that is waiting, expected a complete one"))
    #expect(!bench.exists("out/exports"))
  }
}
