import Foundation
import Testing

/// What a shell gets when a person presses the tabulator key.
@Suite("Completion of command lines")
struct CompletionTests {
  private let bench: Bench

  init() throws {
    bench = try Bench()
    let sweep = try bench.file("two.yaml", Bench.sweep())
    // Nobody connects: the record has the plan, which is all that is needed.
    let run = try Command(
      Executables.coordinator,
      ["run", sweep, "--out", bench.path("out"), "--listen", "tcp://127.0.0.1:*"], on: bench)
    _ = try run.endpoint()
    run.send(SIGTERM)
    _ = try run.exitCode()
  }

  /// The candidates for the last word, as the generated scripts ask for them.
  private func candidates(
    _ command: [String], _ argument: String, _ words: [String],
    of program: URL = Executables.coordinator
  ) throws -> [String] {
    let line = [program.lastPathComponent] + command + words
    let last = line.last ?? ""
    let asked = try Command(
      program,
      ["---completion"] + command + ["--", argument, "\(line.count - 1)", "\(last.count)"] + line,
      on: bench)
    #expect(try asked.exitCode() == 0, "\(asked.standardError)")
    #expect(asked.standardError == "")
    return asked.standardOutput.split(separator: "\n").map(String.init)
  }

  @Test("trials and stages come from the record of the folder on the command line")
  func trials() throws {
    let out = bench.path("out")
    let plan = try bench.run(Executables.coordinator, "plan", bench.path("two.yaml"), "--json").out
    for command in ["explain", "cancel", "retry", "discard"] {
      let names = try candidates([command], "positional@1", [out, "t"])
      #expect(names.count == 4, "\(command): \(names)")
      for name in names { #expect(plan.contains("\"\(name)\""), "\(command)") }
      let first = try #require(names.first)
      #expect(
        try candidates([command], "positional@1", ["'\(out)'", String(first.prefix(9))])
          .contains(first))
    }
    #expect(
      try candidates(["cancel"], "positional@1", [out, "st"]) == [
        "stage=baseline", "stage=narrowed",
      ])
    // As bash passes `stage=na`.
    #expect(
      try candidates(["cancel"], "positional@1", [out, "stage", "=", "na"]) == ["narrowed"])
  }

  @Test("folders of sweeps, data sets, drained hosts, admitted workers")
  func others() throws {
    let out = bench.path("out")
    #expect(
      try candidates(["status"], "positional@0", ["\(bench.folder.path)/o"]) == [out])
    #expect(
      try candidates([], "positional@0", ["\(bench.folder.path)/o"], of: Executables.dashboard)
        == [out])
    #expect(try candidates(["data", "prepare"], "positional@0", ["mn"]) == ["mnist"])
    #expect(try candidates(["data", "fetch"], "positional@0", ["mn"]) == ["mnist"])
    #expect(
      try candidates(["data", "show"], "positional@0", ["--data", Bench.data.path, ""])
        .contains("sprites28"))
    #expect(try candidates(["data", "show"], "positional@0", ["--data", out, ""]) == [])
    #expect(
      try bench.run(Executables.coordinator, "drain", out, "north", "--reason", "hot").code == 0)
    #expect(try candidates(["undrain"], "positional@1", [out, ""]) == ["north"])
    let key = String(repeating: "0123456789abcdef", count: 4)
    let keys = bench.path("keys")
    #expect(
      try bench.run(
        Executables.coordinator, "admit", key, "--name", "alpha", "--keys", keys
      ).code == 0)
    #expect(try candidates(["revoke"], "positional@0", ["--keys", keys, "al"]) == ["alpha"])
  }

  @Test("what cannot be read has no candidates, and no error")
  func unreadable() throws {
    let broken = try bench.file("broken.yaml", "")
    try FileManager.default.createDirectory(
      atPath: bench.path("junk"), withIntermediateDirectories: true)
    try Data("junk".utf8).write(to: URL(filePath: bench.path("junk/sweep.sqlite")))
    mkfifo(bench.path("pipe"), 0o600)
    for folder in [bench.path("junk"), broken, "/nowhere", bench.path("pipe"), "'unfinished", ""] {
      for command in ["explain", "logs", "drain", "undrain", "resume-stage"] {
        #expect(
          try candidates([command], "positional@1", [folder, ""]) == [], "\(command) \(folder)")
      }
    }
  }
}
