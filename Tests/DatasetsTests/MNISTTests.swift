import Datasets
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("MNIST is read from the publisher's IDX files")
struct MNISTTests {
  private let folder: TemporaryFolder
  private let source: URL
  private let library: URL

  init() throws {
    folder = try TemporaryFolder()
    source = folder.file("source")
    library = folder.file("library")
  }

  private func prepare() throws(DatasetError) -> PreparedImages {
    try DatasetPreparer.prepare(.mnist, from: source, into: library).images
  }

  /// Prepares wrong files and returns the error; checks that no file is left.
  private func failure() throws -> DatasetError {
    let error = try #require(throws: DatasetError.self) { try prepare() }
    let left = try? FileManager.default.contentsOfDirectory(atPath: library.path)
    #expect(left ?? [] == [])
    return error
  }

  private func expectImages(_ images: PreparedImages) throws {
    #expect(images.trainingCount == MNISTFixture.trainingCount)
    #expect(images.evaluationCount == MNISTFixture.testCount)
    #expect(images.share == "7 of 70,000 images")
    let archive = try ImageArchive.open(at: images.url)
    for index in 0..<MNISTFixture.trainingCount {
      #expect(archive.bytes(of: index, in: .training) == MNISTFixture.image(index, test: false))
    }
    for index in 0..<MNISTFixture.testCount {
      #expect(archive.bytes(of: index, in: .evaluation) == MNISTFixture.image(index, test: true))
    }
  }

  @Test("plain and gzipped files give the same archive")
  func compression() throws {
    try MNISTFixture.write(to: source)
    let plain = try prepare()
    try expectImages(plain)
    try FileManager.default.removeItem(at: source)
    try FileManager.default.removeItem(at: library)
    try MNISTFixture.write(
      to: source, training: try Compressed.gzip(MNISTFixture.training),
      test: try Compressed.gzip(MNISTFixture.test), suffix: ".gz")
    let compressed = try prepare()
    try expectImages(compressed)
    #expect(plain.digest == compressed.digest)
  }

  @Test(
    "files are found by either spelling, and in the subfolder named after the data set",
    arguments: ["source", "source/mnist"], ["-idx3-ubyte", ".idx3-ubyte"])
  func spellings(place: String, ending: String) throws {
    let place = folder.file(place)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try Data(MNISTFixture.training).write(to: place.appendingPathComponent("train-images" + ending))
    try Data(MNISTFixture.test).write(to: place.appendingPathComponent("t10k-images" + ending))
    try expectImages(try prepare())
  }

  @Test(
    "files are found as torchvision and Kaggle lay them out",
    arguments: [
      ("MNIST/raw/", "MNIST/raw/"), ("raw/", "raw/"),
      ("train-images-idx3-ubyte/", "t10k-images-idx3-ubyte/"),
    ])
  func layouts(training: String, test: String) throws {
    for (place, name, bytes) in [
      (training, MNISTFixture.trainingName, MNISTFixture.training),
      (test, MNISTFixture.testName, MNISTFixture.test),
    ] {
      let file = source.appending(path: place + name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    try expectImages(try prepare())
  }

  @Test("each of the two sets in torchvision's folder is found in its own folder")
  func neighbours() throws {
    let other = [8, 9].map { MNISTFixture.idx(count: 1, pixels: Array(repeating: $0, count: 784)) }
    try MNISTFixture.write(
      to: source.appending(path: "FashionMNIST/raw"), training: other[0], test: other[1])
    try MNISTFixture.write(to: source.appending(path: "MNIST/raw"))
    try expectImages(try prepare())
    let fashion = try DatasetPreparer.prepare(.fashionMNIST, from: source, into: library).images
    #expect(fashion.trainingCount == 1)
  }

  @Test("one repeated image, and one file under both names, are refused")
  func monotony() throws {
    let white = [UInt8](repeating: 255, count: 784)
    func idx(_ count: Int) -> [UInt8] {
      MNISTFixture.idx(
        count: UInt32(count), pixels: Array(repeating: white, count: count).flatMap(\.self))
    }
    try MNISTFixture.write(to: source, training: idx(4), test: idx(3))
    #expect(try failure().description.contains("found the same image 7 times"))
    try MNISTFixture.write(to: source, test: MNISTFixture.training)
    #expect(
      try failure().description.contains("found the same images for training and for test"))
  }

  @Test("a missing file is an error that lists the folders and names searched")
  func missing() throws {
    try MNISTFixture.write(to: source)
    try FileManager.default.removeItem(at: source.appendingPathComponent(MNISTFixture.testName))
    let folders = [
      "", "/raw", "/MNIST", "/MNIST/raw", "/mnist", "/mnist/raw", "/mnist/MNIST",
      "/mnist/MNIST/raw",
    ].map { source.path + $0 }
    #expect(
      try failure().description
        == "no test images of mnist in \(folders.joined(separator: " or ")); expected one of "
        + "t10k-images-idx3-ubyte.gz, t10k-images-idx3-ubyte, t10k-images.idx3-ubyte.gz, "
        + "t10k-images.idx3-ubyte")
  }

  @Test(
    "a truncated file is an error that names offset and field",
    arguments: [
      (3, "magic"), (4, "count of images"), (11, "rows"), (12, "columns"),
      (16, "pixels of image 0 of 4"), (16 + 783, "pixels of image 0 of 4"),
      (16 + 784, "pixels of image 1 of 4"), (16 + 4 * 784 - 1, "pixels of image 3 of 4"),
    ], [false, true])
  func truncated(cut: (length: Int, field: String), compressed: Bool) throws {
    let bytes = Array(MNISTFixture.training[..<cut.length])
    try MNISTFixture.write(
      to: source, training: compressed ? try Compressed.gzip(bytes) : bytes)
    let error = try failure()
    guard case .malformed(let place, let offset, let field, let found, _) = error else {
      Issue.record("found \(error)")
      return
    }
    #expect(place == source.appendingPathComponent(MNISTFixture.trainingName).path)
    #expect(offset == cut.length)
    #expect(field == cut.field)
    #expect(found == "the end of the data")
  }

  @Test(
    "a header that is not one of MNIST images is refused",
    arguments: [
      (MNISTFixture.idx(magic: [0, 0, 8, 1], count: 4, pixels: []), "magic", "00 00 08 01"),
      (MNISTFixture.idx(magic: [3, 8, 0, 0], count: 4, pixels: []), "magic", "03 08 00 00"),
      (MNISTFixture.idx(magic: [0, 0, 0xd, 3], count: 4, pixels: []), "magic", "00 00 0d 03"),
      (MNISTFixture.idx(count: 0, pixels: []), "count of images", "0"),
      (MNISTFixture.idx(count: .max, pixels: []), "count of images", "4294967295"),
      (MNISTFixture.idx(count: 4, rows: 32, pixels: []), "rows", "32"),
      (MNISTFixture.idx(count: 4, rows: 28 << 24, pixels: []), "rows", "469762048"),
      (MNISTFixture.idx(count: 4, columns: 27, pixels: []), "columns", "27"),
    ])
  func wrongHeader(bytes: [UInt8], field: String, found: String) throws {
    try MNISTFixture.write(to: source, test: bytes)
    let error = try failure()
    guard case .malformed(_, _, field, found, _) = error else {
      Issue.record("found \(error), expected \(field) \(found)")
      return
    }
  }

  @Test("bytes after the last image are refused", arguments: [false, true])
  func extraData(compressed: Bool) throws {
    let bytes = MNISTFixture.test + [0]
    try MNISTFixture.write(to: source, test: compressed ? try Compressed.gzip(bytes) : bytes)
    let path = source.appendingPathComponent(MNISTFixture.testName).path
    #expect(
      try failure().description.hasPrefix(
        "\(path): end of the data at byte 2368: found more bytes, "
          + "expected nothing after 2368 bytes; "))
  }

  @Test("a truncated gzip file is refused")
  func truncatedGzip() throws {
    let whole = try Compressed.gzip(MNISTFixture.test)
    for length in [
      2, 5, 9, 10, 11, whole.count / 2, whole.count - 9, whole.count - 8,
      whole.count - 4, whole.count - 1,
    ] {
      try MNISTFixture.write(to: source, test: Array(whole[..<length]))
      let error = try failure()
      #expect(error.description.contains(MNISTFixture.testName), "\(length) of \(whole.count)")
    }
  }

  @Test("one flipped bit anywhere in a gzip file's data or trailer is noticed")
  func damagedGzip() throws {
    let whole = try Compressed.gzip(MNISTFixture.test)
    let offsets =
      Array(stride(from: 10, to: whole.count, by: 7)) + Array(whole.count - 8..<whole.count)
    for offset in offsets {
      var damaged = whole
      damaged[offset] ^= 0x04
      try MNISTFixture.write(to: source, test: damaged)
      _ = try failure()
    }
  }

  @Test("something appended to a gzip file is refused", arguments: [8, 100_000])
  func extendedGzip(count: Int) throws {
    let whole = try Compressed.gzip(MNISTFixture.test)
    try MNISTFixture.write(to: source, test: whole + Array(repeating: 1, count: count))
    let error = try failure()
    #expect(error.description.contains("end of the gzip data"))
    try MNISTFixture.write(
      to: source, test: whole + Array(repeating: 0, count: count) + [0x1f])
    #expect(try failure().description.contains("end of the gzip data"))
  }

  @Test("gzip of several members, as pigz and bgzip write it, and zeros after the last are read")
  func membersOfGzip() throws {
    let bytes = MNISTFixture.training
    let members = try [bytes[..<10], bytes[10..<1000], [], bytes[1000...]].map {
      try Compressed.gzip(Array($0))
    }
    let zeros = [UInt8](repeating: 0, count: 70_000)
    try MNISTFixture.write(
      to: source, training: Array(members.joined()) + zeros,
      test: try Compressed.gzip(MNISTFixture.test) + [0], suffix: ".gz")
    try expectImages(try prepare())
  }

  @Test("a bit flipped in any member of a gzip file is noticed")
  func damagedMember() throws {
    let first = try Compressed.gzip(Array(MNISTFixture.test[..<100]))
    let whole = first + (try Compressed.gzip(Array(MNISTFixture.test[100...])))
    for offset in [first.count - 8, first.count - 1, whole.count - 8, whole.count - 1] {
      var damaged = whole
      damaged[offset] ^= 0x10
      try MNISTFixture.write(to: source, test: damaged)
      _ = try failure()
    }
    try MNISTFixture.write(to: source, test: Array(whole.dropLast(9)))
    _ = try failure()
  }
}
