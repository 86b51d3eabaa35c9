import Coordination
import Foundation
import Store
import TestSupport
import Testing
import Trials

@Suite("Speed of the store")
struct ReplaySpeedTests {
  /// Prints times, asserts none: 200,000 records in release, 20,000 in debug builds.
  @Test("Many records are appended in group commits and replayed as they were")
  func manyRecords() throws {
    #if DEBUG
      let count = 5_000
    #else
      let count = 100_000
    #endif
    let directory = try TemporaryFolder()
    let front = plan(tolerances: (0..<count).map { Double($0) + 0.5 })
    let clock = ContinuousClock()
    let store = try open(front, in: directory)
    let appending = try clock.measure {
      for start in stride(from: 0, to: count, by: 500) {
        let group = front.trials[start..<min(start + 500, count)]
        try store.append(group.map { lease($0) })
        try store.append(group.map { recorded($0) })
      }
    }
    var journal: [JournalRecord] = []
    let replay = try clock.measure { journal = try store.journal() }
    print("store: \(count) trials, append \(appending), replay \(replay)")
    #expect(journal.count == 2 * count)
    #expect(journal.last == recorded(front.trials[count - 1]))
  }
}
