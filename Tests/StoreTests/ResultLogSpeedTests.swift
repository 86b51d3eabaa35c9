import Foundation
import TestSupport
import Testing

@testable import Store

@Suite("Speed of the result log")
struct ResultLogSpeedTests {
  /// Prints times, asserts none: 100,000 entries of 1.2 KB in release, 5,000 in debug builds.
  @Test("Many results are appended in groups of 500 and read as they were, damaged or not")
  func manyResults() throws {
    #if DEBUG
      let count = 5_000
    #else
      let count = 100_000
    #endif
    let directory = try TemporaryFolder()
    var log = try makeLog([], in: directory)
    let entries = (0..<500).map { resultEntry($0, byteCount: 1100) }
    let clock = ContinuousClock()
    let appending = try clock.measure {
      for _ in 0..<count / 500 { log.commit(try log.append(entries)) }
    }
    let byteCount = log.committedOffset
    var findings = LogFindings()
    let reading = try clock.measure { findings = try LogFindings(path: directory.logPath) }
    #expect(findings.entries.count == count)
    #expect(findings.damages.isEmpty)

    // Every frame's digest is wrong: each entry is hashed and each byte searched.
    var bytes = try directory.logBytes
    for offset in findings.offsets { bytes[offset + 33] ^= 1 }
    let searching = try clock.measure { findings = try LogFindings(bytes, in: directory) }
    #expect(findings.entries.isEmpty)
    #expect(findings.damages.count == 1)

    // One damaged result of 32 MiB that is nothing but markers.
    let markers = Array(repeatElement(ResultLogFrame.marker, count: 4 << 20).joined())
    _ = try makeLog([[resultEntry(1), .plan(markers), resultEntry(2)]], in: directory)
    bytes = try directory.logBytes
    bytes[bytes.count / 2] ^= 1
    let passing = try clock.measure { findings = try LogFindings(bytes, in: directory) }
    #expect(findings.entries == [resultEntry(1), resultEntry(2)])
    let rate = Double(count) / (appending / .seconds(1))
    print(
      "log: \(count) results, \(byteCount) bytes, append \(appending) (\(Int(rate)) results/s), "
        + "read \(reading), all damaged \(searching), 32 MiB of markers \(passing)")
  }
}
