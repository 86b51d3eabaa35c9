import Foundation
import Glibc
import Testing

/// Effects of real machines, terminals and accounts on a process.
@Suite("Real machines", .serialized)
struct RealMachineTests {
  private let bench: Bench
  private let env = URL(filePath: "/usr/bin/env")

  init() throws { bench = try Bench() }

  private func sweep(steps: Int = 30) throws -> String {
    try bench.file("tiny.yaml", Bench.sweep(steps: steps))
  }

  private func run(_ words: String...) throws -> (code: Int32, out: String, err: String) {
    let command = try Command(env, words, on: bench)
    return (try command.exitCode(), command.standardOutput, command.standardError)
  }

  /// Runs a line of shell, in which `$1` is the folder of the executables.
  private func shell(_ line: String) throws -> (code: Int32, out: String, err: String) {
    // A test's process may ignore signals that a user's shell does not.
    try run(
      "--default-signal", "bash", "-c", line, "test", Executables.folder.path, bench.folder.path)
  }

  // MARK: - Homes

  @Test("data, cache and keys are all in $HOME")
  func home() throws {
    let home = bench.path("home of mine")
    let unset = [
      "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "BOTTLENECKSWEEP_KEYS",
      "BOTTLENECKSWEEP_DATA",
    ].flatMap { ["-u", $0] }
    func run(_ executable: URL, _ words: String...) throws -> String {
      let command = try Command(env, unset + ["HOME=\(home)", executable.path] + words, on: bench)
      _ = try command.exitCode()
      return command.standardOutput
    }
    let doctor = try run(Executables.worker, "doctor")
    #expect(doctor.contains("\(home)/.cache/bottlenecksweep: "), "\(doctor)")
    #expect(doctor.contains("\(home)/.config/bottlenecksweep: "), "\(doctor)")
    let list = try run(Executables.coordinator, "data", "list")
    #expect(list.hasPrefix("\(home)/.local/share/bottlenecksweep\n"), "\(list)")
    _ = try run(Executables.coordinator, "key")
    #expect(bench.exists("home of mine/.config/bottlenecksweep/coordinator.key"))
  }

  // MARK: - Cores and instruction sets

  @Test("auto gives as many slots as the affinity allows, minus those to leave free")
  func affinity() throws {
    let line = """
      timeout -s INT 2 taskset -c 0 "$1/worker" --connect tcp://127.0.0.1:1 --plain
      """
    #expect(try shell(line).err.contains("with 1 slot connects"))
    #expect(try shell(line + " --leave 9").err.contains("with 1 slot connects"))
  }

  @Test("a mistyped instruction set is refused with those that there are")
  func instructionSet() throws {
    let variable = "BOTTLENECKSWEEP_INSTRUCTION_SET=avx-2"
    let expected =
      "\"avx-2\", expected one of avx512-bf16, avx512, avx2, portable"
    let join = try run(variable, Executables.worker.path, "--connect", "tcp://127.0.0.1:1")
    #expect(join.code == 1 && join.err.contains(expected), "\(join.err)")
    let trial = try run(
      variable, Executables.worker.path, "trial", try sweep(), "--out", bench.path("o"))
    #expect(trial.code == 1 && trial.err.contains(expected), "\(trial.err)")
    let doctor = try run(variable, Executables.worker.path, "doctor")
    #expect(doctor.code == 1 && doctor.out.contains(expected), "\(doctor.out)")
  }

  // MARK: - Signals

  @Test("a closed terminal ends a sweep cleanly", arguments: [SIGHUP, SIGTERM])
  func hangUp(signal: Int32) throws {
    let coordinator = try Command(
      Executables.coordinator,
      ["run", try sweep(steps: 100_000), "--out", bench.path("out"), "--local-workers", "1"],
      on: bench)
    try wait(for: "a trial") { coordinator.standardError.contains(" started on ") }
    coordinator.send(signal)
    #expect(try coordinator.exitCode() == 130)
    #expect(coordinator.standardError.contains("leaving: "), "\(coordinator.standardError)")
    #expect(!bench.exists("out/control.sock"))
  }

  @Test("a worker hands back its trials when its terminal is closed")
  func workerHangUp() throws {
    let coordinator = try Command(
      Executables.coordinator,
      [
        "run", try sweep(steps: 100_000), "--out", bench.path("out"), "--listen",
        "tcp://127.0.0.1:*",
      ], on: bench)
    let worker = try Command(
      Executables.worker, ["--connect", try coordinator.endpoint(), "--slots", "1"], on: bench)
    try wait(for: "a trial") { coordinator.standardError.contains(" started on ") }
    worker.send(SIGHUP)
    #expect(try worker.exitCode() == 0)
    try wait(for: "its last word") { coordinator.standardError.contains(" left: SIGHUP") }
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
  }

  @Test("a sweep started with nohup ignores SIGHUP")
  func nohup() throws {
    let coordinator = try Command(
      env,
      [
        "nohup", Executables.coordinator.path, "run", try sweep(steps: 100_000), "--out",
        bench.path("out"), "--local-workers", "1",
      ], on: bench)
    try wait(for: "a trial") { coordinator.standardError.contains(" started on ") }
    coordinator.send(SIGHUP)
    Thread.sleep(forTimeInterval: 1)
    #expect(coordinator.isRunning && !coordinator.standardError.contains("leaving: "))
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
  }

  @Test("a reader of the log that ends lets the sweep exit cleanly")
  func brokenPipe() throws {
    let sweep = try sweep(steps: 100_000)
    let run = try shell(
      """
      "$1/coordinator" run '\(sweep)' --out "$2/out" --local-workers 1 2> >(head -n 3 >/dev/null)
      echo "ended with $?"
      "$1/coordinator" status "$2/out" | head -n 1
      """)
    #expect(run.out.contains("ended with 130"), "\(run.out) \(run.err)")
    #expect(!bench.exists("out/control.sock"))
  }

  // MARK: - Ports

  @Test("port 65535 is refused, since the data connection needs the next port")
  func lastPort() throws {
    let listen = ["--listen", "tcp://127.0.0.1:65535"]
    let run = try Command(
      Executables.coordinator, ["run", try sweep(), "--out", bench.path("out")] + listen, on: bench)
    #expect(try run.exitCode() == 1)
    #expect(run.standardError.contains("expected a port up to 65534"), "\(run.standardError)")
    #expect(!bench.exists("out"))
    let doctor = try Command(Executables.coordinator, ["doctor"] + listen, on: bench)
    #expect(try doctor.exitCode() == 1)
    #expect(doctor.standardOutput.contains("expected a port up to 65534"))
  }

  @Test("of two ports, the one in use is named, with the remedy")
  func busyPorts() throws {
    let (sweep, endpoint) = (try sweep(), try Bench.freeEndpoint())
    let port = try #require(Int(endpoint.split(separator: ":").last ?? ""))
    let first = try Command(
      Executables.coordinator, ["run", sweep, "--out", bench.path("one"), "--listen", endpoint],
      on: bench)
    _ = try first.endpoint()
    try wait(for: "its control socket") { bench.exists("one/control.sock") }
    let same = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("two"), "--listen", endpoint)
    #expect(same.code == 1)
    #expect(same.err.contains("\(endpoint) is in use by another program; `ss"), "\(same.err)")
    let below = try bench.run(
      Executables.coordinator, "run", sweep, "--out", bench.path("three"), "--listen",
      "tcp://127.0.0.1:\(port - 1)")
    #expect(below.code == 1)
    #expect(below.err.contains("127.0.0.1:\(port) (the data port"), "\(below.err)")
    #expect(below.err.contains("or give another --listen"), "\(below.err)")
    first.send(SIGTERM)
    #expect(try first.exitCode() == 130)
  }

  @Test("localhost is an address to listen at, a name of another machine is not")
  func names() throws {
    let port = try Bench.freeEndpoint().split(separator: ":").last ?? ""
    let coordinator = try Command(
      Executables.coordinator,
      ["run", try sweep(), "--out", bench.path("out"), "--listen", "tcp://localhost:\(port)"],
      on: bench)
    #expect(try coordinator.endpoint() == "tcp://127.0.0.1:\(port)")
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
    let other = try bench.run(
      Executables.coordinator, "run", try sweep(), "--out", bench.path("other"), "--plain",
      "--listen", "tcp://no-such-interface:5750")
    #expect(other.code == 1)
    #expect(other.err.contains("found no such address or interface on this machine"))
    for endpoint in ["tcp://127.0.0.1:*", "tcp://*:5750"] {
      let worker = try bench.run(Executables.worker, "--connect", endpoint)
      #expect(worker.code == 1)
      #expect(worker.err.contains("expected the coordinator's host and port"), "\(worker.err)")
    }
  }

  // MARK: - Files and streams

  @Test(
    "too low a limit of open files is reported with the remedy, before anything starts",
    arguments: [16, 32, 64])
  func fewFiles(limit: Int) throws {
    let sweep = try sweep()
    let run = try shell(
      """
      ulimit -n \(limit)
      "$1/coordinator" run '\(sweep)' --out "$2/out" --local-workers 1
      echo "ended with $?"
      """)
    #expect(run.out.contains("ended with 1\n"), "\(run.out) \(run.err)")
    #expect(run.err.contains("open files: found a limit of \(limit), expected"), "\(run.err)")
    #expect(!bench.exists("out"))
  }

  @Test(
    "output that cannot be written is an error",
    arguments: [">/dev/full", ">&-", "1</dev/null"], ["settings", "plan", "logs"])
  func streams(stream: String, command: String) throws {
    let sweep = try sweep()
    let words =
      switch command {
      case "plan": "plan '\(sweep)'"
      case "logs": "logs \"$2/out\" w-1-abc"
      default: command
      }
    if command == "logs" {
      let made = try shell(
        """
        "$1/coordinator" run '\(sweep)' --out "$2/out" --local-workers 1 >"$2/run.txt" 2>&1 &&
          echo 00:00:00 a line >"$2/out/logs/w-1-abc.log"
        """)
      try #require(made.code == 0, "\(made.err)")
    }
    let run = try shell("\"$1/coordinator\" \(words) \(stream)")
    #expect(run.code == 1, "\(run.err)")
    #expect(run.err.contains("standard output cannot be written to; "), "\(run.err)")
  }

  @Test("a sweep that runs without standard streams is complete")
  func noStreams() throws {
    let sweep = try sweep()
    let run = try shell(
      "\"$1/coordinator\" run '\(sweep)' --out \"$2/out\" --local-workers 2 <&- >&- 2>&-")
    // The sweep itself completed, but its output could not be written.
    #expect(run.code == 1)
    let check = try bench.run(Executables.coordinator, "check", bench.path("out"))
    #expect(check.code == 0, "\(check.out)\(check.err)")
    let other = try bench.complete(sweep, in: "other")
    #expect(try bench.read("out/trials.csv") == other)
  }

  @Test("pipes and devices given as files are refused without waiting")
  func pipes() throws {
    let pipe = bench.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let data = bench.path("data")
    for (words, found) in [
      (["plan", pipe], "a pipe"), (["plan", "/dev/zero"], "a device"),
      (["run", pipe, "--out", bench.path("o")], "a pipe"),
      (["data", "prepare", "mine", "--from", pipe, "--as", "28x28x1", "--data", data], "a pipe"),
      (["data", "prepare", "dsprites", "--from", "/dev/zero", "--data", data], "a device"),
    ] {
      let run = try Command(Executables.coordinator, words, on: bench)
      #expect(try run.exitCode() == 1)
      #expect(run.standardError.contains(found), "\(words): \(run.standardError)")
    }
    let trial = try bench.run(Executables.worker, "trial", pipe, "--out", bench.path("t"))
    #expect(trial.code == 1 && trial.err.contains("found a pipe, expected a file"), "\(trial.err)")
    let keys = bench.path("keys")
    _ = try bench.run(Executables.worker, "key", "--keys", keys)
    let key = try #require(bench.files(below: "keys").first { $0.pathExtension == "key" })
    try FileManager.default.removeItem(at: key)
    #expect(mkfifo(key.path, 0o600) == 0)
    let again = try bench.run(Executables.worker, "key", "--keys", keys)
    #expect(again.code == 1 && again.err.contains("found a pipe"), "\(again.err)")
  }

  // MARK: - Names of hosts

  static let mayNameHosts = Namespace.allows(["-u"], "printf host >/proc/sys/kernel/hostname")

  @Test(
    "hosts of one name, with any characters, are distinguished",
    .enabled(if: mayNameHosts, "needs the right to name a host"))
  func twins() throws {
    let coordinator = try Command(
      Executables.coordinator,
      [
        "run", try sweep(steps: 100_000), "--out", bench.path("out"), "--listen",
        "tcp://127.0.0.1:*",
      ], on: bench)
    let endpoint = try coordinator.endpoint()
    let workers = try (0..<2).map { _ in
      try Command(
        env,
        [
          "unshare", "-u", "bash", "-c", "printf büro >/proc/sys/kernel/hostname && exec \"$@\"",
          "host",
          Executables.worker.path, "--connect", endpoint, "--slots", "1",
        ], on: bench)
    }
    try wait(for: "both", of: workers + [coordinator]) {
      coordinator.standardError.components(separatedBy: " joined from ").count > 2
    }
    struct Reply: Decodable {
      struct Status: Decodable {
        struct Worker: Decodable { var host: String }
        var workers: [Worker]
      }
      var status: Status
    }
    let status = try bench.run(Executables.coordinator, "status", bench.path("out"), "--json")
    let reply = try JSONDecoder().decode(Reply.self, from: Data(status.out.utf8))
    let hosts = Set(reply.status.workers.map(\.host))
    #expect(hosts.count == 2 && hosts.allSatisfy { $0.hasPrefix("büro~") }, "\(status.out)")
    let both = try bench.run(Executables.coordinator, "drain", bench.path("out"), "büro")
    #expect(both.code == 1, "\(both.out)")
    #expect(hosts.allSatisfy { both.err.contains($0) }, "\(both.err)")
    let one = try bench.run(
      Executables.coordinator, "drain", bench.path("out"), try #require(hosts.min()))
    #expect(one.code == 0, "\(one.err)")
    try wait(for: "one of them to leave", of: [coordinator]) {
      workers.contains { !$0.isRunning }
    }
    #expect(workers.count { $0.isRunning } == 1)
    coordinator.send(SIGTERM)
    #expect(try coordinator.exitCode() == 130)
    for worker in workers { worker.send(SIGTERM) }
  }
}
