import Foundation
import Glibc
import Testing

/// The commands that inspect and change a sweep, on real processes.
@Suite("Steering a sweep", .serialized)
struct AdministrationTests {
  private func start(_ bench: Bench, steps: Int = 1500) throws -> Command {
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: steps))
    return try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func status(_ bench: Bench) throws -> [String: Any] {
    let run = try bench.run(Executables.coordinator, "status", bench.path("out"), "--json")
    try #require(run.code == 0, "\(run.err)")
    return try #require(try object(run.out)["status"] as? [String: Any])
  }

  private func trial(_ bench: Bench, stage: String) throws -> String {
    let plan = try bench.run(Executables.coordinator, "plan", bench.path("tiny.yaml"), "--json")
    let trials = try #require(try object(plan.out)["trials"] as? [[String: Any]])
    let first = trials.first { $0["stage"] as? String == stage }
    return try #require(first?["id"] as? String)
  }

  @Test("a waiting trial is explained with no worker connected, and after the coordinator ended")
  func explainsWithoutWorkers() throws {
    let bench = try Bench()
    let coordinator = try start(bench)
    try waitForSocket(bench, coordinator)
    let (baseline, narrowed) = (
      try trial(bench, stage: "baseline"), try trial(bench, stage: "narrowed")
    )
    let live = try bench.run(
      Executables.coordinator, "explain", bench.path("out"), String(baseline.prefix(6)))
    #expect(live.code == 0, "\(live.err)")
    #expect(live.out.contains("no worker can take a trial: `worker --connect tcp://127.0.0.1"))
    let child = try bench.run(Executables.coordinator, "explain", bench.path("out"), narrowed)
    #expect(child.out.contains("it waits for the result of trial"))
    #expect(try status(bench)["is_running"] as? Bool == true)

    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
    #expect(!FileManager.default.fileExists(atPath: bench.path("out/control.sock")))
    let stopped = try bench.run(Executables.coordinator, "explain", bench.path("out"), baseline)
    #expect(stopped.code == 0, "\(stopped.err)")
    #expect(stopped.out.contains("no coordinator runs"))
    #expect(try status(bench)["is_running"] as? Bool == false)
  }

  @Test("limits stay in force after their run, and a run with other ones reports that once")
  func limits() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    /// The output of a run until workers can connect.
    func run(_ overrides: String...) throws -> String {
      let coordinator = try Command(
        Executables.coordinator,
        ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"]
          + overrides.flatMap { ["--set", $0] },
        on: bench)
      try waitForSocket(bench, coordinator)
      coordinator.send(SIGTERM)
      #expect(try coordinator.exitCode() == 130)
      return coordinator.standardError
    }
    func attemptLimit() throws -> Int? {
      let explained = try bench.run(
        Executables.coordinator, "explain", bench.path("out"), "stage=baseline,latents=2",
        "--json")
      let trial = try object(explained.out)["trial"] as? [String: Any]
      return trial?["attempt_limit"] as? Int
    }
    let first = try run("limits.attempts=7", "limits.max_failures=0")
    #expect(!first.contains("limits have changed"), "\(first)")
    #expect(try attemptLimit() == 7)
    let changed = try run()
    #expect(
      changed.contains(
        "the limits have changed: max_failures any number instead of 0, attempts 3 instead of 7"),
      "\(changed)")
    #expect(try attemptLimit() == 3)
    #expect(!(try run()).contains("limits have changed"))
  }

  @Test("a cancelled trial is stopped, and a retry puts it back; also without a coordinator")
  func cancelAndRetry() throws {
    let bench = try Bench()
    let coordinator = try start(bench)
    try waitForSocket(bench, coordinator)
    let baseline = try trial(bench, stage: "baseline")
    let cancelled = try bench.run(
      Executables.coordinator, "cancel", bench.path("out"), baseline, "--reason", "not needed")
    #expect(cancelled.code == 0, "\(cancelled.err)")
    #expect(cancelled.out.contains("\(baseline) is cancelled: not needed"))
    let again = try bench.run(Executables.coordinator, "cancel", bench.path("out"), baseline)
    #expect(again.code == 1)
    #expect(again.err.contains("is stopped"))
    let explained = try bench.run(Executables.coordinator, "explain", bench.path("out"), baseline)
    #expect(explained.out.contains("a person stopped it: not needed"))

    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
    let retried = try bench.run(Executables.coordinator, "retry", bench.path("out"), baseline)
    #expect(retried.code == 0, "\(retried.err)")
    let offline = try bench.run(
      Executables.coordinator, "cancel", bench.path("out"), baseline, "--reason", "offline")
    #expect(offline.code == 0, "\(offline.err)")
    let counts = try #require(try status(bench)["counts"] as? [String: Int])
    #expect(counts["stopped"] ?? 0 >= 1)
    let back = try bench.run(Executables.coordinator, "retry", bench.path("out"), baseline)
    #expect(back.code == 0, "\(back.err)")
    // The sweep completes after cancel and retry.
    try bench.complete(bench.path("tiny.yaml"), in: "out")
  }

  @Test("a socket left by a killed coordinator is replaced")
  func staleSocket() throws {
    let bench = try Bench()
    let first = try start(bench)
    try waitForSocket(bench, first)
    first.send(SIGKILL)
    #expect(try first.exitCode() == -SIGKILL)
    #expect(FileManager.default.fileExists(atPath: bench.path("out/control.sock")))
    #expect(try status(bench)["is_running"] as? Bool == false)
    let second = try start(bench)
    try wait(for: "the second coordinator") {
      (try? status(bench)["is_running"] as? Bool) == true
    }
    second.send(SIGTERM)
    #expect(try second.exitCode() == 130)
  }

  @Test("an edited sweep asks first; --yes agrees")
  func editedSweep() throws {
    let bench = try Bench()
    let first = try start(bench)
    try waitForSocket(bench, first)
    first.send(SIGTERM)
    #expect(try first.exitCode() == 130)
    let text = Bench.sweep(steps: 1500).replacing("[2, 3]", with: "[3, 4]")
    let edited = try bench.file("tiny.yaml", text)
    let refused = try bench.run(
      Executables.coordinator, "run", edited, "--out", bench.path("out"), "--listen",
      "tcp://127.0.0.1:*")
    #expect(refused.code == 1)
    #expect(refused.err.contains("2 trials are kept"), "\(refused.err)")
    #expect(refused.err.contains("--yes agrees"))
    let agreed = try Command(
      Executables.coordinator,
      [
        "run", edited, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*", "--yes",
      ], on: bench)
    try waitForSocket(bench, agreed)
    #expect(agreed.standardError.contains("2 trials kept, 2 new, 2 no longer planned"))
    agreed.send(SIGTERM)
    #expect(try agreed.exitCode() == 130)
  }

  @Test("requests that cannot be fulfilled are answered with the reason")
  func mistakes() throws {
    let bench = try Bench()
    let coordinator = try start(bench)
    try waitForSocket(bench, coordinator)
    for (arguments, words) in [
      (["explain", bench.path("out"), "zz"], "first hexadecimal digits"),
      (["explain", bench.path("out"), "stage=baseline"], "trials are meant"),
      (["explain", bench.path("out"), "latents=99"], "no such trial"),
      (["retry", bench.path("out"), "--failed"], "no trial has failed"),
      (["drain", bench.path("out"), "elsewhere"], "no worker is there"),
      (["undrain", bench.path("out"), "elsewhere"], "is not drained"),
      (["resume-stage", bench.path("out"), "baseline"], "is not paused"),
      (["status", bench.path("nothing")], "no such store"),
    ] {
      let command = try Command(Executables.coordinator, arguments, on: bench)
      #expect(try command.exitCode() == 1, "\(arguments)")
      #expect(command.standardError.contains(words), "\(command.standardError)")
    }
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
  }

  private func waitForSocket(_ bench: Bench, _ coordinator: Command) throws {
    try wait(for: "the control socket") {
      coordinator.standardError.contains("workers connect to")
        && FileManager.default.fileExists(atPath: bench.path("out/control.sock"))
        || !coordinator.isRunning
    }
    try #require(coordinator.isRunning, "\(coordinator.standardError)")
  }
}
