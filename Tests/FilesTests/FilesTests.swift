import Files
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("Durable files and locks")
struct FilesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("a file is replaced completely, without temporary files left")
  func replaced() throws {
    let file = folder.file("a")
    try DurableFile.write(Data("old".utf8), to: file)
    try DurableFile.write(Data(repeating: 7, count: 300_000), to: file)
    #expect(try Data(contentsOf: file) == Data(repeating: 7, count: 300_000))
    #expect(try folder.fileNames == ["a"])
  }

  @Test(
    "threads that replace one file at the same time leave one's content, without temporary files")
  func concurrent() throws {
    let file = folder.file("a")
    let contents = (0..<8).map { Data(repeating: UInt8($0), count: 100_000 + $0) }
    let failures = Mutex<[FileError]>([])
    for _ in 0..<10 {
      DispatchQueue.concurrentPerform(iterations: contents.count) { number in
        do throws(FileError) {
          try DurableFile.write(contents[number], to: file)
        } catch {
          failures.withLock { $0.append(error) }
        }
      }
      #expect(contents.contains(try Data(contentsOf: file)))
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try folder.fileNames == ["a"])
  }

  @Test("a failure names the call and the file, and the old content stays")
  func failure() throws {
    let missing = folder.file("no/such/folder/file")
    #expect {
      try DurableFile.write(Data(), to: missing)
    } throws: { error in
      guard let error = error as? FileError else { return false }
      return error.operation == "open" && error.code == ENOENT
        && error.description.contains("no/such/folder")
    }
    // A rename cannot replace a folder.
    let taken = try folder.folder("taken")
    #expect(throws: FileError.self) { try DurableFile.write(Data("x".utf8), to: taken) }
    #expect(try folder.fileNames == ["taken"])
  }

  @Test("a full disk is distinguished from other failures")
  func diskFull() {
    #expect(FileError("write", "/x", code: ENOSPC).isDiskFull)
    #expect(FileError("write", "/x", code: EDQUOT).isDiskFull)
    #expect(!FileError("write", "/x", code: EIO).isDiskFull)
  }

  @Test("a lock has one holder, which is named, and is free when released")
  func lock() throws {
    let file = folder.file("lock")
    var first: FileLock? = try FileLock.tryLock(file)
    #expect(first != nil)
    #expect(try FileLock.tryLock(file) == nil)
    #expect(FileLock.holder(of: file).hasPrefix("process \(getpid()) on "))
    withExtendedLifetime(first) {}
    first = nil
    #expect(try FileLock.tryLock(file) != nil)
  }
}
