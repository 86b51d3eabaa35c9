import Digests
import Foundation
import Supervision
import TestSupport
import Testing
import Trials
import Wire

@testable import WorkerService

@Suite("Files that a worker process leaves for the next one")
struct WorkerFolderTests {
  private let folder: TemporaryFolder
  private var cache: URL { folder.url }

  init() throws { folder = try TemporaryFolder() }

  private func assignment(_ sweep: String) -> Assignment {
    Assignment(
      sweep: sweep, trial: TrialID(rawValue: 7), attempt: 2, configuration: Samples.configuration,
      images: Digest.of("images"), imagesByteCount: 6)
  }

  private func id(_ sweep: String, launch: Int = 1) -> WorkID {
    WorkID(sweep: sweep, trial: TrialID(rawValue: 7), launch: launch)
  }

  @Test("workers that start at the same time leave each other's folders alone")
  func startTogether() async throws {
    let cache = cache
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for start in 0..<50 {
            let own = try WorkerFolder(cache: cache, worker: "\(worker)-\(start)")
            #expect(own.inspect() == .init())
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("results of one trial for two sweeps are two results, each with its own files")
  func twoSweeps() throws {
    do {
      let first = try WorkerFolder(cache: cache, worker: "first")
      for (launch, sweep) in ["a", "b"].enumerated() {
        let folder = try first.prepare(id(sweep, launch: launch), assignment(sweep))
        try Data(ReceivedResult(Samples.result).bytes).write(
          to: folder.appending(path: WorkerFolder.resultFileName))
        try Data(sweep.utf8).write(to: folder.appending(path: "file"))
      }
    }
    let second = try WorkerFolder(cache: cache, worker: "second")
    #expect(Set(second.held.map(\.work.sweep)) == ["a", "b"])
    #expect(Set(second.held.map(\.work.launch)).count == 2)
    for held in second.held {
      let folder = try #require(second.url(of: held.work))
      #expect(
        try String(contentsOf: folder.appending(path: "file"), encoding: .utf8)
          == held.work.sweep)
    }
    second.discard(second.held[0].work)
    #expect(second.url(of: second.held[1].work) != nil)
  }

  @Test("an unreadable result is reported and kept, and its checkpoints can be resumed from")
  func unreadable() throws {
    do {
      let first = try WorkerFolder(cache: cache, worker: "first")
      for (launch, sweep) in ["a", "b"].enumerated() {
        let folder = try first.prepare(id(sweep, launch: launch), assignment(sweep))
        try Data("torn".utf8).write(to: folder.appending(path: WorkerFolder.resultFileName))
        try Data("10".utf8).write(to: folder.appending(path: "checkpoint-10.safetensors"))
      }
    }
    let second = try WorkerFolder(cache: cache, worker: "second")
    #expect(second.held.isEmpty)
    #expect(second.leftCheckpoints(of: TrialID(rawValue: 7)).map(\.step).contains(10))
    #expect(Set(second.unreadable.map(\.file)).count == 2)
    for kept in second.unreadable {
      #expect(try String(contentsOf: kept.file, encoding: .utf8) == "torn")
    }
    let third = try WorkerFolder(cache: cache, worker: "third")
    #expect(third.unreadable.isEmpty)
  }

  @Test("a result that cannot be moved stays where it is, for the next worker")
  func immovable() throws {
    do {
      let first = try WorkerFolder(cache: cache, worker: "first")
      let folder = try first.prepare(id("a"), assignment("a"))
      try Data("torn".utf8).write(to: folder.appending(path: WorkerFolder.resultFileName))
    }
    let obstacle = cache.appending(path: "unreadable")
    try Data().write(to: obstacle)
    do {
      let second = try WorkerFolder(cache: cache, worker: "second")
      let found = try #require(second.unreadable.first)
      #expect(found.reason.contains("it could not be moved"))
      #expect(try String(contentsOf: found.file, encoding: .utf8) == "torn")
    }
    try FileManager.default.removeItem(at: obstacle)
    let third = try WorkerFolder(cache: cache, worker: "third")
    #expect(third.unreadable.map(\.file.lastPathComponent).first?.hasPrefix("first-") == true)
  }

  @Test("checkpoints of an unfinished trial are found, newest first, until the trial is done")
  func leftCheckpoints() throws {
    do {
      let first = try WorkerFolder(cache: cache, worker: "first")
      let folder = try first.prepare(id("a"), assignment("a"))
      for step in [9, 10] {
        try Data("\(step)".utf8).write(
          to: folder.appending(path: "checkpoint-\(step).safetensors"))
      }
    }
    // If the adopting worker dies too, nothing is lost.
    do {
      let second = try WorkerFolder(cache: cache, worker: "second")
      #expect(second.leftCheckpoints(of: TrialID(rawValue: 7)).map(\.step) == [10, 9])
      second.removeIfEmpty(keepsCheckpoints: true)
    }
    let third = try WorkerFolder(cache: cache, worker: "third")
    let leftCheckpoints = third.leftCheckpoints(of: TrialID(rawValue: 7))
    #expect(leftCheckpoints.map(\.step) == [10, 9])
    #expect(try String(contentsOf: leftCheckpoints[0].url, encoding: .utf8) == "10")
    _ = try third.prepare(id("a"), assignment("a"))
    third.discard(id("a"))
    #expect(third.leftCheckpoints(of: TrialID(rawValue: 7)).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: leftCheckpoints[0].url.path))
  }
}
