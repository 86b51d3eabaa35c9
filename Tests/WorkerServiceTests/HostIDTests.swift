import Testing
import WorkerService

@Suite("Names of workers and hosts")
struct HostIDTests {
  private let own = "uts:[4026531838]"
  private let container = "uts:[4026532448]"

  @Test("a machine keeps its id across reboots, and does not expose it")
  func machine() {
    let machine = "0123456789abcdef0123456789abcdef"
    let id = HostID.of(machine: machine, boot: "first", namespace: own)
    #expect(id == HostID.of(machine: machine, boot: "second", namespace: own))
    #expect(id != HostID.of(machine: String(machine.reversed()), boot: "first", namespace: own))
    #expect(id.utf8.count == 8 && !machine.contains(id))
  }

  @Test("containers with one machine id are distinguished, and machines without one")
  func others() {
    let ids = [
      HostID.of(machine: "m", boot: "a", namespace: own),
      HostID.of(machine: "m", boot: "a", namespace: container),
      HostID.of(machine: "m", boot: "b", namespace: container),
      HostID.of(machine: "m", boot: "a", namespace: "uts:[4026532449]"),
      HostID.of(machine: nil, boot: "a", namespace: own),
      HostID.of(machine: nil, boot: "b", namespace: own),
    ]
    #expect(Set(ids).count == ids.count)
  }

  @Test(
    "a worker's name begins with its host's, in characters that an identifier has",
    arguments: [
      ("node1.example.org", "node1.example.org"), ("büro-1", "b-ro-1"), ("a b\n\u{1B}", "a-b--"),
      ("", "host"), ("(none)", "none-"), ("日本", "host"), ("../x", "x"), ("\u{FFFD}", "host"),
      (String(repeating: "a", count: 300), String(repeating: "a", count: 64)),
    ])
  func name(host: String, stem: String) {
    #expect(Worker.nameStem(of: host) == stem)
  }
}
