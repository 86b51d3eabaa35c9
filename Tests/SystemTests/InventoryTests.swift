import Foundation
import Testing

@Suite("The inventory of hosts")
struct InventoryTests {
  @Test(
    "a mistake is told with its place and what was expected",
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

  @Test("a host that is not in it, a missing file and a missing coordinator are told")
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

  @Test("help exists for every command", arguments: ["up", "down", "status", "bundle", "virtual"])
  func help(command: String) throws {
    let help = try Bench().run(Executables.cluster(command), "--help")
    #expect(help.code == 0 && help.out.contains("Usage: cluster/\(command)"))
  }
}
