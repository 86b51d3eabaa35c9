import Foundation
import TestSupport
import Testing

@testable import Files

@Suite("Free space on a disk")
struct FreeSpaceTests {
  @Test(
    "any number of blocks of any size gives a count of bytes that sums do not overflow",
    arguments: [
      (UInt64.max, UInt64.max), (.max, 4096), (.max, 1), (1 << 62, 2), (1 << 60, 1),
    ])
  func huge(blocks: UInt64, size: UInt64) {
    #expect(FreeSpace.byteCount(blocks: blocks, of: size) == FreeSpace.byteCountMaximum)
  }

  @Test("an honest disk's space is exact")
  func honest() throws {
    #expect(FreeSpace.byteCount(blocks: 1000, of: 4096) == 4_096_000)
    #expect(FreeSpace.byteCount(blocks: 0, of: 4096) == 0)
    let folder = try TemporaryFolder()
    #expect(try FreeSpace.byteCount(at: folder.url.path) > 0)
  }

  @Test("a path that is not there is an error that names it")
  func missing() throws {
    let error = try #require(
      throws: FileError.self, performing: { try FreeSpace.byteCount(at: "/no/such/place") })
    #expect(
      error.description.hasPrefix("/no/such/place: statvfs failed: No such file or directory"))
  }
}
