import Foundation
import Testing

/// A coordinator under attack, with a real worker beside; the long form is `benchmarks hostile`.
@Suite("Peers that mean harm", .serialized)
struct HostileTests {
  @Test(
    "malformed, truncated, oversized and replayed frames, and floods, change nothing",
    arguments: [false, true])
  func attacked(isEncrypted: Bool) throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 300))
    let alone = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("alone"), "--local-workers", "1")
    try #require(alone.code == 0, "\(alone.err)")

    var options = ["--keys", bench.path("keys")] + (isEncrypted ? ["--curve"] : [])
    let coordinator = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"] + options,
      on: bench)
    let endpoint = try coordinator.endpoint()
    var member: [String] = []
    if isEncrypted {
      for name in ["good", "mean"] { try admit(name, on: bench) }
      options = ["--curve", "--keys", bench.path("good")]
      member = ["--keys", bench.path("mean")]
    }
    let arguments =
      ["hostile", endpoint, "--frames", "5000", "--connections", "300", "--holding", "1"] + member
    // Once to its end, once beside the worker.
    let first = try Command(Executables.benchmarks, arguments, on: bench)
    #expect(try first.exitCode() == 0, "\(first.standardError)")
    #expect(first.standardOutput.contains("still answers: true"))
    let second = try Command(Executables.benchmarks, arguments, on: bench)
    let worker = try Command(
      Executables.worker, ["--connect", endpoint, "--slots", "1", "--exit-when-idle"] + options,
      on: bench)
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0, "\(worker.standardError)")
    withExtendedLifetime(second) {}
    #expect(try bench.read("out/trials.csv") == bench.read("alone/trials.csv"))
    #expect(!coordinator.standardError.contains("worker left"))
    let log = coordinator.standardError
    #expect(log.contains("refused a connection: it does not speak ZMTP"))
    #expect(log.contains("dropped a message of 127.0.0.1"))
    // However many there are of a kind, people are told once a minute.
    #expect(log.components(separatedBy: "WARNING").count < 60, "\(log)")
  }

  private func admit(_ name: String, on bench: Bench) throws {
    func output(_ executable: URL, _ arguments: String...) throws -> String {
      let command = try Command(executable, arguments, on: bench)
      try #require(try command.exitCode() == 0, "\(command.standardError)")
      return command.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let key = try output(Executables.worker, "key", "--keys", bench.path(name))
    let server = try output(Executables.coordinator, "key", "--keys", bench.path("keys"))
    _ = try output(
      Executables.coordinator, "admit", key, "--name", name, "--keys", bench.path("keys"))
    _ = try output(Executables.worker, "trust", server, "--keys", bench.path(name))
  }
}
