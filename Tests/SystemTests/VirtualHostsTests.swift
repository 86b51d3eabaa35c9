import Foundation
import Glibc
import Testing

/// Several hosts on this machine: namespaces with their own sshd, and workers brought there.
@Suite(
  "Several hosts", .serialized,
  .enabled(if: VirtualHosts.obstacle == nil, "\(VirtualHosts.obstacle ?? "possible")"))
struct VirtualHostsTests {
  @Test("a sweep on two hosts gives the bytes of a sweep on one, and nothing is left running")
  func sameBytes() throws {
    let bench = try Bench()
    let sweep = try bench.file("tiny.yaml", Bench.sweep())
    try rehearse(bench, sweep, ["--hosts", "2"])
  }

  @Test("delay, loss, a slow link and partitions of every kind change no byte")
  func roughNetwork() throws {
    let bench = try Bench()
    let sweep = try bench.file(
      "tiny.yaml",
      """
      sweep: tiny
      question: Does a bad network change anything?
      dataset: sprites28
      model: {channels: [4, 4, 8], latents: 3}
      trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
      axes: {tolerance: [10, 20, 30, 40]}
      budget: 4000 batches
      """)
    try rehearse(
      bench, sweep,
      [
        "--hosts", "3", "--rough", "--rate", "500kB", "--partition", "2", "--checkpoint-every", "2",
      ])
  }

  private func rehearse(_ bench: Bench, _ sweep: String, _ options: [String]) throws {
    let rehearsal = try Command(
      Executables.rig("rehearse"),
      ["--sweep", sweep, "--from", Executables.folder.path, "--out", bench.path("out")] + options,
      on: bench)
    let code = try rehearsal.exitCode()
    #expect(code == 0, "\(rehearsal.standardOutput)\(rehearsal.standardError)")
  }

  @Test("workers are brought up once, restarted when killed, and ended with all they started")
  func lifeOnHosts() throws {
    let hosts = try VirtualHosts(count: 2)
    let cluster = hosts.cluster
    let first = try cluster("up", "--from", Executables.folder.path)
    #expect(first.code == 0 && first.out.contains("v1  started"), "\(first)")
    let again = try cluster("up", "--from", Executables.folder.path)
    #expect(again.code == 0 && again.out.contains("v2  runs already"), "\(again)")

    // The supervisor starts a killed worker again, and ends with it when told to.
    let worker = try hosts.processes("worker", on: "v1")
    try #require(worker.count == 1)
    _ = try hosts.run("exec", "v1", "kill", "-KILL", "\(worker[0])")
    try wait(for: "the worker's second life") {
      let now = (try? hosts.processes("worker", on: "v1")) ?? []
      return !now.isEmpty && now != worker
    }
    let status = try cluster("status")
    #expect(status.code == 0 && status.out.contains("v1  runs"), "\(status)")
    let log = try cluster("status", "v1")
    #expect(log.out.contains("supervisor: the worker ended with code 137"), "\(log)")

    // A worker whose supervisor was killed does not outlive it.
    let supervisor = try hosts.processes("supervise", on: "v2")
    try #require(supervisor.count == 1)
    _ = try hosts.run("exec", "v2", "kill", "-KILL", "\(supervisor[0])")
    try wait(for: "the end of the orphaned worker") {
      ((try? hosts.processes("worker", on: "v2")) ?? [0]).isEmpty
    }
    let mixed = try cluster("status")
    #expect(mixed.code == 1 && mixed.out.contains("v2  does not run"), "\(mixed)")

    let down = try cluster("down")
    #expect(down.code == 0 && down.out.contains("v1  stopped"), "\(down)")
    #expect(try hosts.processes("worker", on: "v1").isEmpty)
    #expect(try hosts.processes("supervise", on: "v1").isEmpty)
    let nothing = try cluster("down")
    #expect(nothing.code == 0 && nothing.out.contains("v1  did not run"), "\(nothing)")
  }

  @Test(
    "the user's systemd restarts a killed worker, and keeps nothing of one that was ended",
    .enabled(if: VirtualHosts.systemd != nil, "needs the package systemd"))
  func systemd() throws {
    let hosts = try VirtualHosts(count: 2)
    try hosts.startSystemd(on: "v1")
    let up = try hosts.cluster("up", "--from", Executables.folder.path)
    #expect(up.code == 0, "\(up)")
    let lines = up.out.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("v1  started") && $0.hasSuffix("systemd") }, "\(up)")
    #expect(lines.contains { $0.hasPrefix("v2  started") && $0.hasSuffix("supervisor") }, "\(up)")
    let unit = "\"$HOME\"/.config/systemd/user/bottlenecksweep-worker-*.service"
    let verified = try hosts.run(
      "exec", "v1", "bash", "-c",
      "XDG_RUNTIME_DIR=/run/user/0 systemd-analyze --user verify \(unit)")
    #expect(verified.code == 0 && verified.err.isEmpty, "\(verified)")

    var worker = try hosts.processes("worker", on: "v1")
    try #require(worker.count == 1)
    // Whoever looks late finds it started again already.
    try wait(for: "the time between two lives") {
      worker = try hosts.processes("worker", on: "v1")
      for process in worker { _ = try hosts.run("exec", "v1", "kill", "-KILL", "\(process)") }
      let waiting = try hosts.cluster("status")
      return waiting.code == 1 && waiting.out.contains("v1  waits to be started again")
    }
    try wait(for: "the worker's second life") {
      let now = (try? hosts.processes("worker", on: "v1")) ?? []
      return !now.isEmpty && now != worker
    }
    let status = try hosts.cluster("status")
    #expect(status.code == 0, "\(status)")

    let down = try hosts.cluster("down")
    #expect(down.code == 0 && down.out.contains("v1  stopped"), "\(down)")
    #expect(try hosts.processes("worker", on: "v1").isEmpty)
    #expect(try hosts.run("exec", "v1", "bash", "-c", "ls \(unit)").code != 0)
    let after = try hosts.cluster("status")
    #expect(after.code == 1 && after.out.contains("v1  does not run"), "\(after)")
  }

  @Test("the bundle runs a sweep on a host without the Swift toolchain")
  func bundle() throws {
    let hosts = try VirtualHosts(count: 1)
    let home = hosts.bench.path("network/hosts/v1/home")
    let packed = try hosts.bench.run(
      Executables.cluster("bundle"), "--from", Executables.folder.path, "--out",
      hosts.bench.path("bundle.tar.gz"))
    try #require(packed.code == 0, "\(packed.err)")
    let unpacked = try hosts.bench.run(
      URL(filePath: "/bin/bash"), "-c",
      "cd \(home) && tar -xzf ../../../../bundle.tar.gz && mv bottlenecksweep-* b")
    try #require(unpacked.code == 0, "\(unpacked.err)")
    let completed = try hosts.bench.run(
      URL(filePath: "/bin/bash"), "-c",
      "for name in coordinator worker; do . \(home)/b/share/bash-completion/completions/$name"
        + " && complete -p $name; done")
    #expect(completed.code == 0 && completed.out.contains("coordinator"), "\(completed)")
    let run = try hosts.run(
      "exec", "v1", "bash", "-c",
      "unset BOTTLENECKSWEEP_DATA XDG_CACHE_HOME; cd ~/b && ./coordinator run sweeps/quickstart.yaml"
        + " --scale-budget 0.001 --out ~/out --local-workers 1")
    #expect(run.code == 0, "\(run.err)")
    #expect(FileManager.default.fileExists(atPath: "\(home)/out/figure3.svg"))

    // It brings its worker to other hosts too: no sources, no toolchain, no build.
    let up = try hosts.unpacked("\(home)/b/cluster/up")
    #expect(up.code == 0 && up.out.contains("v1  started"), "\(up)")
    let again = try hosts.unpacked("\(home)/b/cluster/up")
    #expect(again.code == 0 && again.out.contains("v1  runs already"), "\(again)")
    let revoked = try hosts.bench.run(Executables.coordinator, "revoke", "v1")
    #expect(revoked.code == 0, "\(revoked.err)")
    #expect(try hosts.unpacked("\(home)/b/cluster/down").code == 0)
    let refused = try hosts.unpacked("\(home)/b/cluster/up")
    #expect(refused.code == 1 && refused.out.contains("--again"), "\(refused)")
  }

  @Test("hosts that cannot be reached are named, and the others served")
  func unreachable() throws {
    let hosts = try VirtualHosts(count: 2)
    let inventory = hosts.bench.folder.appending(path: "network/inventory")
    let text = try String(contentsOf: inventory, encoding: .utf8)
      .replacing("v2 ssh=ssh_config", with: "v2 ssh=ssh_config port=9")
    try Data(text.utf8).write(to: inventory)
    let up = try hosts.cluster("up", "--from", Executables.folder.path)
    #expect(up.code == 1)
    #expect(up.out.contains("v1  started"), "\(up)")
    #expect(up.out.contains("v2  cannot be reached: "), "\(up)")
    #expect(try hosts.cluster("down", "v1").code == 0)
  }

  @Test("the end of the hosts leaves nothing, and can be repeated")
  func down() throws {
    let hosts = try VirtualHosts(count: 1)
    let sleeper = "97531.5"
    let started = try hosts.bench.run(
      URL(filePath: "/usr/bin/ssh"), "-F", hosts.bench.path("network/ssh_config"), "v1",
      "sleep \(sleeper) >/dev/null 2>&1 </dev/null &")
    #expect(started.code == 0)
    #expect(try hosts.run("down").code == 0)
    #expect(try hosts.run("down").code == 0)
    let left = try hosts.bench.run(
      URL(filePath: "/bin/bash"), "-c",
      "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null"
        + " | grep -c '^sleep \(sleeper)'")
    #expect(left.out == "0\n")
    #expect(!FileManager.default.fileExists(atPath: hosts.bench.path("network/network")))
  }
}

/// Some virtual hosts of one test, ended with their last use.
final class VirtualHosts {
  /// Why this machine cannot have virtual hosts; nil when it can.
  static let obstacle: String? = {
    guard let bench = try? Bench(),
      let check = try? bench.run(Executables.cluster("virtual"), "check")
    else { return "cluster/virtual does not run here" }
    return check.code == 0 ? nil : check.err.trimmingCharacters(in: .newlines)
  }()

  /// The program of systemd; nil where it is not installed.
  static let systemd: String? = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  let bench: Bench

  init(count: Int) throws {
    bench = try Bench()
    let made = try run("--hours", "1", "\(count)")
    try #require(made.code == 0, "\(made.err)")
  }

  deinit { _ = try? run("down") }

  /// Runs `cluster/virtual` to its end.
  func run(_ arguments: String...) throws -> (code: Int32, out: String, err: String) {
    try finish(
      try Command(
        Executables.cluster("virtual"), ["--folder", bench.path("network")] + arguments, on: bench))
  }

  /// Runs a command of the folder `cluster` with the hosts' inventory.
  func cluster(_ name: String, _ arguments: String...) throws -> (
    code: Int32, out: String, err: String
  ) {
    try finish(
      try Command(
        Executables.cluster(name),
        ["--inventory", bench.path("network/inventory")] + arguments, on: bench))
  }

  /// Runs a command that an unpacked bundle brought, where no toolchain is found.
  func unpacked(_ command: String) throws -> (
    code: Int32, out: String, err: String
  ) {
    try finish(
      try Command(
        URL(filePath: "/usr/bin/env"),
        [
          "PATH=/usr/bin:/bin", command, "--inventory", bench.path("network/inventory"),
        ], on: bench))
  }

  /// Starts the systemd of a host's user, as a host that was booted with systemd does at a login or,
  /// for a user who lingers, before it.
  func startSystemd(on host: String) throws {
    let script = """
      mount -t tmpfs tmpfs /var/lib/systemd
      mkdir -p /run/systemd/system /run/user/0 /var/lib/systemd/linger
      chmod 700 /run/user/0
      touch /var/lib/systemd/linger/root
      export XDG_RUNTIME_DIR=/run/user/0
      setsid \(try #require(Self.systemd)) --user >/tmp/systemd.log 2>&1 </dev/null &
      for _ in {1..200}; do
        systemctl --user show-environment >/dev/null 2>&1 && exit
        sleep 0.1
      done
      cat /tmp/systemd.log
      exit 1
      """
    let started = try run("exec", host, "bash", "-c", script)
    try #require(started.code == 0, "\(started)")
  }

  private func finish(_ command: Command) throws -> (code: Int32, out: String, err: String) {
    let code = try command.exitCode()
    return (code, command.standardOutput, command.standardError)
  }

  /// The ids, on a host, of the processes whose command line has a word in it.
  func processes(_ word: String, on host: String) throws -> [Int] {
    let found = try run(
      "exec", host, "bash", "-c",
      "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '[/ ]\(word) ' "
        + "&& echo ${p#/proc/}; done 2>/dev/null; true")
    return found.out.split(separator: "\n").compactMap { Int($0) }
  }
}
