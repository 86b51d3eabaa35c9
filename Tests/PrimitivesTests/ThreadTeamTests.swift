import Foundation
import Primitives
import Synchronization
import Testing

@Suite("Thread team")
struct ThreadTeamTests {
  @Test("every thread runs once per round, and the caller sees its writes", arguments: 1...5)
  func rounds(count: Int) {
    let team = ThreadTeam(count: count)
    // Unsynchronised memory: a round without a barrier would lose a number.
    let sums = UnsafeMutablePointer<Int>.allocate(capacity: count * 16)
    sums.initialize(repeating: 0, count: count * 16)
    defer { sums.deallocate() }
    var total = 0
    for round in 0..<4_000 {
      team.run { thread in sums[thread * 16] += round + thread }
      total += (0..<count).reduce(0) { $0 + round + $1 }
      guard (0..<count).reduce(0, { $0 + sums[$1 * 16] }) == total else {
        Issue.record("round \(round) of \(count) threads")
        return
      }
    }
  }

  @Test("sleeping threads wake up, and the caller waits for a slow thread", arguments: [2, 4])
  func sleeping(count: Int) {
    let team = ThreadTeam(count: count)
    for slow in 0..<2 * count {
      Thread.sleep(forTimeInterval: 0.01)
      let calls = Atomic<Int>(0)
      team.run { thread in
        if thread == slow % count { Thread.sleep(forTimeInterval: 0.01) }
        calls.add(1, ordering: .relaxed)
      }
      #expect(calls.load(ordering: .relaxed) == count)
    }
  }

  @Test("work runs on different threads")
  func differentThreads() {
    let team = ThreadTeam(count: 3)
    let names = Mutex<Set<UInt>>([])
    team.run { _ in names.withLock { _ = $0.insert(UInt(pthread_self())) } }
    #expect(names.withLock { $0.count } == 3)
  }

  @Test(
    "shares cover a range without overlap and are split at whole units",
    arguments: [(0, 1), (1, 1), (3, 1), (8, 1), (64, 2), (65, 4), (1000, 64)])
  func shares(length: Int, unit: Int) {
    for count in 1...5 {
      let team = ThreadTeam(count: count)
      let ranges = Mutex<[Range<Int>]>([])
      team.share(7..<7 + length, unit: unit) { range, thread in
        #expect((0..<count).contains(thread))
        ranges.withLock { $0.append(range) }
      }
      let sorted = ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
      #expect(sorted.flatMap { Array($0) } == Array(7..<7 + length))
      for range in sorted { #expect((range.lowerBound - 7).isMultiple(of: unit)) }
    }
  }

  @Test("a team's threads end with it")
  func ends() throws {
    func threads() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count {
        let name = try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
        return name == "ending team\n"
      }
    }
    var team: ThreadTeam? = ThreadTeam(count: 4, name: "ending team")
    team?.run { _ in }
    func wait(for count: Int) throws -> Bool {
      let deadline = Date().addingTimeInterval(10)
      while try threads() != count {
        if Date() > deadline { return false }
        Thread.sleep(forTimeInterval: 0.01)
      }
      return true
    }
    #expect(try wait(for: 3))
    team = nil
    #expect(try wait(for: 0))
  }
}
