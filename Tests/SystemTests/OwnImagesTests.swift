import Foundation
import Testing

@Suite("A user's own images, from an array to a row of trials.csv", .serialized)
struct OwnImagesTests {
  /// An npy array of 200 images of 30×28, each with one bright column.
  private static let array: Data = {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (200, 30, 28), }"
    let padding = String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array((header + padding).utf8))
    for image in 0..<200 {
      for _ in 0..<30 {
        data.append(contentsOf: (0..<28).map { $0 == image % 28 ? 255 : 0 })
      }
    }
    return data
  }()

  @Test("prepared, listed, planned, trained on")
  func sweep() throws {
    let bench = try Bench()
    try Self.array.write(to: URL(filePath: bench.path("cells.npy")))
    let prepared = try bench.run(
      Executables.coordinator, "data", "prepare", "my-cells", "--from", bench.path("cells.npy"),
      "--as", "28x28x1", "--data", bench.path("data"))
    #expect(prepared.code == 0)
    #expect(prepared.out.contains("my-cells      180 training, 20 evaluation images of 28×28×1"))
    let sweep = try bench.file(
      "own.yaml",
      """
      sweep: own
      dataset: my-cells
      latents: 3
      tolerance: 30
      budget: 2 epochs
      trainer: {batch_size: 16}
      """)
    let plan = try bench.run(
      Executables.coordinator, "plan", sweep, "--data", bench.path("data"))
    #expect(plan.code == 0)
    #expect(plan.out.contains("Training images in an epoch: 180 of my-cells."))
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--data",
      bench.path("data"), "--local-workers", "1")
    #expect(run.code == 0, "\(run.err)")
    let csv = try String(contentsOfFile: bench.path("out") + "/trials.csv", encoding: .utf8)
    #expect(csv.contains(",my-cells,"))
  }

  @Test(
    "an impossible request is reported before anything is read",
    arguments: [
      (["my-cells"], "or a name of your own with --as 28x28x1, 64x64x1, 64x64x3"),
      (["mnist", "--as", "28x28x1"], "--as: found with mnist, which has its own shape"),
      (["my-cells", "--as", "32x32x3"], "--as 32x32x3: expected 28x28x1, 64x64x1, 64x64x3"),
      (["My_Cells", "--as", "28x28x1"], "expected 1 to 40 lower-case letters"),
    ])
  func refused(arguments: [String], words: String) throws {
    let bench = try Bench()
    let command = try Command(
      Executables.coordinator,
      ["data", "prepare"] + arguments + ["--data", bench.path("data")], on: bench)
    #expect(try command.exitCode() == 1)
    #expect(command.standardError.contains(words), "\(command.standardError)")
  }
}
