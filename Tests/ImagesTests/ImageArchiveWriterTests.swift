import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("An image archive is complete or missing")
struct ImageArchiveWriterTests {
  private func startedWriter(at url: URL) throws -> ImageArchiveWriter {
    try ImageArchiveWriter(
      at: url, name: "started", shape: ImageShape(channels: 1, height: 2, width: 2),
      encoding: .byte, trainingCount: 2, evaluationCount: 0)
  }

  private func drop(_ writer: consuming ImageArchiveWriter) {}

  @Test("a writer that is dropped leaves nothing")
  func dropped() throws {
    let folder = try TemporaryFolder()
    var writer = try startedWriter(at: folder.file("a.images"))
    try writer.append([1, 2, 3, 4], to: .training)
    #expect(try folder.fileNames == ["a.images.partial"])
    drop(writer)
    #expect(try folder.fileNames == [])
  }

  @Test("an older archive stays as it is until the new one is complete")
  func replaces() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.images")
    let fixture = ImageFixture.all[0]
    let digest = try fixture.write(to: url)
    let old = try ImageArchive.open(at: url)
    var writer = try startedWriter(at: url)
    #expect(try ImageArchive.open(at: url).computeDigest() == digest)
    try writer.append([1, 2, 3, 4], to: .training)
    try writer.append([5, 6, 7, 8], to: .training)
    let replacement = try writer.finish()
    #expect(try ImageArchive.open(at: url).computeDigest() == replacement)
    #expect(old.bytes(of: 4, in: .training) == fixture.pixels(4, .training))
  }

  @Test("a second writer of an archive is refused while the first is active")
  func exclusive() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.images")
    let first = try startedWriter(at: url)
    #expect(throws: ImageArchiveError.beingWritten(path: url.path)) {
      drop(try startedWriter(at: url))
    }
    drop(first)
    drop(try startedWriter(at: url))
  }

  @Test("a killed writer's partial file is overwritten")
  func takesOver() throws {
    let folder = try TemporaryFolder()
    try Data(repeating: 9, count: 100_000).write(to: folder.file("a.images.partial"))
    let fixture = ImageFixture.all[0]
    let digest = try fixture.write(to: folder.file("a.images"))
    #expect(try fixture.write(to: folder.file("b.images")) == digest)
    #expect(try folder.fileNames == ["a.images", "b.images"])
  }

  @Test("more images than a buffer holds are written completely and in order")
  func manyImages() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("many.images")
    let count = 600
    var writer = try ImageArchiveWriter(
      at: url, name: "many", shape: ImageShape(channels: 1, height: 64, width: 64),
      encoding: .byte, trainingCount: count, evaluationCount: 1)
    func image(_ index: Int) -> [UInt8] {
      [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 4095) + [UInt8(index >> 8)]
    }
    for index in 0..<count { try writer.append(image(index), to: .training) }
    try writer.append(image(77), to: .evaluation)
    _ = try writer.finish()
    let archive = try ImageArchive.open(at: url)
    try archive.verifyPayload()
    for index in 0..<count { #expect(archive.bytes(of: index, in: .training) == image(index)) }
    #expect(archive.bytes(of: 0, in: .evaluation) == image(77))
  }

  @Test("finishing without all images traps")
  func tooFewImages() async {
    await #expect(processExitsWith: .failure) {
      let folder = try TemporaryFolder()
      let writer = try ImageArchiveWriter(
        at: folder.file("a.images"), name: "a",
        shape: ImageShape(channels: 1, height: 1, width: 1), encoding: .byte, trainingCount: 1,
        evaluationCount: 0)
      _ = try writer.finish()
    }
  }

  @Test("a missing folder is named")
  func missingFolder() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("none/a.images")
    let error = #expect(throws: ImageArchiveError.self) { drop(try startedWriter(at: url)) }
    let beginning = "\(url.path).partial: open failed: No such file or directory"
    #expect(error?.description.hasPrefix(beginning) == true)
  }
}
