import Files
import Foundation
import Glibc
import TestSupport
import Testing

/// File locks and their holders.
@Suite("Locks on files")
struct FileLockTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("a released lock is free even if a starting process has a copy of its descriptor")
  func copiedDescriptor() throws {
    let url = folder.file("lock")
    var lock = try FileLock.tryLock(url)
    #expect(lock != nil)
    let copies = try descriptors(of: url).map { dup($0) }
    #expect(copies.count == 1)
    defer { for copy in copies { close(copy) } }
    #expect(try FileLock.tryLock(url) == nil)
    lock = nil
    #expect(try FileLock.tryLock(url) != nil)
  }

  @Test("a file that is made private can be read, and so locked, by its owner alone")
  func madePrivate() throws {
    let url = folder.file("record")
    try Data("x".utf8).write(to: url)
    try #require(chmod(url.path, 0o644) == 0)
    let file = try OpenFile<FileError>(url.path, flags: O_RDWR)
    file.makePrivate()
    var status = stat()
    try #require(stat(url.path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  /// The descriptors with which this process has a file open.
  private func descriptors(of url: URL) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/fd/\(name)")
      return target == url.path ? Int32(name) : nil
    }
  }
}
