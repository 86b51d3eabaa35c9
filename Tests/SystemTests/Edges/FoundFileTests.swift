import Foundation
import Glibc
import Testing

/// Pipes, links and folders that commands find in the place of their own files.
@Suite("Files that a command finds", .serialized)
struct FoundFileTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func makePipe(_ name: String) throws {
    try? FileManager.default.removeItem(atPath: bench.path(name))
    try #require(mkfifo(bench.path(name), 0o600) == 0)
  }

  private func isPipe(_ name: String) -> Bool {
    var status = stat()
    return lstat(bench.path(name), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  @Test(
    "a pipe in the place of an archive, or of its digest, stops no command",
    arguments: ["sprites28.images", "sprites28.images.sha256"])
  func data(name: String) throws {
    try FileManager.default.copyItem(at: Bench.data, to: URL(filePath: bench.path("data")))
    try makePipe("data/\(name)")
    for words in [["list"], ["verify"], ["show", "sprites28", "--out", bench.path("s.png")]] {
      let command = try Command(
        Executables.coordinator, ["data"] + words + ["--data", bench.path("data")], on: bench)
      let code = try command.exitCode()
      #expect(code == 0 || code == 1, "\(words): \(command.standardError)")
    }
  }

  @Test("pipes in the place of a sweep's outputs and of its record stop no command")
  func outputs() throws {
    let table = try bench.complete(try bench.file("tiny.yaml", Bench.sweep()), in: "out")
    for name in ["outputs.sha256", "trials.csv"] {
      try makePipe("out/\(name)")
      // Its check reads every output.
      _ = try bench.run(Executables.coordinator, "check", bench.path("out"))
      let report = try bench.run(Executables.coordinator, "report", bench.path("out"))
      #expect(report.code == 0, "\(name): \(report.err)")
    }
    #expect(isPipe("out/outputs.sha256"))
    #expect(try bench.read("out/trials.csv") == table)
    try FileManager.default.removeItem(atPath: bench.path("out/outputs.sha256"))
    for name in ["sweep.sqlite-wal", "sweep.sqlite"] {
      try makePipe("out/\(name)")
      for command in ["status", "check", "report"] {
        let run = try bench.run(Executables.coordinator, command, bench.path("out"))
        #expect(run.code == 1, "\(command): \(run.out)")
        #expect((run.out + run.err).contains("found a pipe"), "\(command): \(run.out)\(run.err)")
      }
      try FileManager.default.removeItem(atPath: bench.path("out/\(name)"))
    }
  }

  @Test("a pipe, a folder or a link given as the file of a picture is refused and stays")
  func given() throws {
    try bench.complete(try bench.file("tiny.yaml", Bench.sweep()), in: "out")
    try makePipe("pipe")
    try FileManager.default.createDirectory(
      atPath: bench.path("folder"), withIntermediateDirectories: true)
    _ = try bench.file("kept", "kept")
    try FileManager.default.createSymbolicLink(
      atPath: bench.path("link"), withDestinationPath: bench.path("kept"))
    for (name, found) in [("pipe", "a pipe"), ("folder", "a folder"), ("link", "a symbolic link")] {
      let file = bench.path(name)
      let compare = try bench.run(
        Executables.coordinator, "compare", bench.path("out"), bench.path("out"), "--svg", file)
      let show = try bench.run(Executables.coordinator, "data", "show", "sprites28", "--out", file)
      for run in [compare, show] {
        #expect(run.code == 1)
        #expect(run.err.contains("\(file): found \(found), expected a file"), "\(run.err)")
      }
    }
    #expect(isPipe("pipe"))
    #expect(try bench.read("kept") == "kept")
    let empty = try bench.run(Executables.coordinator, "data", "show", "sprites28", "--out", "")
    #expect(empty.code == 64 && empty.err.contains("'' is invalid for '--out"), "\(empty.err)")
  }

  @Test("an export does not follow a link in the sweep's folder")
  func linkedExports() throws {
    try bench.complete(try bench.file("tiny.yaml", Bench.sweep()), in: "out")
    let elsewhere = bench.path("elsewhere")
    try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: bench.path("out/exports"), withDestinationPath: elsewhere)
    let run = try bench.run(Executables.coordinator, "export", bench.path("out"), "--to", "csv")
    #expect(run.code == 1 && run.err.contains("a symbolic link"), "\(run.out)\(run.err)")
    #expect(bench.files(below: "elsewhere").isEmpty)
    let named = try bench.run(
      Executables.coordinator, "export", bench.path("out"), "--to", "csv", "--out",
      bench.path("tables"))
    #expect(named.code == 0, "\(named.err)")
  }

  @Test("report and run fail if an output cannot be written, and write the others")
  func unwritten() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let table = try bench.complete(sweep, in: "out")
    try FileManager.default.removeItem(atPath: bench.path("out/trials.csv"))
    try FileManager.default.createDirectory(
      atPath: bench.path("out/trials.csv/inside"), withIntermediateDirectories: true)
    for words in [
      ["report", bench.path("out")],
      ["run", sweep, "--out", bench.path("out"), "--local-workers", "1"],
    ] {
      try FileManager.default.removeItem(atPath: bench.path("out/figure1.svg"))
      let command = try Command(Executables.coordinator, words, on: bench)
      #expect(try command.exitCode() == 1, "\(words): \(command.standardOutput)")
      let errors = command.standardError
      #expect(errors.contains("Error: ") && errors.contains("trials.csv: "), "\(errors)")
      #expect(bench.exists("out/figure1.svg"), "\(words)")
    }
    try FileManager.default.removeItem(atPath: bench.path("out/trials.csv"))
    #expect(try bench.run(Executables.coordinator, "report", bench.path("out")).code == 0)
    #expect(try bench.read("out/trials.csv") == table)
  }

  @Test(
    "a sweep on a read-only or full disk can be read, and is not called damaged",
    .enabled(if: FullDiskTests.mayMount, "needs the right to mount a file system"),
    arguments: [false, true])
  func unwritableDisk(isFull: Bool) throws {
    try bench.complete(try bench.file("tiny.yaml", Bench.sweep()), in: "out")
    try bench.copy("out", to: "copy")
    for name in ["sweep.sqlite-wal", "sweep.sqlite-shm"] {
      try? FileManager.default.removeItem(atPath: bench.path("copy/\(name)"))
    }
    let disk = bench.path("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let change =
      isFull
      ? "cat /dev/zero > '\(disk)/ballast' 2>/dev/null"
      : "mount -o remount,ro '\(disk)' || exit 97"
    let script = """
      mount -t tmpfs -o size=64m none '\(disk)' || exit 99
      cp -r '\(bench.path("copy"))' '\(disk)/o' || exit 98
      \(change)
      for words in status explain check; do
        trial=
        [ $words = explain ] && trial=stage=baseline,latents=2
        '\(Executables.coordinator.path)' $words '\(disk)/o' $trial
        echo "$words ended with $?"
      done
      '\(Executables.coordinator.path)' export '\(disk)/o' --to csv --out '\(bench.path("csv"))'
      echo "export ended with $?"
      exit 0
      """
    let run = try bench.run(
      URL(filePath: "/usr/bin/env"), "unshare", "-m", "sh", "-c", script)
    #expect(run.code == 0, "\(run.err)")
    for words in ["status", "explain", "check", "export"] {
      #expect(run.out.contains("\(words) ended with 0\n"), "\(words): \(run.out)\(run.err)")
    }
    #expect(!run.out.contains("DAMAGED"), "\(run.out)")
  }
}
