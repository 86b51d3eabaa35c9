import Foundation
import Glibc
import Testing
import Trials

/// Real processes on this machine: what a user does, and what befalls them.
@Suite("Sweeps on real processes", .serialized)
struct SweepTests {
  @Test("one command on one machine gives every output, and a second one finds it done")
  func local() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let trials = try bench.complete(sweep, in: "undisturbed")
    // Two baselines with one milestone, two narrowed trials with two.
    #expect(trials.split(separator: "\n").count == 1 + 2 + 4)
    for name in [
      "trials.json", "provenance.csv", "figure1.svg", "figure2.svg", "figure3.csv",
      "figure3.json", "figure3.svg", "table1.csv", "table1.json", "table1.md", "table1.tex",
    ] {
      #expect(!(try bench.read("undisturbed/\(name)").isEmpty), "\(name)")
    }
    #expect(!FileManager.default.fileExists(atPath: bench.path("undisturbed/PARTIAL")))

    #expect(try bench.complete(sweep, in: "undisturbed", workers: 1) == trials)
    let report = try bench.run(Executables.coordinator, "report", bench.path("undisturbed"))
    #expect(report.code == 0)
    #expect(try bench.read("undisturbed/trials.csv") == trials)
  }

  @Test("a narrowed trial's tolerance is its baseline's recorded error to the last bit")
  func toleranceFromBaseline() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let rows = try bench.complete(sweep, in: "undisturbed").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let header = try #require(rows.first)
    func column(_ name: String) throws -> Int { try #require(header.firstIndex(of: name)) }
    let (trial, stage) = (try column("trial"), try column("stage"))
    let (mse, tolerance, source) = (
      try column("mse"), try column("tolerance"), try column("tolerance_from")
    )
    let baselines = rows.filter { $0[stage] == "baseline" }
    let narrowed = rows.filter { $0[stage] == "narrowed" }
    try #require(narrowed.count == 4)
    for row in narrowed {
      let baseline = try #require(baselines.first { row[source].hasPrefix($0[trial]) })
      let expected = try #require(Double(baseline[mse]))
      #expect(Double(row[tolerance])?.bitPattern == expected.bitPattern)
    }
  }

  @Test("a trial run alone gives the same files as in the sweep")
  func alone() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    try bench.complete(sweep, in: "undisturbed")
    let models = try FileManager.default.contentsOfDirectory(
      atPath: bench.path("undisturbed/models"))
    try #require(models.count == 4)
    let plan = try bench.run(Executables.coordinator, "plan", sweep, "--json")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(plan.out.utf8)) as? [String: Any])
    let trials = try #require(json["trials"] as? [[String: Any]])
    let first = try #require(trials.first)
    let id = try #require(first["id"] as? String)
    let configuration = try JSONSerialization.data(
      withJSONObject: try #require(first["configuration"]))
    let file = try bench.file("c.json", String(decoding: configuration, as: UTF8.self))
    let trial = try bench.run(Executables.worker, "trial", file, "--out", bench.path("alone"))
    try #require(trial.code == 0, "\(trial.err)")
    #expect(
      FileManager.default.contentsEqual(
        atPath: bench.path("alone/model.safetensors"),
        andPath: bench.path("undisturbed/models/\(id).safetensors")))
  }

  @Test("a worker killed in mid-trial costs only time, and its trial's process ends too")
  func workerKilled() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 1500))
    let expected = try bench.complete(sweep, in: "undisturbed")
    let coordinator = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    let endpoint = try coordinator.endpoint()
    let victim = try Command(
      Executables.worker, ["--connect", endpoint, "--slots", "1"], on: bench)
    let child = try victim.child()
    victim.send(SIGKILL)
    #expect(try victim.exitCode() == -SIGKILL)
    try wait(for: "the end of the orphaned trial") { kill(child, 0) != 0 }

    let worker = try Command(
      Executables.worker, ["--connect", endpoint, "--slots", "2", "--exit-when-idle"], on: bench)
    #expect(try coordinator.exitCode() == 0, "\(coordinator.standardError)")
    #expect(try worker.exitCode() == 0)
    #expect(try bench.read("out/trials.csv") == expected)
  }

  @Test(
    "a coordinator killed in mid-sweep resumes with the same command; workers continue training")
  func coordinatorKilled() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 1500))
    let expected = try bench.complete(sweep, in: "undisturbed")
    let endpoint = try Bench.freeEndpoint()
    let run = ["run", sweep, "--out", bench.path("out"), "--listen", endpoint]
    let first = try Command(Executables.coordinator, run, on: bench)
    _ = try first.endpoint()
    let worker = try Command(
      Executables.worker, ["--connect", endpoint, "--slots", "2", "--exit-when-idle"], on: bench)
    try wait(for: "two trials' processes") { worker.children.count == 2 }
    let children = worker.children
    first.send(SIGKILL)
    #expect(try first.exitCode() == -SIGKILL)

    let second = try Command(Executables.coordinator, run, on: bench)
    try #require(try second.exitCode() == 0, "\(second.standardError)")
    #expect(try worker.exitCode() == 0)
    // The worker kept its trials through the outage.
    #expect(second.standardError.contains("continues on"))
    #expect(!children.isEmpty)
    #expect(try bench.read("out/trials.csv") == expected)
  }

  @Test("Ctrl-C stops cleanly with exit code 130, and the same command finishes the sweep")
  func interrupted() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 1500))
    let expected = try bench.complete(sweep, in: "undisturbed")
    let arguments = ["run", sweep, "--out", bench.path("out"), "--local-workers", "2"]
    let first = try Command(Executables.coordinator, arguments, on: bench)
    try wait(for: "the first lease") { first.standardError.contains("started on") }
    first.send(SIGINT)
    #expect(try first.exitCode() == 130, "\(first.standardError)")
    #expect(try bench.read("out/PARTIAL").contains("of 4"))
    let second = try Command(Executables.coordinator, arguments, on: bench)
    #expect(try second.exitCode() == 0, "\(second.standardError)")
    #expect(try bench.read("out/trials.csv") == expected)
  }

  @Test("a second Ctrl-C stops the trials of remote workers, too; a single one does not")
  func interruptedTwice() throws {
    for isTwice in [true, false] {
      let bench = try Bench()
      let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 100_000))
      let endpoint = try Bench.freeEndpoint()
      let coordinator = try Command(
        Executables.coordinator, ["run", sweep, "--out", bench.path("out"), "--listen", endpoint],
        on: bench)
      _ = try coordinator.endpoint()
      let worker = try Command(
        Executables.worker, ["--connect", endpoint, "--slots", "2"], on: bench)
      try wait(for: "two trials' processes") { worker.children.count == 2 }
      coordinator.send(SIGINT)
      try wait(for: "the first word") { coordinator.standardError.contains("leaving: ") }
      #expect(coordinator.standardError.contains("Ctrl-C again within 5 s"))
      if isTwice {
        coordinator.send(SIGINT)
        try wait(for: "the end of remote trials") { worker.children.isEmpty }
      }
      #expect(try coordinator.exitCode() == 130, "\(coordinator.standardError)")
      #expect(worker.children.count == (isTwice ? 0 : 2))
      #expect(worker.isRunning)
    }
  }

  @Test("a run whose local workers cannot run ends with an error instead of waiting forever")
  func workersCannotLive() throws {
    let bench = try Bench()
    // The workers' cache cannot be made where a file is.
    _ = try bench.file("cache", "in the way")
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--local-workers", "2")
    #expect(run.code == 1)
    #expect(run.err.contains("all local workers ended by themselves"))
  }

  @Test("a second coordinator on the same folder is refused")
  func twoCoordinators() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep(steps: 1500))
    let arguments = ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"]
    let first = try Command(Executables.coordinator, arguments, on: bench)
    _ = try first.endpoint()
    let second = try Command(Executables.coordinator, arguments, on: bench)
    #expect(try second.exitCode() == 1)
    first.send(SIGTERM)
    #expect(try first.exitCode() == 130)
  }
}
