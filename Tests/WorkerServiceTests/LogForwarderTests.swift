import Logging
import Testing

@testable import WorkerService

@Suite("A worker's log is also sent to the coordinator")
struct LogForwarderTests {
  private func linesTaken(from forwarder: LogForwarder) -> (lines: [String], leftOutCount: Int)? {
    var taken: (lines: [String], leftOutCount: Int)?
    forwarder.pass { lines, leftOutCount in
      taken = (lines, leftOutCount)
      return true
    }
    return taken
  }

  @Test("lines wait with their level, and both listeners get them")
  func lines() throws {
    let forwarder = LogForwarder()
    var console = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    console.logLevel = .warning
    let logger = forwarder.logger(besides: console)
    #expect(linesTaken(from: forwarder) == nil)
    logger.info("trial starts\nnow")
    logger.debug("not for people")
    let taken = try #require(linesTaken(from: forwarder))
    #expect(taken.lines.count == 1)
    #expect(taken.lines[0].hasSuffix(" info trial starts now"))
    #expect(taken.leftOutCount == 0)
    #expect(linesTaken(from: forwarder) == nil)
  }

  @Test("lines beyond the limit are dropped and counted in the next message")
  func tooMuch() throws {
    let forwarder = LogForwarder()
    for number in 0..<LogForwarder.lineCountMaximum + 7 { forwarder.add("\(number)") }
    let first = try #require(linesTaken(from: forwarder))
    #expect(first.lines.count == LogForwarder.lineCountMaximum)
    #expect(first.leftOutCount == 0)
    forwarder.add("later")
    let second = try #require(linesTaken(from: forwarder))
    #expect(second.lines == ["later"])
    #expect(second.leftOutCount == 7)

    for _ in 0..<100 { forwarder.add(String(repeating: "ä", count: 5000)) }
    let long = try #require(linesTaken(from: forwarder))
    #expect(long.lines.allSatisfy { $0.utf8.count == 2000 })
    #expect(long.lines.reduce(0) { $0 + $1.utf8.count } <= LogForwarder.byteCountMaximum)
  }
  @Test("lines that were not sent wait, and later lines follow them")
  func notTaken() throws {
    let forwarder = LogForwarder()
    forwarder.add("first")
    forwarder.pass { lines, _ in
      #expect(lines == ["first"])
      return false
    }
    forwarder.pass { lines, _ in
      forwarder.add("meanwhile")
      return lines == ["first"]
    }
    #expect(linesTaken(from: forwarder)?.lines == ["meanwhile"])
    #expect(linesTaken(from: forwarder) == nil)
  }
}
