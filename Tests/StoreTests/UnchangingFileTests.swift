import Coordination
import Foundation
import TestSupport
import Testing
import Trials

@testable import Store

/// Records on read-only and full disks, where SQLite cannot write beside them.
@Suite("Records that are read as files that nobody changes")
struct UnchangingFileTests {
  private let front = plan(tolerances: [1, 2])

  /// A reader that neither has nor makes a file beside the database.
  private func reader(of directory: TemporaryFolder) throws -> SweepReader {
    let file = StoreFile(directory: directory.url)
    return SweepReader(
      queue: try file.openForReading(try #require(file.unchangingName)), path: file.path)
  }

  @Test("everything recorded is read, and nothing is written beside the database")
  func read() throws {
    let directory = try TemporaryFolder(named: "a folder with ? and % in it")
    let store = try open(front, in: directory)
    try store.append([lease(front.trials[0]), recorded(front.trials[0])])
    try store.close()
    let before = try directory.fileNames
    let reader = try reader(of: directory)
    #expect(try reader.results().trials.map(\.status) == [.complete, .waiting])
    #expect(try reader.plan() == front)
    #expect(try directory.fileNames == before)
  }

  @Test("once a coordinator writes again, reading is refused instead of being wrong")
  func changed() throws {
    let directory = try TemporaryFolder()
    try open(front, in: directory).close()
    let reader = try reader(of: directory)
    #expect(try reader.history().isEmpty)
    let store = try open(front, in: directory)
    try store.append([lease(front.trials[0])])
    let error = storeError { _ = try reader.history() }
    guard case .inputOutput(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("give the command again"), "\(reason)")
    try store.close()
    #expect(storeError { _ = try reader.history() } != nil)
  }
}
