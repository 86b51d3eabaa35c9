import Coordination
import FaultyDisk
import Foundation
import Store
import TestSupport
import Testing
import Trials

/// A disk that is full, fails fsync, or loses power during a write, at every call in turn.
@Suite("Stores on a faulty disk", .serialized)
struct FaultyDiskTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: (1...8).map(Double.init))

  init() throws {
    directory = try TemporaryFolder(named: "faulty-disk")
    #expect(faulty_disk_install() == 0)
  }

  /// Two records each: a result of every trial, then one result discarded, computed again, and
  /// another one discarded.
  private var commits: [[JournalRecord]] {
    let (first, second) = (front.trials[0], front.trials[1])
    return front.trials.map { [lease($0), recorded($0)] } + [
      [.resultDiscarded(trial: first.id, reason: "bad memory"), lease(first, attempt: 2)],
      [
        recorded(first, attempt: 2, by: workerB),
        .resultDiscarded(trial: second.id, reason: "bad memory"),
      ],
    ]
  }

  /// Appends until the disk fails.
  ///
  /// - Returns: How many commits succeeded, and the error.
  private func append(
    to store: SweepStore, _ commits: ArraySlice<[JournalRecord]>
  ) -> (sureCount: Int, error: StoreError?) {
    for (count, records) in commits.enumerated() {
      do throws(StoreError) {
        try store.append(records)
      } catch {
        return (count, error)
      }
    }
    return (commits.count, nil)
  }

  /// Lets every write or sync of a run fail in turn, until a run has no fault.
  private func atEveryCall(
    _ fault: faulty_disk_fault, _ check: (SweepStore, StoreError?, Int) throws -> Void
  ) throws {
    defer { faulty_disk_fail(FAULTY_DISK_NONE, 0) }
    var failureCount = 0
    for count in 0..<10_000 {
      try? FileManager.default.removeItem(at: directory.url)
      let store = try open(front, in: directory)
      faulty_disk_fail(fault, Int32(count))
      let (sureCount, error) = append(to: store, commits[...])
      let hasFailed = faulty_disk_failures() > 0
      faulty_disk_fail(FAULTY_DISK_NONE, 0)
      #expect(hasFailed == (error != nil))
      try check(store, error, sureCount)
      if !hasFailed { break }
      failureCount += 1
    }
    #expect(failureCount > 8)
  }

  @Test("A full disk at any write is reported, and the store continues when there is space")
  func full() throws {
    try atEveryCall(FAULTY_DISK_FULL) { (store, error, sureCount) throws in
      if let error {
        guard case .diskFull = error else {
          Issue.record("found \(error)")
          return
        }
      }
      #expect(try store.journal() == Array(commits[..<sureCount].joined()))
      let (_, secondError) = append(to: store, commits[sureCount...])
      #expect(secondError == nil)
      #expect(try store.journal() == Array(commits.joined()))
      try expectLogWhole(in: directory)
    }
  }

  @Test("After a failed fsync no committed data is lost, and nothing is partial")
  func sync() throws {
    try atEveryCall(FAULTY_DISK_SYNC) { (store, error, sureCount) throws in
      if let error {
        guard case .inputOutput = error else {
          Issue.record("found \(error)")
          return
        }
      }
      // The state of the disk is unknown, so that nothing more may be written.
      if error != nil {
        let (_, secondError) = append(to: store, commits[sureCount...])
        guard case .inputOutput = secondError else {
          Issue.record("found \(String(describing: secondError))")
          return
        }
      }
      try? store.close()
    }
    try reopened(after: FAULTY_DISK_SYNC)
  }

  @Test("After a torn write, all committed data and no partial data are there")
  func torn() throws {
    try reopened(after: FAULTY_DISK_TORN)
  }

  @Test("If creating a store fails at any call, opening it again creates it completely")
  func making() throws {
    defer { faulty_disk_fail(FAULTY_DISK_NONE, 0) }
    for fault in [FAULTY_DISK_FULL, FAULTY_DISK_SYNC, FAULTY_DISK_TORN] {
      var failureCount = 0
      for count in 0..<200 {
        try? FileManager.default.removeItem(at: directory.url)
        faulty_disk_fail(fault, Int32(count))
        _ = try? open(front, in: directory)
        let hasFailed = faulty_disk_failures() > 0
        faulty_disk_fail(FAULTY_DISK_NONE, 0)
        let store = try open(front, in: directory)
        #expect(try store.journal() == [])
        #expect(append(to: store, commits[..<2]).error == nil)
        try expectLogWhole(in: directory, "call \(count)")
        guard hasFailed else { break }
        failureCount += 1
      }
      #expect(failureCount > 3)
    }
  }

  private func reopened(after fault: faulty_disk_fault) throws {
    for count in 0..<60 {
      try? FileManager.default.removeItem(at: directory.url)
      var sureCount = 0
      do {
        let store = try open(front, in: directory)
        faulty_disk_fail(fault, Int32(count))
        (sureCount, _) = append(to: store, commits[...])
        // Merging the log into the database uses the same disk.
        try? store.close()
        faulty_disk_fail(FAULTY_DISK_NONE, 0)
      }
      let journal = try open(front, in: directory).journal()
      #expect(journal.count.isMultiple(of: 2))
      #expect(journal.count >= 2 * sureCount)
      #expect(journal == Array(commits.joined().prefix(journal.count)))
      try expectLogWhole(in: directory, "call \(count)")
    }
  }
}
