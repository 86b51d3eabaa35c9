import Foundation
import Glibc
import Images
import TestSupport
import Testing
import Trials

@Suite("A large archive is read image by image")
struct PrefetchTests {
  private static let pageByteCount = Int(getpagesize())

  /// Which pages of a file are in memory.
  private func pagesInMemory(_ url: URL) throws -> [Bool] {
    let file = open(url.path, O_RDONLY)
    defer { close(file) }
    let count = Int(try #require(try url.resourceValues(forKeys: [.fileSizeKey]).fileSize))
    let start = try #require(mmap(nil, count, PROT_READ, MAP_SHARED, file, 0))
    defer { munmap(start, count) }
    var pages = [UInt8](repeating: 0, count: (count + Self.pageByteCount - 1) / Self.pageByteCount)
    try #require(mincore(start, count, &pages) == 0)
    return pages.map { $0 & 1 == 1 }
  }

  @Test("prefetched images are in the cache before they are copied, their neighbours are not")
  func prefetch() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("large.images")
    // Four pages per image, 16 MiB.
    let shape = ImageShape(channels: 1, height: 4 * Self.pageByteCount / 64, width: 64)
    var writer = try ImageArchiveWriter(
      at: url, name: "large", shape: shape, encoding: .byte, trainingCount: 1024,
      evaluationCount: 0)
    let image = [UInt8](repeating: 7, count: shape.elementCount)
    for _ in 0..<1024 { try writer.append(image, to: .training) }
    _ = try writer.finish()

    let file = open(url.path, O_RDONLY)
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    close(file)
    // On a file system in memory nothing is read from a disk.
    guard try !pagesInMemory(url).contains(true) else { return }

    let archive = try ImageArchive.open(at: url, largeByteCount: 0)
    [100, 900].withUnsafeBufferPointer { archive.prefetch(.training, indices: $0) }
    var pages: [Bool] = []
    for _ in 0..<500 {
      pages = try pagesInMemory(url)
      if pages[401..<405].allSatisfy(\.self), pages[3601..<3605].allSatisfy(\.self) { break }
      usleep(10_000)
    }
    #expect(pages[401..<405].allSatisfy(\.self) && pages[3601..<3605].allSatisfy(\.self))
    #expect(archive.bytes(of: 500, in: .training) == image)
    // The header's page and three images.
    #expect(try pagesInMemory(url).count { $0 } == 1 + 3 * 4)
  }
}
