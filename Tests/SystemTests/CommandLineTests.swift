import Foundation
import Testing

@Suite("The command line")
struct CommandLineTests {
  /// The output of `--experimental-dump-help` about a command.
  private struct Help: Decodable {
    struct Entry: Decodable {
      var commandName: String
      var subcommands: [Entry]?

      /// The full names of this command and its subcommands.
      func paths(below path: [String] = []) -> [[String]] {
        [path]
          + (subcommands ?? []).filter { $0.commandName != "help" }
          .flatMap { $0.paths(below: path + [$0.commandName]) }
      }
    }

    var command: Entry
  }

  @Test(
    "the help of every command says what its exit codes mean",
    arguments: [Executables.coordinator, Executables.worker])
  func help(program: URL) throws {
    let bench = try Bench()
    let dump = try bench.run(program, "--experimental-dump-help").out
    let commands = try JSONDecoder().decode(Help.self, from: Data(dump.utf8)).command.paths()
    #expect(commands.count > 6)
    for command in commands {
      let help = try Command(program, command + ["--help"], on: bench)
      #expect(try help.exitCode() == 0)
      let text = help.standardOutput.split { " \n".contains($0) }.joined(separator: " ")
      #expect(text.contains("OVERVIEW"), "\(command)")
      #expect(text.contains("Exit codes: 0 "), "\(command)")
      #expect(text.contains("; 1 ") && text.contains("; 64 a wrong command line"), "\(command)")
      let isRun = command.isEmpty ? program == Executables.coordinator : command == ["run"]
      #expect(text.contains("130 stopped by a person") == isRun, "\(command)")
    }
  }

  @Test("a mistake in a sweep file is reported with its place, and nothing runs")
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

  @Test("a data set that is not prepared is reported with the command that prepares it")
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

  @Test("an impossible number of threads is refused", arguments: ["0", "-1", "100000"])
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
