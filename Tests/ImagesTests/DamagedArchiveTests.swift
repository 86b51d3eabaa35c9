import Digests
import Files
import Foundation
import Glibc
import Images
import TestSupport
import Testing

@Suite("A damaged image archive is noticed")
struct DamagedArchiveTests {
  private let folder: TemporaryFolder
  private let url: URL
  private let intact: [UInt8]
  private let digest: Digest

  init() throws {
    folder = try TemporaryFolder()
    url = folder.file("fixture.images")
    digest = try ImageFixture.all[0].write(to: url)
    intact = Array(try Data(contentsOf: url))
  }

  private func replace(with bytes: [UInt8]) throws {
    try Data(bytes).write(to: url)
  }

  /// Changes header bytes and renews the header's own digest, as a faulty writer would.
  private func replaceHeader(at offset: Int, with bytes: [UInt8]) throws {
    var forged = intact
    forged.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    forged.replaceSubrange(4064..<4096, with: Digest.of(Array(forged[..<4064])).bytes)
    try replace(with: forged)
  }

  @Test(
    "a truncated file is refused", arguments: [0, 1, 8, 4095, 4096, 4097, 4096 + 8 * 784 - 1])
  func truncated(length: Int) throws {
    try replace(with: Array(intact[..<length]))
    let error = try #require(
      throws: ImageArchiveError.self, performing: { try ImageArchive.open(at: url) })
    guard case .malformed(url.path, length, let field, let found, _) = error else {
      Issue.record("found \(error)")
      return
    }
    #expect(field == (length < 4096 ? "header" : "end of the file"))
    #expect(found == (length < 4096 ? "the end of the file" : "\(length) bytes"))
  }

  @Test("bytes after the last image are refused")
  func extended() throws {
    try replace(with: intact + [0])
    let error = #expect(throws: ImageArchiveError.self) { try ImageArchive.open(at: url) }
    #expect(
      error?.description
        == "\(url.path): end of the file at byte 10368: found 10369 bytes, "
        + "expected 10368 bytes for 5 + 3 images")
  }

  @Test(
    "a file with one flipped bit anywhere in the header is refused",
    arguments: [
      0, 7, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 127, 128, 191, 192, 4063, 4064, 4095,
    ])
  func flippedHeaderBit(offset: Int) throws {
    var bytes = intact
    bytes[offset] ^= 0x10
    try replace(with: bytes)
    #expect(throws: ImageArchiveError.self) { try ImageArchive.open(at: url) }
  }

  @Test(
    "a header that contradicts itself or the file is refused even with a correct digest",
    arguments: [
      (0, Array("BSIMAGEZ".utf8), "magic"), (8, [2, 0, 0, 0], "format version"),
      (8, [0, 0, 0, 1], "format version"), (12, [2, 0, 0, 0], "pixel encoding"),
      (12, [1, 0, 0, 0], "bytes of an image"), (16, [0, 0, 0, 0], "channels"),
      (16, [0, 0, 0, 1], "channels"), (20, [255, 255, 255, 255], "height"),
      (24, [0, 0, 0, 0], "width"), (24, [27, 0, 0, 0], "bytes of an image"),
      (28, [0, 0, 0, 0], "bytes of an image"), (32, [6], "bytes of all images"),
      (32, [UInt8](repeating: 255, count: 8), "count of training images"),
      (40, [0, 0, 0, 0, 0, 0, 0, 128], "count of evaluation images"),
      (48, [0, 0], "offset of the images"), (56, [0], "bytes of all images"),
      (128, [0], "name of the data set"), (128, [0xff, 0xfe], "name of the data set"),
      (128, [UInt8](repeating: 65, count: 64), "name of the data set"),
    ] as [(Int, [UInt8], String)])
  func forgedHeader(offset: Int, bytes: [UInt8], field: String) throws {
    try replaceHeader(at: offset, with: bytes)
    let error = try #require(
      throws: ImageArchiveError.self, performing: { try ImageArchive.open(at: url) })
    guard case .malformed(url.path, _, field, _, _) = error else {
      Issue.record("found \(error), expected \(field)")
      return
    }
  }

  @Test(
    "a changed image is found by the part's digest and by the file's", arguments: [false, true])
  func changedImage(inEvaluationPart: Bool) throws {
    var bytes = intact
    bytes[inEvaluationPart ? intact.count - 1 : 4096] ^= 1
    try replace(with: bytes)
    let archive = try ImageArchive.open(at: url)
    let part = inEvaluationPart ? "evaluation part" : "training part"
    let error = #expect(throws: ImageArchiveError.self) { try archive.verifyPayload() }
    #expect(error?.description.hasPrefix("\(url.path): the \(part) is damaged: ") == true)
    #expect(
      throws: ImageArchiveError.digestMismatch(
        path: url.path, part: "file", found: archive.computeDigest(), expected: digest)
    ) { try archive.verify(against: digest) }
  }

  @Test("a missing file or another kind of file is named")
  func notAFile() throws {
    #expect(throws: ImageArchiveError.system(FileError("open", "/none.images", code: ENOENT))) {
      try ImageArchive.open(at: URL(fileURLWithPath: "/none.images"))
    }
    let error = #expect(throws: ImageArchiveError.self) { try ImageArchive.open(at: folder.url) }
    #expect(error?.description.hasSuffix("found something else, expected a regular file") == true)
  }
}
