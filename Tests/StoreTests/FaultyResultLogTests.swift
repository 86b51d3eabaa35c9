import FaultyDisk
import Foundation
import TestSupport
import Testing

@testable import Store

/// The result log on a disk that fails at every call in turn.
extension FaultyDiskTests {
  private var groups: [[ResultLogEntry]] {
    (0..<6).map { group in (0..<3).map { resultEntry(3 * group + $0, byteCount: 1500) } }
  }

  /// Appends and commits groups until the disk fails.
  ///
  /// - Returns: How many groups are committed, and the error.
  private func append(
    to log: inout ResultLog, _ groups: ArraySlice<[ResultLogEntry]>
  ) -> (sureCount: Int, error: StoreError?) {
    for (count, group) in groups.enumerated() {
      do throws(StoreError) {
        log.commit(try log.append(group))
      } catch {
        return (count, error)
      }
    }
    return (groups.count, nil)
  }

  /// Lets every write or sync of a run fail in turn, until a run has no fault.
  private func atEveryLogCall(
    _ fault: faulty_disk_fault, _ check: (inout ResultLog, StoreError, Int) throws -> Void
  ) throws {
    defer { faulty_disk_fail(FAULTY_DISK_NONE, 0) }
    var failureCount = 0
    for count in 0..<100 {
      var log = try makeLog([], in: directory)
      faulty_disk_fail(fault, Int32(count))
      let (sureCount, error) = append(to: &log, groups[...])
      let hasFailed = faulty_disk_failures() > 0
      faulty_disk_fail(FAULTY_DISK_NONE, 0)
      #expect(hasFailed == (error != nil))
      guard let error else { break }
      failureCount += 1
      try check(&log, error, sureCount)
    }
    #expect(failureCount >= groups.count)
  }

  private func expectLog(_ groups: some Sequence<[ResultLogEntry]>) throws {
    let findings = try LogFindings(path: directory.logPath)
    #expect(findings.entries == Array(groups.joined()))
    #expect(findings.damages.isEmpty)
  }

  @Test("A log on a full disk rolls back an incomplete group, and continues when there is space")
  func fullLog() throws {
    try atEveryLogCall(FAULTY_DISK_FULL) { (log, error, sureCount) throws in
      #expect(error == .diskFull(path: directory.logPath))
      try expectLog(groups[..<sureCount])
      let (_, secondError) = append(to: &log, groups[sureCount...])
      #expect(secondError == nil)
      try expectLog(groups)
    }
  }

  @Test("After a failed fdatasync a log accepts nothing until it is reopened")
  func logSync() throws {
    try atEveryLogCall(FAULTY_DISK_SYNC) { (log, error, sureCount) throws in
      for error in [error, append(to: &log, groups[sureCount...]).error] {
        guard case .inputOutput(_, let reason)? = error else {
          Issue.record("found \(String(describing: error))")
          continue
        }
        #expect(reason.contains("fdatasync"))
      }
      log = try ResultLog(
        path: directory.logPath, identity: recordIdentity, committedOffset: log.committedOffset)
      try expectLog(groups[..<sureCount])
      #expect(append(to: &log, groups[sureCount...]).error == nil)
      try expectLog(groups)
    }
  }

  @Test("After a power failure during a write, a log has all committed and no partial entries")
  func tornLog() throws {
    var tailCount = 0
    try atEveryLogCall(FAULTY_DISK_TORN) { (log, error, sureCount) throws in
      guard case .inputOutput = error else {
        Issue.record("found \(error)")
        return
      }
      let found = try LogFindings(path: directory.logPath)
      let all = Array(groups.joined())
      #expect(found.entries.count >= 3 * sureCount)
      #expect(found.entries == Array(all.prefix(found.entries.count)))
      #expect(found.damages.allSatisfy { $0.reachesEnd })
      tailCount += found.damages.count
      log = try ResultLog(
        path: directory.logPath, identity: recordIdentity, committedOffset: log.committedOffset)
      try expectLog(groups[..<sureCount])
      #expect(append(to: &log, groups[sureCount...]).error == nil)
      try expectLog(groups)
    }
    #expect(tailCount > 0)
  }

  @Test("A log whose tail cannot be cut durably is not opened")
  func uncutLog() throws {
    defer { faulty_disk_fail(FAULTY_DISK_NONE, 0) }
    var log = try makeLog(groups, in: directory)
    let offset = log.committedOffset
    _ = try log.append([resultEntry(99)])
    faulty_disk_fail(FAULTY_DISK_SYNC, 0)
    let error = storeError {
      _ = try ResultLog(
        path: directory.logPath, identity: recordIdentity, committedOffset: offset)
    }
    guard case .inputOutput? = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test("An unreadable page of a log loses only the entries on it")
  func unreadablePage() throws {
    defer { faulty_disk_fail(FAULTY_DISK_NONE, 0) }
    _ = try makeLog(groups, in: directory)
    let whole = try LogFindings(path: directory.logPath)
    let byteCount = try directory.logBytes.count
    let ends = whole.offsets.dropFirst() + [byteCount]
    for page in 0...byteCount / 4096 {
      let lost = page * 4096..<(page + 1) * 4096
      faulty_disk_fail(FAULTY_DISK_UNREADABLE, Int32(page))
      let findings = try LogFindings(path: directory.logPath)
      #expect(faulty_disk_failures() > 0)
      let kept = zip(whole.offsets, ends).filter { !($0..<$1).overlaps(lost) }
      #expect(findings.offsets == kept.map(\.0), "page \(page)")
      #expect(findings.damages.count == 1)
    }
  }
}
