import Datasets
import Foundation
import Images

/// A small MNIST database: IDX files in the published format.
enum MNISTFixture {
  static let trainingCount = 4
  static let testCount = 3
  static let trainingName = "train-images-idx3-ubyte"
  static let testName = "t10k-images-idx3-ubyte"

  static func image(_ index: Int, test: Bool) -> [UInt8] {
    (0..<784).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index &* 31 &+ (test ? 128 : 0)) }
  }

  static func idx(
    magic: [UInt8] = [0, 0, 8, 3], count: UInt32, rows: UInt32 = 28, columns: UInt32 = 28,
    pixels: [UInt8]
  ) -> [UInt8] {
    let extents = [count, rows, columns].flatMap { extent in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) }
    }
    return magic + extents + pixels
  }

  static let training = idx(
    count: UInt32(trainingCount),
    pixels: (0..<trainingCount).flatMap { image($0, test: false) })
  static let test = idx(
    count: UInt32(testCount), pixels: (0..<testCount).flatMap { image($0, test: true) })

  /// Writes both files, replaced where given, into `folder`.
  static func write(
    to folder: URL, training: [UInt8] = training, test: [UInt8] = test, suffix: String = ""
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(training).write(to: folder.appendingPathComponent(trainingName + suffix))
    try Data(test).write(to: folder.appendingPathComponent(testName + suffix))
  }
}
