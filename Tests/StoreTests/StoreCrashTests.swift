import Coordination
import Foundation
import Store
import TestSupport
import Testing
import Trials

@Suite("Stores after a crash")
struct StoreCrashTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: (1...40).map(Double.init))

  init() throws { directory = try TemporaryFolder() }

  private var records: [JournalRecord] {
    front.trials.flatMap { [lease($0), recorded($0)] }
  }

  @Test("After every commit a crash leaves exactly what was committed")
  func everyCommit() throws {
    let store = try open(front, in: directory)
    for (count, trial) in front.trials.prefix(12).enumerated() {
      try store.append([lease(trial), recorded(trial)])
      let image = try crashImage(of: directory)
      #expect(try open(front, in: image).journal() == Array(records.prefix(2 * count + 2)))
      try expectLogWhole(in: image, "after commit \(count)")
    }
  }

  @Test("A torn write-ahead log loses whole commits from its end, and nothing else")
  func tornLog() throws {
    let store = try open(front, in: directory)
    for trial in front.trials.prefix(6) { try store.append([lease(trial), recorded(trial)]) }
    let log = try Data(contentsOf: directory.url.appending(path: "sweep.sqlite-wal"))
    var counts: [Int] = []
    for bytes in stride(from: 0, through: log.count, by: 3001) {
      let image = try crashImage(of: directory)
      try log.prefix(bytes).write(to: image.url.appending(path: "sweep.sqlite-wal"))
      let journal = try open(front, in: image).journal()
      try expectLogWhole(in: image, "\(bytes) bytes of the write-ahead log")
      #expect(journal == Array(records.prefix(journal.count)))
      #expect(journal.count.isMultiple(of: 2))
      counts.append(journal.count)
    }
    #expect(counts == counts.sorted())
    #expect(counts.first == 0)
    try store.close()
  }

  @Test("A group in the result log that was not committed is truncated")
  func uncommittedGroup() throws {
    let store = try open(front, in: directory)
    try store.append([lease(front.trials[0]), recorded(front.trials[0])])
    let before = try crashImage(of: directory)
    try store.append([lease(front.trials[1]), recorded(front.trials[1])])
    // The database of before with the log of after.
    let log = before.url.appending(path: "results.log")
    try FileManager.default.removeItem(at: log)
    try FileManager.default.copyItem(at: directory.url.appending(path: "results.log"), to: log)
    let again = try open(front, in: before)
    #expect(try again.journal() == Array(records.prefix(2)))
    try again.append([lease(front.trials[2]), recorded(front.trials[2])])
    try expectLogWhole(in: before)
  }

  @Test("After a process is killed during an append, every record that it had committed is there")
  func killed() async throws {
    let path = directory.url.path(percentEncoded: false)
    let tolerances = (1...40).map(Double.init)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, tolerances = tolerances as [Double]] in
      let front = plan(tolerances: tolerances)
      let store = try SweepStore.open(
        directory: URL(filePath: path), plan: front, sweepText: "name: front\n")
      let sure = creat(path + "/sure", 0o644)
      for attempt in 1... {
        try store.append(front.trials.map { lease($0, attempt: attempt) })
        write(sure, "x", 1)
        if attempt == 1 {
          Thread.detachNewThread {
            usleep(100_000)
            kill(getpid(), SIGKILL)
          }
        }
      }
    }
    let sureCount = try Data(contentsOf: directory.url.appending(path: "sure")).count
    let journal = try open(front, in: directory).journal()
    #expect(sureCount > 0)
    #expect(journal.count.isMultiple(of: front.trials.count))
    let commits = journal.count / front.trials.count
    #expect(commits == sureCount || commits == sureCount + 1)
    #expect(
      journal
        == (1...commits).flatMap { attempt in
          front.trials.map { lease($0, attempt: attempt) }
        })
  }
}
