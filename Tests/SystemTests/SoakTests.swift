import Foundation
import Testing

/// Processes that are killed or stopped at random moments; the long forms are `benchmarks soak` and
/// `benchmarks detection`.
@Suite("Processes that go", .serialized)
struct SoakTests {
  private func benchmark(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
    let bench = try Bench()
    let command = try Command(Executables.benchmarks, arguments, on: bench)
    return (
      try command.exitCode(withinSeconds: 400), command.standardOutput, command.standardError
    )
  }

  @Test("kills of workers and coordinator lose nothing and little is computed twice")
  func soak() throws {
    let run = try benchmark(
      "soak", "--dataset", "sprites28", "--data", Bench.data.path, "--worker-kills", "2",
      "--coordinator-kills", "1", "--interval", "1.5", "--steps", "400", "--json")
    #expect(run.code == 0, "\(run.out)\(run.err)")
    let object = try JSONSerialization.jsonObject(with: Data(run.out.utf8))
    let outcome = try #require(object as? [String: Any])
    #expect(outcome["is_same"] as? Bool == true)
    #expect(outcome["worker_kills"] as? Int == 2)
    // Of a trial that was interrupted, something is always computed twice.
    #expect(try #require(outcome["recomputed_steps"] as? Int) > 0)
    #expect(try #require(outcome["interrupted_trials"] as? Int) > 0)
  }

  @Test(
    "a killed worker's trial is leased again in seconds; a stopped one goes on as if it were not")
  func detection() throws {
    let run = try benchmark("detection", "killed", "continued", "--rounds", "1", "--stop", "3")
    // How soon depends on what else the machine does; five seconds are the quiet machine's.
    #expect(run.out.contains("killed"), "\(run.out)\(run.err)")
    #expect(run.out.contains(" same "), "\(run.out)\(run.err)")
  }
}
