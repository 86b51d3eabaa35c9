import Foundation
import Images
import Trials

/// CIFAR-100: 32×32 RGB photographs, scaled to 64×64 bilinearly (``ImageScaler``).
///
/// Reads the binary version, as the archive or unpacked: records of 3,074 bytes, a coarse label, a
/// fine label, then 1,024 red, 1,024 green and 1,024 blue values, each plane row by row from the
/// top. Labels are checked but not kept. A. Krizhevsky, "Learning Multiple Layers of Features from
/// Tiny Images", 2009.
struct CIFAR100Source: ImageSource {
  private let training: Part
  private let test: Part

  private static let archiveNames = ["cifar-100-binary.tar.gz", "cifar-100-binary.tar"]
  private static let pythonNames = ["cifar-100-python.tar.gz", "cifar-100-python"]
  private static let pythonRemedy =
    "download the binary version, cifar-100-binary.tar.gz, and name that"

  /// Finds the archive or both files, which may be gzip files, and checks their sizes.
  init(at url: URL) throws(DatasetError) {
    let published = Dataset.cifar100.publishedImageCount ?? (training: 0, test: 0)
    let finder = FileFinder(dataset: .cifar100, source: url, subfolders: ["cifar-100-binary"])
    if let archive = finder.isFile ? url : Self.archive(finder) {
      try Self.checkArchive(archive)
      training = try Part(
        try .member("train.bin", ofTar: archive), countMaximum: published.training)
      test = try Part(try .member("test.bin", ofTar: archive), countMaximum: published.test)
    } else {
      training = try Part(
        try Self.file("training images", "train", finder), countMaximum: published.training)
      test = try Part(try Self.file("test images", "test", finder), countMaximum: published.test)
    }
  }

  var encoding: PixelEncoding { .byte }
  var trainingCount: Int { training.count }
  var evaluationCount: Int { test.count }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    let side = Dataset.cifar100.imageShape.width
    let scaler = ImageScaler(from: Part.side, to: side)
    for (part, split) in [(training, ImageSplit.training), (test, .evaluation)] {
      try part.read { (pixels) throws(DatasetError) in
        try receive(scaler.scaled(pixels, channels: 3), split)
      }
    }
  }

  /// The archive in the finder's folders, if the unpacked files are not there.
  private static func archive(_ finder: FileFinder) -> URL? {
    finder.first(names("train")) == nil ? finder.first(archiveNames) : nil
  }

  private static func names(_ stem: String) -> [String] { ["\(stem).bin", "\(stem).bin.gz"] }

  private static func checkArchive(_ url: URL) throws(DatasetError) {
    let head = try FileHead(url, expecting: "cifar-100-binary.tar.gz")
    guard !url.lastPathComponent.hasPrefix("cifar-100-python"), !head.isPickle else {
      throw .refused(
        place: url.path, found: "the version of CIFAR-100 for Python (a pickle)",
        expected: "cifar-100-binary.tar.gz", remedy: pythonRemedy)
    }
    guard head.isGzip || url.pathExtension == "tar" else {
      throw .refused(
        place: url.path, found: head.summary, expected: "cifar-100-binary.tar.gz",
        remedy: "name the archive, or the folder of train.bin and test.bin")
    }
    if head.isGzip { _ = try GzipFile.byteCount(of: url.path) }
  }

  private static func file(
    _ content: String, _ stem: String, _ finder: FileFinder
  ) throws(DatasetError) -> DecodedStream {
    guard let url = finder.first(names(stem)) else {
      if let python = finder.first(pythonNames + [stem]) {
        throw .refused(
          place: python.path, found: "the version of CIFAR-100 for Python (a pickle)",
          expected: "\(stem).bin of the binary version", remedy: pythonRemedy)
      }
      return try .file(try finder.find(content, names(stem) + archiveNames))
    }
    _ = try FileHead(url, expecting: "records of CIFAR-100")
    return try .file(url)
  }

  /// One file of records.
  private struct Part {
    /// Width and height of the images.
    static let side = 32
    private static let labelByteCount = 2
    private static let byteCount = labelByteCount + 3 * side * side

    let count: Int
    private let stream: DecodedStream

    /// Checks the file's size, if known.
    init(_ stream: DecodedStream, countMaximum: Int) throws(DatasetError) {
      let size = stream.announcedByteCount ?? 0
      let (count, rest) = size.quotientAndRemainder(dividingBy: Self.byteCount)
      guard rest == 0, (1...countMaximum).contains(count) else {
        throw .malformed(
          place: stream.place, offset: 0, field: "size of the records", found: "\(size) bytes",
          expected: "1 to \(countMaximum) records of \(Self.byteCount) bytes (CIFAR-100, binary)")
      }
      self.count = count
      self.stream = stream
    }

    /// Passes every image on, with interleaved channels, and checks that nothing follows.
    func read(_ receive: ([UInt8]) throws(DatasetError) -> Void) throws(DatasetError) {
      var record = [UInt8](repeating: 0, count: Self.byteCount)
      let planeCount = Self.side * Self.side
      for index in 0..<count {
        let start = stream.offset
        try stream.fill(&record, "record \(index) of \(count)")
        for (place, (name, limit)) in [("coarse", 20), ("fine", 100)].enumerated() {
          guard record[place] < limit else {
            throw .malformed(
              place: stream.place, offset: start + place,
              field: "\(name) label of image \(index)", found: "\(record[place])",
              expected: "0 to \(limit - 1)")
          }
        }
        let pixels = [UInt8](unsafeUninitializedCapacity: 3 * planeCount) { pixels, filled in
          for place in 0..<planeCount {
            for channel in 0..<3 {
              pixels.initializeElement(
                at: 3 * place + channel,
                to: record[Self.labelByteCount + channel * planeCount + place])
            }
          }
          filled = 3 * planeCount
        }
        try receive(pixels)
      }
      try stream.expectEnd()
    }
  }
}
