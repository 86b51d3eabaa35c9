import Testing

@testable import CoordinatorService

@Suite("Durations of commits")
struct CommitTimesTests {
  @Test("Without a commit all are zero")
  func none() {
    let status = CommitTimes().status
    #expect(status == .init(count: 0, seconds: 0, longestSeconds: 0, p99Seconds: 0))
  }

  @Test("99 of 100 take no longer than the 99th percentile", arguments: [1, 50, 100, 1000])
  func percentile(count: Int) throws {
    var times = CommitTimes()
    for number in (1...count).reversed() { times.note(.seconds(number)) }
    let status = times.status
    let p99 = try #require(status.p99Seconds)
    #expect(status.longestSeconds == Double(count))
    #expect(p99 == (Double(count) * 0.99).rounded(.up))
  }

  @Test("Longest and percentile forget all but the last 1,000; count and sum do not")
  func recent() {
    var times = CommitTimes()
    times.note(.seconds(5000))
    for _ in 0..<1000 { times.note(.seconds(2)) }
    let status = times.status
    #expect(status == .init(count: 1001, seconds: 7000, longestSeconds: 2, p99Seconds: 2))
  }
}
