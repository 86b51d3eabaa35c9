import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("An image archive reads back what was written")
struct ImageArchiveTests {
  @Test("counts, shape, name and every pixel are unchanged", arguments: ImageFixture.all)
  func roundTrip(fixture: ImageFixture) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("fixture.images")
    let digest = try fixture.write(to: url)
    let archive = try ImageArchive.open(at: url)
    #expect(archive.name == "fixture")
    #expect(archive.shape == fixture.shape)
    #expect(archive.encoding == fixture.encoding)
    #expect(archive.trainingCount == fixture.trainingCount)
    #expect(archive.evaluationCount == fixture.evaluationCount)
    for split in ImageSplit.allCases {
      for index in 0..<archive.count(of: split) {
        #expect(archive.bytes(of: index, in: split) == fixture.pixels(index, split))
      }
    }
    #expect(archive.computeDigest() == digest)
    #expect(try Digest.ofFile(at: url) == digest)
    try archive.verifyPayload()
    try archive.verify(against: digest)
    #expect(try folder.fileNames == ["fixture.images"])
  }

  @Test(
    "a bit takes an eighth of a byte and an image fills whole bytes", arguments: ImageFixture.all)
  func fileSize(fixture: ImageFixture) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("fixture.images")
    _ = try fixture.write(to: url)
    let elements = fixture.shape.elementCount
    let stored = fixture.encoding == .bit ? (elements + 7) / 8 : elements
    let size = try ImageArchive.open(at: url).byteCount
    #expect(size == 4096 + (fixture.trainingCount + fixture.evaluationCount) * stored)
    #expect(try Data(contentsOf: url).count == size)
  }

  @Test("the highest bit of the first byte is the first pixel")
  func bitOrder() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("bits.images")
    var writer = try ImageArchiveWriter(
      at: url, name: "bits", shape: ImageShape(channels: 1, height: 2, width: 5), encoding: .bit,
      trainingCount: 1, evaluationCount: 0)
    try writer.append([1, 0, 1, 1, 0, 0, 0, 1, 0, 1], to: .training)
    _ = try writer.finish()
    #expect(try Array(Data(contentsOf: url)[4096...]) == [0b1011_0001, 0b0100_0000])
  }

  @Test(
    "images are copied as v/255 or bits, in the given order, only to the destination",
    arguments: ImageFixture.all)
  func copies(fixture: ImageFixture) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("fixture.images")
    _ = try fixture.write(to: url)
    let archive = try ImageArchive.open(at: url)
    let divisor: Float = fixture.encoding == .bit ? 1 : 255
    for split in ImageSplit.allCases where archive.count(of: split) > 0 {
      let last = archive.count(of: split) - 1
      let order = [last, 0, last, last / 2]
      let expected = order.flatMap { fixture.pixels($0, split) }.map { Float($0) / divisor }
      #expect(archive.copied(split, order.map(UInt32.init)) == expected)
    }
    #expect(archive.copied(.training, []) == [])
  }

  @Test("a large archive gives the same images and digests", arguments: ImageFixture.all)
  func large(fixture: ImageFixture) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("fixture.images")
    let digest = try fixture.write(to: url)
    let archive = try ImageArchive.open(at: url, largeByteCount: 0)
    for split in ImageSplit.allCases where archive.count(of: split) > 0 {
      let last = UInt32(archive.count(of: split) - 1)
      [0, last, 0].withUnsafeBufferPointer { archive.prefetch(split, indices: $0) }
      #expect(archive.bytes(of: Int(last), in: split) == fixture.pixels(Int(last), split))
    }
    #expect(archive.computeDigest() == digest)
    try archive.verifyPayload()
  }

  @Test("every byte value becomes the float nearest to v/255")
  func allByteValues() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("ramp.images")
    var writer = try ImageArchiveWriter(
      at: url, name: "ramp", shape: ImageShape(channels: 1, height: 16, width: 16),
      encoding: .byte, trainingCount: 0, evaluationCount: 1)
    try writer.append((0...255).map { UInt8($0) }, to: .evaluation)
    _ = try writer.finish()
    let floats = try #require(try ImageArchive.open(at: url).copied(.evaluation, [0]))
    #expect(floats == (0...255).map { Float(Double($0) / 255) })
    #expect(floats.first == 0 && floats.last == 1)
  }

  @Test("an index that a part does not have traps")
  func indexOutOfRange() async {
    await #expect(processExitsWith: .failure) {
      let folder = try TemporaryFolder()
      let url = folder.file("fixture.images")
      _ = try ImageFixture.all[0].write(to: url)
      _ = try ImageArchive.open(at: url).copied(.evaluation, [3])
    }
  }

  @Test("the same images make the same file, whatever its name and whenever")
  func deterministic() throws {
    let folder = try TemporaryFolder()
    let first = try ImageFixture.all[1].write(to: folder.file("one.images"))
    let second = try ImageFixture.all[1].write(to: folder.file("two.images"))
    #expect(first == second)
    #expect(
      first.hexadecimal == "21e819a8ec3595f864e42bb324301cf22c9b48435f41bd066390585097abbd7d")
  }
}
