import Foundation
import Glibc
import Testing

@Suite("The inventory of hosts")
struct InventoryTests {
  @Test(
    "a mistake is reported with its place and what was expected",
    arguments: [
      ("node1\nnode1\n", "hosts.txt:2: found node1 a second time"),
      ("node1 slot=3\n", "hosts.txt:1: found slot=3, expected one of address, cache"),
      ("# ours\n\nnode1 slots=none\n", "hosts.txt:3: found slots=none, expected slots=auto or"),
      ("node1 leave\n", "hosts.txt:1: found leave, expected leave=0 to 9999"),
      ("node1 nice=20\n", "hosts.txt:1: found nice=20, expected nice=0 to 19"),
      ("node1 folder=here\n", "hosts.txt:1: found folder=here, expected folder=DIR"),
      ("node1 cache-limit=5\n", "hosts.txt:1: found cache-limit=5, expected cache-limit=SIZE"),
      ("node1 address=-oProxyCommand=x\n", "hosts.txt:1: found address=-oProxyCommand=x"),
      ("-oProxyCommand=x\n", "hosts.txt:1: found the host name -oProxyCommand=x"),
      ("coordinator\n", "hosts.txt:1: expected \"coordinator ENDPOINT\""),
      ("coordinator tcp://10.0.0.5:5750\n", "hosts.txt: found no hosts"),
    ])
  func mistakes(text: String, expected: String) throws {
    let bench = try Bench()
    let file = try bench.file("hosts.txt", text)
    for command in ["up", "status", "down"] {
      let run = try bench.run(Executables.cluster(command), "--inventory", file)
      #expect(run.code == 1)
      #expect(run.err.contains(expected), "\(run.err)")
    }
  }

  @Test("an unknown host, a missing file and a missing coordinator are reported")
  func missing() throws {
    let bench = try Bench()
    let file = try bench.file("hosts.txt", "defaults leave=1 # everywhere\nnode1\nnode2 slots=2\n")
    let other = try bench.run(Executables.cluster("status"), "--inventory", file, "node3")
    #expect(other.code == 1)
    #expect(other.err.contains("found the host node3, expected one of: node1 node2"))
    let none = try bench.run(Executables.cluster("down"), "--inventory", bench.path("none"))
    #expect(none.code == 1 && none.err.contains("none: found no inventory"))
    let up = try bench.run(Executables.cluster("up"), "--inventory", file)
    #expect(up.code == 1 && up.err.contains("--connect"))
    let option = try bench.run(Executables.cluster("down"), "--wait", "soon")
    #expect(option.code == 64 && option.err.contains("--wait: found soon"))
  }

  /// An `ssh` whose remote login shell prints a banner and accepts only a program's name, as csh
  /// does not accept commands of several lines.
  private func strangeShell(_ bench: Bench) throws -> String {
    let folder = bench.path("strange shell")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try bench.file(
      "strange shell/ssh",
      """
      #!/bin/sh
      echo "Welcome to node1"
      printf 'no line end'
      echo "a warning" >&2
      for word; do last=$word; done
      case $last in
        exit) ;;
        true | bash) exec "$last" ;;
        *) echo "Unmatched '\\''."; exit 1 ;;
      esac
      """)
    chmod(folder + "/ssh", 0o755)
    return folder
  }

  /// Settings that change how bash and its programs read and print.
  private static let settings = [
    "CDPATH=/:/tmp", "GREP_OPTIONS=--color=always", "POSIXLY_CORRECT=1", "LC_ALL=tr_TR.UTF-8",
    "IFS=/", "SHELLOPTS=noclobber:noglob:nounset", "BASHOPTS=failglob:nocasematch:xpg_echo",
    "TAR_OPTIONS=--verbose", "GZIP=-9",
  ]

  @Test("banners, login shells, line ends and settings of the user change nothing")
  func strangeSettings() throws {
    let bench = try Bench()
    let path = try strangeShell(bench) + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    let text = "\u{FEFF}coordinator tcp://10.0.0.5:5750\r\n# ours\r\n\r\nnode1 slots=2 folder="
    let file = try bench.file("my hosts.txt", text + bench.path("none") + "\r\n")
    for settings in [[], Self.settings] {
      func run(_ command: String) throws -> (code: Int32, out: String) {
        let run = try Command(
          URL(filePath: "/usr/bin/env"),
          ["PATH=\(path)"] + settings
            + [Executables.cluster(command).path, "--inventory", file], on: bench)
        return (try run.exitCode(), run.standardOutput)
      }
      let status = try run("status")
      #expect(status.code == 1 && status.out == "node1  does not run\n", "\(status.out)")
      let down = try run("down")
      #expect(down.code == 0 && down.out == "node1  did not run\n", "\(down.out)")
    }
  }

  @Test("a shell that does not get as far as bash is quoted")
  func noShell() throws {
    let bench = try Bench()
    let folder = bench.path("closed")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try bench.file("closed/ssh", "#!/bin/sh\necho 'This account is not available.'\nexit 1\n")
    chmod(folder + "/ssh", 0o755)
    let file = try bench.file("hosts.txt", "node1\n")
    let status = try bench.run(
      URL(filePath: "/usr/bin/env"), "PATH=\(folder):/usr/bin:/bin",
      Executables.cluster("status").path, "--inventory", file)
    #expect(status.code == 1 && status.out == "node1  This account is not available.\n")
  }

  @Test("help exists for every command", arguments: ["up", "down", "status", "bundle", "virtual"])
  func help(command: String) throws {
    let help = try Bench().run(Executables.cluster(command), "--help")
    #expect(help.code == 0 && help.out.contains("Usage: cluster/\(command)"))
  }
}
