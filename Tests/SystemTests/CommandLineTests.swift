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

  @Test(
    "the help of every script says what its exit codes mean, and does nothing else",
    arguments: [
      "bundle", "down", "quickstart", "setup", "slurm", "status", "test", "up", "virtual",
    ])
  func script(name: String) throws {
    let help = try Bench().run(Executables.cluster(name), "--help")
    #expect(help.code == 0, "\(help.err)")
    #expect(help.out.hasPrefix("Usage: cluster/\(name)"), "\(help.out)")
    #expect(help.out.contains("Exit codes:") && help.out.contains("64 a wrong command line"))
  }

  @Test("a sweep file's control characters never reach the terminal")
  func controlCharacters() throws {
    let bench = try Bench()
    for text in ["question: \"\\e[31m\\u202e\"\n", "\"\\e[31mkey\": 3\n", "latents: \"\\e[2J\"\n"] {
      let sweep = try bench.file(
        "bad.yaml",
        "sweep: bad\ndataset: sprites28\ntolerance: 3\nbudget: 5 batches\n"
          + (text.hasPrefix("latents") ? "" : "latents: 3\n") + text)
      for command in ["plan", "simulate"] {
        let shown = try bench.run(Executables.coordinator, command, sweep)
        #expect(shown.code == 1, "\(shown.out)")
        #expect(
          !(shown.out + shown.err).unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" })
      }
    }
  }

  @Test("a folder without a sweep has no logs, and a folder that is not there no data")
  func missing() throws {
    let bench = try Bench()
    let file = try bench.file("file", "")
    for folder in [bench.path("nowhere"), file, "/dev/null", bench.path(".")] {
      for arguments in [["logs", folder], ["logs", folder, "w"]] {
        let logs = try Command(Executables.coordinator, arguments, on: bench)
        #expect(try logs.exitCode() == 1, "\(arguments)")
        #expect(logs.standardError.contains("no such store"), "\(logs.standardError)")
      }
      guard folder != bench.path(".") else { continue }
      for verb in ["list", "verify"] {
        let data = try bench.run(Executables.coordinator, "data", verb, "--data", folder)
        #expect(data.code == 1, "\(verb) \(folder): \(data.out)")
        #expect(data.err.contains(folder), "\(data.err)")
      }
    }
  }

  @Test("a command in a message can be copied, whatever the folder is called")
  func copied() throws {
    let bench = try Bench()
    let sweep = try bench.file("two.yaml", Bench.sweep())
    let out = bench.path("it's mine; echo $HOME")
    let run = try Command(
      Executables.coordinator, ["run", sweep, "--out", out, "--listen", "tcp://127.0.0.1:*"],
      on: bench)
    _ = try run.endpoint()
    run.send(SIGTERM)
    _ = try run.exitCode()
    let logs = try bench.run(Executables.coordinator, "logs", out)
    let command = try #require(logs.out.split(separator: "`").dropFirst().first)
    let shell = try bench.run(
      URL(filePath: "/bin/sh"), "-c", "printf '%s\\n' \(command.dropFirst("coordinator ".count))")
    #expect(shell.out == "logs\n\(out)\nNAME\n")
  }
}
