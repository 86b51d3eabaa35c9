import Foundation
import Testing

/// Logs of workers and trials in the coordinator's folder.
@Suite("Logs of a sweep", .serialized)
struct LogsTests {
  private let bench: Bench
  private let sweep: String

  init() throws {
    bench = try Bench()
    sweep = try bench.file(
      "one.yaml",
      """
      sweep: one
      question: What was said?
      dataset: sprites28
      model: {channels: [4, 4, 8]}
      trainer: {batch_size: 16, sample_every: 10}
      latents: 3
      tolerance: 20
      budget: 100000 batches
      """)
  }

  private func logs(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
    let command = try Command(
      Executables.coordinator, ["logs", bench.path("out")] + arguments, on: bench)
    return (try command.exitCode(), command.standardOutput, command.standardError)
  }

  @Test("the last log lines of a worker that ends with the sweep arrive")
  func ended() throws {
    let coordinator = try Command(
      Executables.coordinator,
      [
        "run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*",
        "--scale-budget", "0.0005",
      ], on: bench)
    let worker = try Command(
      Executables.worker,
      ["--connect", try coordinator.endpoint(), "--slots", "1", "--exit-when-idle"], on: bench)
    #expect(try coordinator.exitCode() == 0)
    #expect(try worker.exitCode() == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: bench.path("out/logs"))
    let name = try #require(names.first { $0.hasSuffix(".log") })
    let told = try bench.read("out/logs/\(name)").split(separator: "\n")
    // Without their dates.
    let words = told.map { $0.split(separator: " ").dropFirst(2).joined(separator: " ") }
    #expect(words.contains { $0.contains(" finished in ") }, "\(told)")
    #expect(
      words.suffix(2) == ["no more work here: the sweep has ended", "the worker ends"], "\(told)")
  }

  @Test("of a running sweep and a stopped one: the worker's, the trial's, and what is missing")
  func shown() throws {
    let coordinator = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    let endpoint = try coordinator.endpoint()
    #expect(try logs("latents=3").err.contains("was never started"))
    #expect(try logs("latents=3", "--attempt", "1").err.contains("it was never started"))
    let worker = try Command(
      Executables.worker, ["--connect", endpoint, "--slots", "1"], on: bench)
    try wait(for: "the worker's log") {
      (try? logs("latents=3"))?.err.contains("runs on worker") == true
        && (try? logs())?.out.hasPrefix("workers\n") == true
    }
    let name = try #require(try logs().out.split(separator: "\n").dropFirst().first)
      .trimmingCharacters(in: .whitespaces)
    let follower = try Command(
      Executables.coordinator, ["logs", bench.path("out"), name, "--follow", "--tail", "1"],
      on: bench)
    try wait(for: "the start of the trial in the log") {
      (try? logs(String(name.dropLast(3))))?.out.contains("starts, attempt 1") == true
    }
    #expect(try logs("latents=3").code == 1)

    worker.send(SIGTERM)
    #expect(try worker.exitCode() == 0)
    try wait(for: "the worker's last words") {
      (try? logs(name))?.out.hasSuffix(" the worker ends\n") == true
    }
    #expect(try logs(name).out.contains(" stopping: SIGTERM\n"))
    try wait(for: "the trial's log") { (try? logs("latents=3"))?.code == 0 }
    let trial = try logs("latents=3")
    #expect(trial.out.contains("begins with initial parameters"))
    #expect(
      try logs("latents=3", "--attempt", "1", "--tail", "1").out.filter { $0 == "\n" }.count == 1)
    #expect(try logs("latents=3", "--attempt", "7").err.contains("no such attempt; there are 1"))
    let explained = try bench.run(
      Executables.coordinator, "explain", bench.path("out"), "latents=3")
    #expect(explained.out.contains("`coordinator logs "), "\(explained.out)")
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
    // It ends with the run, and has shown the log from its first line.
    #expect(try follower.exitCode() == 0)
    let told = try logs(name).out
    #expect(!follower.standardOutput.isEmpty && told.hasSuffix(follower.standardOutput), "\(told)")
    #expect(try logs("latents=3").out == trial.out)
    let unknown = try logs("nobody")
    #expect(unknown.code == 1)
    #expect(unknown.err.contains("there are \(name)"), "\(unknown.err)")
  }
}
