import Foundation
import Testing

/// `coordinator compare` on sweeps of real processes.
@Suite("Comparing two sweeps")
struct CompareTests {
  @Test("two fronts as text, as JSON and in a figure; a folder without a sweep is named")
  func compare() throws {
    let bench = try Bench()
    for (name, momentum) in [("first", 0.1), ("second", 0.2)] {
      let sweep = try bench.file(
        "\(name).yaml",
        """
        sweep: \(name)
        dataset: sprites28
        model: {channels: [4, 4, 8]}
        trainer: {batch_norm_momentum: \(momentum)}
        latents: 3
        axes: {tolerance: [300, 400]}
        budget: 20 batches
        """)
      let run = try bench.run(
        Executables.coordinator, "run", sweep, "--out", bench.path(name), "--local-workers", "1",
        "--yes")
      try #require(run.code == 0, "\(run.err)")
    }
    func compare(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
      let command = try Command(Executables.coordinator, ["compare"] + arguments, on: bench)
      let code = try command.exitCode()
      return (code, command.standardOutput, command.standardError)
    }
    let (first, second) = (bench.path("first"), bench.path("second"))
    let text = try compare(first, second, "--svg", bench.path("both.svg"))
    #expect(text.code == 0, "\(text.err)")
    #expect(text.out.contains("A  first, 2 of 2 trials complete"))
    #expect(text.out.contains("B  n = 3, batch_norm_momentum = 0.2"))
    #expect(text.out.contains("mean over tolerances 300 to 400: A 3, B 3: no difference"))
    #expect(try bench.read("both.svg").contains("A: n = 3, batch_norm_momentum = 0.1"))
    let json = try compare(first, second, "--json")
    let answer = try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any]
    #expect(answer?["version"] as? Int == 2)
    #expect((answer?["pairs"] as? [Any])?.count == 1)
    let missing = try compare(first, bench.path("nowhere"))
    #expect(missing.code == 1)
    #expect(missing.err.contains("nowhere"))
    #expect(missing.out.isEmpty)
    let unwritable = try compare(first, second, "--svg", bench.path("nowhere/both.svg"))
    #expect(unwritable.code == 1)
    #expect(unwritable.err.contains("nowhere"))
  }
}
