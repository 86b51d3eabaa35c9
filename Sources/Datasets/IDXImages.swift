import Foundation
import Trials

/// A file of images in the IDX format of the MNIST database, optionally compressed with gzip.
///
/// Big-endian 32-bit magic 2051, count, rows and columns, then the images row by row, one byte per
/// pixel.
struct IDXImages {
  /// The file.
  let url: URL
  /// The number of images in the header.
  let count: Int

  private let stream: DecodedStream
  private let shape: ImageShape

  private static let magic: [UInt8] = [0, 0, 8, 3]
  private static let countLimit: UInt32 = 100_000_000

  /// Opens a file and checks that its header states `shape`.
  init(at url: URL, shape: ImageShape) throws(DatasetError) {
    precondition(shape.channels == 1, "IDX images are grey")
    self.shape = shape
    self.url = url
    _ = try FileHead(url, expecting: "a file of images in IDX format")
    stream = try .file(url)
    let magic = try stream.bytes(4, "magic")
    guard magic == Self.magic else {
      throw .malformed(
        place: stream.place, offset: 0, field: "magic", found: hexadecimal(magic),
        expected: "\(hexadecimal(Self.magic)) (images of unsigned bytes) or gzip's 1f 8b")
    }
    count = try Self.integer(in: 1...Self.countLimit, stream, "count of images")
    for (field, extent) in [("rows", shape.height), ("columns", shape.width)] {
      _ = try Self.integer(in: UInt32(extent)...UInt32(extent), stream, field)
    }
  }

  /// Passes every image on, and checks that nothing follows.
  func read(_ receive: ([UInt8]) throws(DatasetError) -> Void) throws(DatasetError) {
    var image = [UInt8](repeating: 0, count: shape.elementCount)
    for index in 0..<count {
      try stream.fill(&image, "pixels of image \(index) of \(count)")
      try receive(image)
    }
    try stream.expectEnd()
  }

  private static func integer(
    in range: ClosedRange<UInt32>, _ stream: DecodedStream, _ field: String
  ) throws(DatasetError) -> Int {
    let offset = stream.offset
    let value = try stream.bytes(4, field).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard range.contains(value) else {
      throw .malformed(
        place: stream.place, offset: offset, field: field, found: "\(value)",
        expected: range.count == 1
          ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
    }
    return Int(value)
  }
}
