import Foundation
import Glibc
import Testing

/// Limits and signals that shells and batch systems set for a process.
@Suite("Limits of a process", .serialized)
struct ProcessLimitTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  /// Runs a line of shell, in which `$1` is the folder of the executables.
  private func shell(_ line: String) throws -> (code: Int32, out: String, err: String) {
    try bench.run(
      URL(filePath: "/usr/bin/env"), "--default-signal", "bash", "-c", line, "test",
      Executables.folder.path, bench.folder.path)
  }

  @Test(
    "too low a limit of open files is told by every command, and aborts none",
    arguments: [
      "coordinator doctor", "worker doctor", "dashboard out", "coordinator status out",
      "coordinator reproduce out x", "coordinator enroll --address 127.0.0.1:5750",
      "worker trial x --out y",
    ], [10, 16])
  func fewFiles(command: String, limit: Int) throws {
    let run = try shell("cd \"$2\"; ulimit -n \(limit); exec \"$1\"/\(command)")
    #expect(run.code == 1, "\(run.out)\(run.err)")
    #expect(run.err.contains("open files: found a limit of \(limit), expected"), "\(run.err)")
    #expect(run.err.contains("ulimit -n"), "\(run.err)")
  }

  @Test("the signal of the limit of a file's size ends neither coordinator nor worker")
  func fileSizeSignal() throws {
    let coordinator = try Command(
      Executables.coordinator,
      [
        "run", try bench.file("tiny.yaml", Bench.sweep(steps: 100_000)), "--out",
        bench.path("out"), "--local-workers", "1",
      ], on: bench)
    try wait(for: "a trial", of: [coordinator]) {
      coordinator.standardError.contains(" started on ")
    }
    let worker = try coordinator.child()
    for process in [coordinator.identifier, worker] { kill(process, SIGXFSZ) }
    Thread.sleep(forTimeInterval: 1)
    #expect(coordinator.isRunning && kill(worker, 0) == 0, "\(coordinator.standardError)")
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130, "\(coordinator.standardError)")
  }

  @Test("a file that grows beyond the limit is an error with the remedy")
  func fileSize() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    let run = try shell(
      "ulimit -f 16; exec \"$1/coordinator\" run '\(sweep)' --out \"$2/out\" --local-workers 1")
    #expect(run.code == 1, "\(run.out)\(run.err)")
    #expect(run.err.contains("raise ulimit -f"), "\(run.err)")
  }

  @Test("input that cannot be read is told in words")
  func closedInput() throws {
    let run = try shell("exec \"$1/worker\" trial - --out \"$2/d\" <&-")
    #expect(run.code == 1, "\(run.out)\(run.err)")
    #expect(run.err.contains("standard input: read failed: Bad file descriptor"), "\(run.err)")
    #expect(!run.err.contains("Domain"), "\(run.err)")
  }

  @Test("a damaged list of workers is told in words")
  func damagedList() throws {
    let keys = bench.path("keys")
    _ = try bench.run(Executables.coordinator, "key", "--keys", keys)
    let file = try bench.file("keys/workers.json", "junk")
    chmod(file, 0o600)
    let run = try bench.run(Executables.coordinator, "workers", "--keys", keys)
    #expect(run.code == 1 && run.err.contains("restore the file from a copy"), "\(run.err)")
    #expect(!run.err.contains("DecodingError"), "\(run.err)")
  }

  @Test("an endpoint that cannot be bound is told without numbers")
  func endpoint() throws {
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    for (endpoint, words) in [
      ("ipc:///nonexistent/x", "No such file or directory; give another --listen"),
      ("tcp://a;b:1", "expected tcp://HOST:PORT"),
    ] {
      let run = try bench.run(
        Executables.coordinator, "run", sweep, "--out", bench.path("out"), "--listen", endpoint)
      #expect(run.code != 0 && run.err.contains(words), "\(run.err)")
      #expect(!run.err.contains("(error "), "\(run.err)")
    }
  }
}
