import Coordination
import Digests
import Foundation
import TestSupport
import Testing
import Trials

@testable import Store

@Suite("The result log")
struct ResultLogTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  private func reopened(
    _ committedOffset: Int, identity: String = recordIdentity
  ) throws -> ResultLog {
    try ResultLog(
      path: directory.logPath, identity: identity, committedOffset: committedOffset)
  }

  /// Opens a log that must be refused.
  private func refusal(_ committedOffset: Int, identity: String = recordIdentity) -> StoreError? {
    storeError { _ = try reopened(committedOffset, identity: identity) }
  }

  /// Why the file cannot be read.
  private var readerError: StoreError? {
    storeError { _ = try LogFindings(path: directory.logPath) }
  }

  @Test("Entries of every kind are read back unchanged and in order, also after reopening")
  func roundTrip() throws {
    let offset = try makeLog([Array(everyKind.prefix(3)), []], in: directory).committedOffset
    var log = try reopened(offset)
    for entry in everyKind.dropFirst(3) { log.commit(try log.append([entry])) }
    let findings = try LogFindings(path: directory.logPath)
    #expect(findings.identity == recordIdentity)
    #expect(findings.entries == everyKind)
    #expect(findings.damages.isEmpty)
    let end = log.committedOffset
    #expect(try directory.logBytes.count == end)
  }

  @Test("The file is as its description says, byte for byte")
  func format() throws {
    let entry = ResultLogEntry.result(
      trial: TrialID(rawValue: 0x1122_3344_5566_7788), attempt: 0x0102_0304,
      worker: WorkerID("ab"), milliseconds: -2, content: [9, 8, 7])
    _ = try makeLog([[.plan([5])], [entry]], in: directory)
    let bytes = try directory.logBytes
    let salt = bytes[28..<36]
    let header = Array("BNSWRLOG".utf8) + [1, 0, 0, 0] + Array(recordIdentity.utf8) + salt
    let planHead =
      Array("BNSWRENT".utf8) + salt + [68, 0, 0, 0, 0, 0, 0, 0] + [1]
      + [1, 0, 0, 0] + [254, 255, 255, 255]
    let payload: [UInt8] =
      [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] + [4, 3, 2, 1]
      + [254, 255, 255, 255, 255, 255, 255, 255] + [2, 0] + Array("ab".utf8) + [9, 8, 7]
    let resultHead =
      Array("BNSWRENT".utf8) + salt + [134, 0, 0, 0, 0, 0, 0, 0] + [2]
      + [27, 0, 0, 0] + [228, 255, 255, 255]
    let expected =
      header + Digest.of(header).bytes
      + planHead + Digest.of(planHead + [5]).bytes + [5]
      + resultHead + Digest.of(resultHead + payload).bytes + payload
    #expect(bytes == expected)
  }

  @Test("Two logs of one record have different salts")
  func salts() throws {
    _ = try makeLog([], in: directory)
    let first = try directory.logBytes
    _ = try makeLog([], in: directory)
    #expect(try directory.logBytes != first)
  }

  @Test("Uncommitted entries are truncated when the log is opened")
  func tail() throws {
    var log = try makeLog([everyKind], in: directory)
    let sure = try directory.logBytes
    let offset = log.committedOffset
    _ = try log.append([resultEntry(7)])
    #expect(try directory.logBytes.count > sure.count)
    log = try reopened(offset)
    #expect(try directory.logBytes == sure)
    log.commit(try log.append([resultEntry(8)]))
    #expect(try LogFindings(path: directory.logPath).entries == everyKind + [resultEntry(8)])
  }

  @Test("A group that was not committed is replaced by the next, whichever is longer")
  func replacement() throws {
    var log = try makeLog([everyKind], in: directory)
    _ = try log.append((10..<20).map { resultEntry($0) })
    // As long as the first of them, so that the others would be whole behind it.
    let end = try log.append([resultEntry(20)])
    #expect(try directory.logBytes.count == end)
    let sure = try log.append([])
    #expect(try directory.logBytes.count == sure)
    log.commit(try log.append((30..<33).map { resultEntry($0) }))
    let findings = try LogFindings(path: directory.logPath)
    #expect(findings.entries == everyKind + (30..<33).map { resultEntry($0) })
    #expect(findings.damages.isEmpty)
  }

  @Test("A concurrent reader stops at the committed offset")
  func committed() throws {
    var log = try makeLog([everyKind], in: directory)
    _ = try log.append([resultEntry(7)])
    let findings = try LogFindings(
      path: directory.logPath, committedOffset: log.committedOffset)
    #expect(findings.entries == everyKind)
    #expect(findings.damages.isEmpty)
  }

  @Test("A log that is missing or shorter than its committed length is refused and unchanged")
  func short() throws {
    let offset = try makeLog([everyKind], in: directory).committedOffset
    let bytes = try directory.logBytes
    for byteCount in 0..<bytes.count {
      let cut = Array(bytes.prefix(byteCount))
      _ = try directory.file(ResultLog.fileName, holding: cut)
      guard case .corrupted(_, let found)? = refusal(offset) else {
        Issue.record("a log of \(byteCount) bytes was opened")
        continue
      }
      if byteCount >= 68 { #expect(found.contains("found \(byteCount) bytes, expected at least")) }
      #expect(found.contains("--salvage"))
      #expect(try directory.logBytes == cut)
    }
    try FileManager.default.removeItem(at: directory.file(ResultLog.fileName))
    guard case .corrupted(_, let found)? = refusal(offset) else {
      Issue.record("a missing log was opened")
      return
    }
    #expect(found.contains("found no file"))
    #expect(readerError == .missing(path: directory.logPath))
    #expect(try directory.fileNames.isEmpty)
  }

  @Test("A header with a flipped byte, or of another record, is refused and unchanged")
  func header() throws {
    let offset = try makeLog([everyKind], in: directory).committedOffset
    let bytes = try directory.logBytes
    for place in 0..<68 {
      var damaged = bytes
      damaged[place] ^= 1
      _ = try directory.file(ResultLog.fileName, holding: damaged + [1, 2, 3])
      guard case .corrupted? = refusal(offset) else {
        Issue.record("opened with byte \(place) flipped")
        continue
      }
      #expect(try directory.logBytes == damaged + [1, 2, 3])
    }
    _ = try directory.file(ResultLog.fileName, holding: bytes)
    guard case .corrupted(_, let found)? = refusal(offset, identity: "fedcba9876543210") else {
      Issue.record("another record's log was opened")
      return
    }
    #expect(found.contains("record 0123456789abcdef, expected one of fedcba9876543210"))
    #expect(refusal(67) != nil)
    #expect(refusal(-1) != nil)
    #expect(refusal(.max) != nil)
    #expect(refusal(offset) == nil)
  }

  @Test("A log of a newer format is left to a newer release")
  func newer() throws {
    let offset = try makeLog([everyKind], in: directory).committedOffset
    var bytes = try directory.logBytes
    bytes[8] = 2
    bytes.replaceSubrange(36..<68, with: Digest.of(bytes.prefix(36)).bytes)
    _ = try directory.file(ResultLog.fileName, holding: bytes)
    let expected = StoreError.newerFormat(path: directory.logPath, found: 2, supported: 1)
    #expect(refusal(offset) == expected)
    #expect(readerError == expected)
  }

  @Test("An entry that the format cannot hold is refused, and nothing of its group is written")
  func refused() throws {
    var log = try makeLog([everyKind], in: directory)
    let bytes = try directory.logBytes
    let trial = TrialID(rawValue: 1)
    let long = String(repeating: "x", count: 1 << 16)
    for entry: ResultLogEntry in [
      .plan([UInt8](repeating: 0, count: 64 << 20 + 1)),
      .result(
        trial: trial, attempt: -1, worker: WorkerID("a"), milliseconds: 0, content: []),
      .result(
        trial: trial, attempt: 1 << 32, worker: WorkerID("a"), milliseconds: 0, content: []),
      .result(trial: trial, attempt: 1, worker: WorkerID(long), milliseconds: 0, content: []),
      .reuse(trial: trial, milliseconds: 0, origin: long, content: []),
    ] {
      do throws(StoreError) {
        _ = try log.append([resultEntry(1), entry])
        Issue.record("an entry was not refused")
      } catch {
        guard case .refused = error else {
          Issue.record("found \(error)")
          continue
        }
      }
    }
    let identityError = storeError {
      _ = try ResultLog.create(path: directory.logPath, identity: "12")
    }
    #expect(identityError != nil)
    #expect(try directory.logBytes == bytes)
    log.commit(try log.append([.plan([UInt8](repeating: 7, count: 64 << 20))]))
    let findings = try LogFindings(path: directory.logPath)
    #expect(findings.entries.count == everyKind.count + 1)
    #expect(findings.entries.last == .plan([UInt8](repeating: 7, count: 64 << 20)))
  }
}
