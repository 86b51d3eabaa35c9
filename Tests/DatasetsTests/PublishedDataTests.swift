import Datasets
import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

/// The folder of published files, if there is one.
private let testData = ProcessInfo.processInfo.environment["BOTTLENECKSWEEP_TEST_DATA"]
  .map { URL(fileURLWithPath: $0) }

@Suite("The published files", .enabled(if: testData != nil))
struct PublishedDataTests {
  /// The stored images of an archive, without its header.
  private func payload(_ images: PreparedImages) throws -> Data {
    try Data(contentsOf: images.url, options: .alwaysMapped).dropFirst(4096)
  }

  // Digests of the pixels: zcat train-images-idx3-ubyte.gz | tail -c +17 | sha256sum, and the same
  // of t10k-images-idx3-ubyte.gz.
  @Test("MNIST: 60,000 and 10,000 images, pixel for pixel")
  func mnist() throws {
    let folder = try TemporaryFolder()
    let images = try DatasetPreparer.prepare(.mnist, from: testData, into: folder.url).images
    #expect(images.trainingCount == 60_000 && images.evaluationCount == 10_000)
    #expect(images.share == nil && images.remark == nil)
    let payload = try payload(images)
    #expect(
      Digest.of(payload.prefix(60_000 * 784)).hexadecimal
        == "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757")
    #expect(
      Digest.of(payload.dropFirst(60_000 * 784)).hexadecimal
        == "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161")
    #expect(
      images.digest.hexadecimal
        == "2f0d4510208c355110e3bc226a1a6186715e556291550bbc33bafa5d85aa52bc")
  }

  /// A folder with MNIST's files under other names.
  private func renamed(_ folder: URL, training: String, test: String) throws -> URL {
    let source = try #require(testData).appending(path: "mnist")
    let place = folder.appending(path: "source")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    for (name, other) in [("train-images", training), ("t10k-images", test)] {
      let packed = source.appending(path: "\(other)-idx3-ubyte.gz")
      try FileManager.default.copyItem(
        at: packed, to: place.appending(path: "\(name)-idx3-ubyte.gz"))
    }
    return place
  }

  @Test(
    "MNIST's files swapped, given twice or as Fashion-MNIST are refused and named",
    arguments: [
      (Dataset.mnist, "t10k-images", "train-images", "found 10000 training images and 60000 test"),
      (.mnist, "t10k-images", "t10k-images", "found the same images for training and for test"),
      (
        .fashionMNIST, "train-images", "t10k-images",
        "found as training images the published training images of mnist, expected those of fashion"
      ),
    ])
  func mistaken(dataset: Dataset, training: String, test: String, words: String) throws {
    let folder = try TemporaryFolder()
    let source = try renamed(folder.url, training: training, test: test)
    let library = folder.url.appending(path: "library")
    let error = try #require(throws: DatasetError.self) {
      try DatasetPreparer.prepare(dataset, from: source, into: library)
    }
    #expect(error.description.contains(words), "\(error)")
    let left = try? FileManager.default.contentsOfDirectory(atPath: library.path)
    #expect(left ?? [] == [])
  }

  // The count of white pixels and the digest are NumPy's: imgs.sum(), and packbits of the images
  // in the order of HeldBackSample behind a header after ImageArchiveHeader.
  @Test("dSprites, the published subset of 64,834 images")
  func dsprites() throws {
    let folder = try TemporaryFolder()
    let file = try #require(testData).appendingPathComponent(
      "dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64_subset64834.npz")
    let images = try DatasetPreparer.prepare(.dsprites, from: file, into: folder.url).images
    #expect(images.trainingCount == 63_810 && images.evaluationCount == 1024)
    #expect(images.share == "64,834 of 737,280 images")
    let whitePixelCount = try payload(images).withUnsafeBytes { bytes in
      bytes.bindMemory(to: UInt64.self).reduce(0) { $0 + $1.nonzeroBitCount }
    }
    #expect(whitePixelCount == 11_279_176)
    #expect(
      images.digest.hexadecimal
        == "7a32dbf7f6084a35192497e28968c314c86f9c6e4398720840f4bd80ec62de47")
  }

  // The digests were confirmed by Tests/Formats/compare.py, image by image.
  @Test("Cars3D, 40 of 183 cars")
  func cars3d() throws {
    let folder = try TemporaryFolder()
    let images = try DatasetPreparer.prepare(.cars3d, from: testData, into: folder.url).images
    #expect(images.trainingCount == 3456 && images.evaluationCount == 384)
    #expect(images.share == "40 of 183 cars")
    #expect(
      images.digest.hexadecimal
        == "5c3a4469ae34d8c5b0884bdbba10d954e4a1fe47ec6204903909498d38935a85")
  }

  @Test("CIFAR-100, half of the training images and all test images")
  func cifar100() throws {
    let folder = try TemporaryFolder()
    let images = try DatasetPreparer.prepare(.cifar100, from: testData, into: folder.url).images
    #expect(images.trainingCount == 25_000 && images.evaluationCount == 10_000)
    #expect(images.share == "35,000 of 60,000 images")
    #expect(
      images.digest.hexadecimal
        == "73e82e43467e5f50e5d3333d2faefa75833219709f5a6f05ca3d098e4420b5c2")
  }
}
