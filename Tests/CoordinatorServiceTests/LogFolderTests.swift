import Coordination
import Digests
import Foundation
import Logging
import TestSupport
import Testing
import Transfers
import Trials
import Wire

@testable import CoordinatorService

@Suite("The folder of logs")
struct LogFolderTests {
  private let folder: TemporaryFolder
  private let blobs: BlobStore

  init() throws {
    folder = try TemporaryFolder()
    blobs = try BlobStore(folder: folder.file("blobs"))
  }

  private func folderOfLogs(_ maximum: (byteCount: Int, fileCount: Int)) -> LogFolder {
    LogFolder(
      folder: folder.file("logs"), blobs: blobs, logger: Logger(label: "test"),
      folderMaximum: maximum)
  }

  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.file("logs").path)) ?? [])
      .sorted()
  }

  private func lines(_ count: Int) -> WorkerMessage.LogLines {
    .init(lines: [String](repeating: String(repeating: "x", count: 99), count: count))
  }

  /// Makes a log older, so that the order of the logs is known.
  private func age(_ name: String, by seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -seconds)],
      ofItemAtPath: folder.file("logs/\(name)").path)
  }

  @Test("all workers' logs together stay below a bound; the oldest go first, attempts' logs stay")
  func bytes() throws {
    var logs = folderOfLogs((byteCount: 20_000, fileCount: 100))
    let trial = TrialID(rawValue: 1)
    for worker in 0..<20 {
      logs.append(lines(20), of: WorkerID("w\(worker)"))
      try age("w\(worker).log", by: Double(100 - worker))
      if worker == 0 {
        logs.keep(try blobs.insert(Array("it broke".utf8)), of: trial, attempt: 1)
      }
    }
    let kept = names.filter { $0.hasSuffix(".log") }
    #expect((7...10).contains(kept.count))
    #expect(kept.contains("w19.log") && !kept.contains("w0.log"))
    #expect(names.contains("\(trial).1.txt"))
    // A second coordinator counts what the first has left.
    var next = folderOfLogs((byteCount: 20_000, fileCount: 100))
    for worker in 20..<40 { next.append(lines(20), of: WorkerID("w\(worker)")) }
    #expect(names.count { $0.hasSuffix(".log") } <= 10)
  }

  @Test("there are no more than so many of them, however small")
  func files() {
    var logs = folderOfLogs((byteCount: 1 << 20, fileCount: 40))
    for worker in 0..<1_000 { logs.append(lines(1), of: WorkerID("w\(worker)")) }
    #expect((25...40).contains(names.count))
    #expect(names.contains("w999.log"))
  }

  @Test("an attempt's log is the last one that was kept, and no larger than a log can be")
  func attempts() throws {
    var logs = folderOfLogs(LogFolder.folderMaximum)
    let trial = TrialID(rawValue: 2)
    for text in ["forged", "true"] {
      logs.keep(try blobs.insert(Array(text.utf8)), of: trial, attempt: 3)
    }
    let file = folder.file("logs/\(trial).3.txt")
    #expect(try String(contentsOf: file, encoding: .utf8) == "true")
    logs.keep(
      try blobs.insert([UInt8](repeating: 0, count: 5 << 20)), of: trial, attempt: 4)
    #expect(names == ["\(trial).3.txt"])
  }
}
