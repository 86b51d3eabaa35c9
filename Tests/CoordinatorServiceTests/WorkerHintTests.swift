import Coordination
import Messaging
import Testing

@testable import CoordinatorService

@Suite("How to start workers")
struct WorkerHintTests {
  private func hint(_ endpoint: String, isEncrypted: Bool = false) throws -> WorkerHint {
    WorkerHint(
      endpoint: try Endpoint(endpoint), isEncrypted: isEncrypted, folder: "runs/f3", host: "north")
  }

  private func at(_ seconds: Int) -> Instant { Instant(sinceStart: .seconds(seconds)) }

  @Test("it is told after a moment without workers, and again after ten minutes")
  func times() throws {
    var hint = try hint("tcp://10.0.0.1:5750")
    #expect(hint.due(hasWorkers: false, at: at(4)) == nil)
    #expect(hint.due(hasWorkers: true, at: at(5)) == nil)
    #expect(hint.due(hasWorkers: false, at: at(9)) == nil)
    #expect(hint.due(hasWorkers: false, at: at(10)) != nil)
    #expect(hint.due(hasWorkers: false, at: at(609)) == nil)
    #expect(hint.due(hasWorkers: false, at: at(610)) != nil)
  }

  @Test("it names the command, with a host that others can reach, and how a host is admitted")
  func words() throws {
    var open = try hint("tcp://0.0.0.0:5750", isEncrypted: true)
    let text = try #require(open.due(hasWorkers: false, at: at(9)))
    #expect(text.contains("`worker --connect tcp://north:5750`"))
    #expect(text.contains("`coordinator enroll --out runs/f3`"))
    var local = try hint("tcp://127.0.0.1:5750")
    let localText = try #require(local.due(hasWorkers: false, at: at(9)))
    #expect(localText.contains("`worker --connect tcp://127.0.0.1:5750`"))
    #expect(localText.contains("this one only") && !localText.contains("enroll"))
  }
}
