import Coordination
import Foundation
import Testing
import Trials

@testable import Store

@Suite("Events for programs")
struct RecordEventTests {
  let front = plan(tolerances: [3])

  private func object(_ record: JournalRecord) throws -> [String: Any] {
    let line = RecordEvent(
      StampedRecord(
        sequence: 7, time: Date(timeIntervalSince1970: 1_700_000_000.25), record: record)
    ).line
    #expect(!line.contains("\n"))
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    return try #require(object as? [String: Any])
  }

  @Test("A line has the version, the record's number, time and kind, and its trial and worker")
  func lease() throws {
    let object = try object(
      .trialLeased(trial: front.trials[0].id, attempt: 2, worker: WorkerID("a \"b\"\n</script>")))
    #expect(object["version"] as? Int == 1)
    #expect(object["sequence"] as? Int == 7)
    #expect(object["time"] as? String == "2023-11-14T22:13:20.250Z")
    #expect(object["event"] as? String == "trial-leased")
    #expect(object["trial"] as? String == "\(front.trials[0].id)")
    #expect(object["attempt"] as? Int == 2)
    #expect(object["worker"] as? String == "a \"b\"\n</script>")
    #expect(object["detail"] == nil)
  }

  @Test("A result's line has the numbers of its last milestone")
  func result() throws {
    let object = try object(recorded(front.trials[0]))
    let report = try #require(object["result"] as? [String: Any])
    #expect(report["gates_open"] as? Int == 2)
    #expect(report["evaluation_mse"] as? Double == 1.0 / 3)
  }

  @Test("A failure's line has its cause and message")
  func failure() throws {
    let object = try object(
      .trialFailed(
        trial: front.trials[0].id,
        failure: TrialFailure(cause: .notANumber, message: "the loss is NaN")))
    let detail = try #require(object["detail"] as? [String: Any])
    #expect(detail["cause"] as? String == "not-a-number")
    #expect(detail["message"] as? String == "the loss is NaN")
  }

  @Test("The first line is read back, and a line's number is read without the rest")
  func head() throws {
    let head = RecordEvent.head(record: "0123", sweep: "a\"b")
    #expect(RecordEvent.Head(line: Array(head.line.utf8)) == head)
    #expect(RecordEvent.Head(line: Array("{}".utf8)) == nil)
    #expect(RecordEvent.sequence(ofLine: Array("{\"sequence\":12}".utf8)) == 12)
    #expect(RecordEvent.sequence(ofLine: Array("{\"sequence\":".utf8)) == nil)
  }
}
