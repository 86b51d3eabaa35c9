import Coordination
import Foundation
import GRDB
import TestSupport
import Testing
import Trials

@testable import Store

@Suite("Foreign, damaged and locked stores")
struct StoreDamageTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: [3, 10, 30])

  init() throws { directory = try TemporaryFolder() }

  private func fill() throws {
    let store = try open(front, in: directory)
    for trial in front.trials { try store.append([lease(trial), recorded(trial)]) }
    try store.close()
  }

  private func change(_ sql: String) throws {
    // A rotten page does not ask for references.
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(
      path: directory.database.path(percentEncoded: false), configuration: configuration)
    try queue.write { try $0.execute(sql: sql) }
    try queue.close()
  }

  @Test("A second coordinator on a directory is refused, naming the first")
  func secondWriter() throws {
    let first = try open(front, in: directory)
    let error = storeError { _ = try open(front, in: directory) }
    guard case .locked(_, let holder) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(holder.hasPrefix("process \(getpid()) on "))
    try first.append([lease(front.trials[0])])
  }

  @Test("When the first coordinator is gone the directory is free")
  func lockEnds() throws {
    try fill()
    #expect(try open(front, in: directory).journal().count == 6)
  }

  @Test("Another program's database is refused and not touched")
  func foreignDatabase() throws {
    try change("CREATE TABLE cats (name TEXT)")
    let before = try Data(contentsOf: directory.database)
    guard case .foreign = storeError({ _ = try open(front, in: directory) }) else {
      Issue.record("not refused")
      return
    }
    #expect(try Data(contentsOf: directory.database) == before)
  }

  @Test("A file that is no database is refused and not touched")
  func notADatabase() throws {
    let text = Data(String(repeating: "τ,gates\n", count: 200).utf8)
    try text.write(to: directory.database)
    guard case .foreign = storeError({ _ = try open(front, in: directory) }) else {
      Issue.record("not refused")
      return
    }
    #expect(try Data(contentsOf: directory.database) == text)
  }

  @Test("A store of a newer format is refused")
  func newerFormat() throws {
    try fill()
    try change("PRAGMA user_version = 99")
    let error = storeError { _ = try open(front, in: directory) }
    guard case .newerFormat(_, 99, StoreSchema.formatVersion) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test("A truncated file is detected, wherever it ends", arguments: [0, 100, 4096, 9000, 20480])
  func truncated(to count: Int) throws {
    try fill()
    let bytes = try Data(contentsOf: directory.database)
    try #require(count < bytes.count)
    try bytes.prefix(count).write(to: directory.database)
    let error = storeError { _ = try open(front, in: directory).journal() }
    switch error {
    case .corrupted, .foreign: break
    default: Issue.record("found \(String(describing: error))")
    }
  }

  @Test("The write-ahead log of a deleted store is not applied to a new one")
  func strayLog() throws {
    try Data([1, 2, 3]).write(to: directory.url.appending(path: "sweep.sqlite-wal"))
    guard case .corrupted = storeError({ _ = try open(front, in: directory) }) else {
      Issue.record("not refused")
      return
    }
  }

  @Test(
    "A number that changed on disk is detected by its row's checksum",
    arguments: [
      "UPDATE journal SET attempt = 2 WHERE sequence = 3",
      "UPDATE journal SET worker = 'worker-c' WHERE sequence = 3",
      "DELETE FROM journal WHERE sequence = 3",
      "DELETE FROM journal WHERE sequence = 6",
      "UPDATE result SET bytes = zeroblob(length(bytes)) WHERE sequence = 4",
      "UPDATE result SET bytes = (SELECT bytes FROM result WHERE sequence = 2) WHERE sequence = 4",
      "DELETE FROM result WHERE sequence = 4",
    ])
  func rottenRow(sql: String) throws {
    try fill()
    try change(sql)
    let error = storeError { _ = try open(front, in: directory).journal() }
    guard case .corrupted = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test("A configuration that does not hash to its trial's name is detected")
  func rottenConfiguration() throws {
    try fill()
    try change("UPDATE trial SET configuration = replace(configuration, '64', '65')")
    let error = storeError {
      _ = try SweepReader.open(directory: directory.url).plan()
    }
    guard case .corrupted = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test("A place where no directory can be created is a typed error")
  func impossibleDirectory() throws {
    let file = directory.url.appending(path: "file")
    try Data().write(to: file)
    let error = storeError {
      _ = try SweepStore.open(
        directory: file.appending(path: "out"), plan: front, sweepText: "")
    }
    guard case .inputOutput(_, let reason) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(reason.contains("cannot make the directory"))
  }

  @Test("The kind of a file system is read from the kernel's table of mounts")
  func fileSystemKinds() {
    let mounts = """
      21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
      35 21 0:45 / /home rw,noatime shared:9 master:2 - nfs4 server:/home rw,vers=4.2
      """
    #expect(FileSystemKind.kind(ofDevice: "254:0", inMounts: mounts) == "ext4")
    #expect(FileSystemKind.kind(ofDevice: "0:45", inMounts: mounts) == "nfs4")
    #expect(FileSystemKind.kind(ofDevice: "0:46", inMounts: mounts) == nil)
  }
}
