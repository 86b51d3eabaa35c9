import Coordination
import Foundation
import Messaging
import Testing

@testable import CoordinatorService

@Suite("How to start workers")
struct WorkerHintTests {
  private func hint(_ endpoint: String, isEncrypted: Bool = false) throws -> WorkerHint {
    WorkerHint(
      endpoint: try Endpoint(endpoint), isEncrypted: isEncrypted, folder: URL(filePath: "runs/f 3"),
      host: "north")
  }

  private func at(_ seconds: Int) -> Instant { Instant(sinceStart: .seconds(seconds)) }

  @Test("the hint is shown after a short time without workers, and again after ten minutes")
  func times() throws {
    var hint = try hint("tcp://10.0.0.1:5750")
    func isDue(_ hasWorkers: Bool, _ seconds: Int) -> Bool {
      hint.due(hasWorkers: { hasWorkers }, at: at(seconds)) != nil
    }
    #expect(isDue(false, 4) == false)
    #expect(isDue(true, 5) == false)
    #expect(isDue(false, 9) == false)
    #expect(isDue(false, 10) == true)
    #expect(isDue(false, 609) == false)
    #expect(isDue(false, 610) == true)
  }

  @Test(
    "the hint names the command, with an address that other hosts can reach, and how to admit a host"
  )
  func words() throws {
    var open = try hint("tcp://0.0.0.0:5750", isEncrypted: true)
    let text = open.due(hasWorkers: { false }, at: at(9)) ?? ""
    #expect(text.contains("`worker --connect tcp://north:5750`"))
    #expect(text.contains("`coordinator enroll --out 'runs/f 3'`"))
    var local = try hint("tcp://127.0.0.1:5750")
    let localText = local.due(hasWorkers: { false }, at: at(9)) ?? ""
    #expect(localText.contains("`worker --connect tcp://127.0.0.1:5750`"))
    #expect(localText.contains("this one only") && !localText.contains("enroll"))
  }

  @Test("the command has the option that the connection needs")
  func options() throws {
    func command(_ endpoint: String, isEncrypted: Bool) throws -> String {
      WorkerHint.command(
        endpoint: try Endpoint(endpoint), isEncrypted: isEncrypted, host: "north")
    }
    #expect(
      try command("tcp://*:5750", isEncrypted: false) == "worker --connect tcp://north:5750 --plain"
    )
    #expect(
      try command("tcp://10.0.0.1:5750", isEncrypted: true)
        == "worker --connect tcp://10.0.0.1:5750")
    #expect(
      try command("tcp://127.0.0.1:5750", isEncrypted: true)
        == "worker --connect tcp://127.0.0.1:5750 --curve")
    #expect(
      try command("ipc:///tmp/a b", isEncrypted: false) == "worker --connect 'ipc:///tmp/a b'")
    var hint = WorkerHint(
      endpoint: try Endpoint("tcp://10.0.0.1:5750"), isEncrypted: true,
      folder: URL(filePath: "o"), keys: URL(filePath: "my keys"))
    let text = hint.due(hasWorkers: { false }, at: at(9)) ?? ""
    #expect(text.contains("`coordinator enroll --out o --keys 'my keys'`"))
  }
}
