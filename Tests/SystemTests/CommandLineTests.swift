import Foundation
import Testing

@Suite("The command line")
struct CommandLineTests {
  @Test(
    "help exists for every command",
    arguments: [
      [], ["run"], ["plan"], ["report"], ["data"], ["data", "list"], ["data", "prepare"],
      ["data", "fetch"], ["data", "show"],
      ["data", "verify"], ["settings"], ["status"], ["explain"], ["logs"], ["cancel"], ["retry"],
      ["drain"],
      ["undrain"], ["resume-stage"], ["check"], ["simulate"],
    ])
  func coordinatorHelp(command: [String]) throws {
    let bench = try Bench()
    let help = try Command(Executables.coordinator, command + ["--help"], on: bench)
    #expect(try help.exitCode() == 0)
    #expect(help.standardOutput.contains("OVERVIEW"))
  }

  @Test("a mistake in a sweep file is told with its place, and nothing runs")
  func mistake() throws {
    let bench = try Bench()
    let sweep = try bench.file(
      "bad.yaml",
      "sweep: bad\nlatnts: 3\n" + "dataset: sprites28\ntolerance: 3\nbudget: 5 batches\n")
    let plan = try bench.run(Executables.coordinator, "plan", sweep)
    #expect(plan.code == 1)
    #expect(plan.err.contains("bad.yaml:2:1"))
    #expect(plan.err.contains("did you mean \"latents\"?"))
    let run = try bench.run(Executables.coordinator, "run", sweep, "--out", bench.path("out"))
    #expect(run.code == 1)
    #expect(!FileManager.default.fileExists(atPath: bench.path("out")))
  }

  @Test("a data set that is not prepared is told with the command that prepares it")
  func unprepared() throws {
    let bench = try Bench()
    let sweep = try bench.file(
      "mnist.yaml", "sweep: m\ndataset: mnist\nlatents: 3\ntolerance: 10\nbudget: 5 batches\n")
    let run = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--data",
      bench.path("data"))
    #expect(run.code == 1)
    #expect(run.err.contains("coordinator data prepare mnist --from PATH"))
  }

  @Test("a wrong flag is a usage error", arguments: ["0", "1025", "many"])
  func usage(slots: String) throws {
    let worker = try Bench().run(
      Executables.worker, "--connect", "tcp://127.0.0.1:1", "--slots", slots)
    #expect(worker.code == 64)
    #expect(worker.err.contains("--slots: found \"\(slots)\", expected auto or 1 to 1024"))
  }

  @Test("so many threads are refused", arguments: ["0", "-1", "100000"])
  func threads(count: String) throws {
    let bench = try Bench()
    let worker = try bench.run(
      Executables.worker, "--connect", "tcp://127.0.0.1:1", "--threads-per-slot=\(count)")
    #expect(worker.code == 64)
    #expect(worker.err.contains("--threads-per-slot: found \(count), expected 1 to "))
    let trial = try bench.run(
      Executables.worker, "trial", "c.json", "--out", bench.path("o"), "--threads=\(count)")
    #expect(trial.code == 64)
    #expect(trial.err.contains("--threads: found \(count), expected 1 to "))
    #expect(!FileManager.default.fileExists(atPath: bench.path("o")))
  }

  @Test("a folder without a sweep has nothing to report")
  func nothingToReport() throws {
    let bench = try Bench()
    let report = try bench.run(Executables.coordinator, "report", bench.path("."))
    #expect(report.code == 1)
    #expect(report.err.contains("sweep.sqlite"))
  }

  @Test("a configuration with a mistake is refused with its place")
  func badConfiguration() throws {
    let bench = try Bench()
    let configuration = try bench.file("c.json", #"{"dataset": "sprites28", "sedd": "1"}"#)
    let trial = try bench.run(Executables.worker, "trial", configuration, "--out", bench.path("o"))
    #expect(trial.code == 1)
    #expect(trial.err.contains("unknown key \"sedd\""))
  }
}
