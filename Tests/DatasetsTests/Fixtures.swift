import Datasets
import Foundation
import Images
import TestSupport
import Testing
import Trials

/// The small files in published formats that `Tests/Formats/make.py` makes.
enum Fixtures {
  /// A file or folder among them.
  static func url(_ path: String) throws -> URL {
    try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(path)")
  }

  static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: url(path))) }

  /// Picture `index` as the script draws it, with blocks of the scale's size in its corners.
  static func picture(_ index: Int, side: Int, channels: Int, block: Int = 1) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: side * side * channels)
    for row in 0..<block {
      for column in 0..<block {
        func place(_ row: Int, _ column: Int) -> Int { (row * side + column) * channels }
        pixels[place(row, column)] = 255
        for channel in 0..<channels {
          pixels[place(row, side - 1 - column) + channel] = UInt8(index + 1)
        }
        pixels[place(side - 1 - row, column) + channels / 2] = channels == 3 ? 255 : 128
      }
    }
    return pixels
  }
}

/// All images of an archive in the order of their file, including those held back.
struct PreparedPictures {
  let images: [[UInt8]]
  let archive: ImageArchive

  init(_ prepared: PreparedImages) throws {
    archive = try ImageArchive.open(at: prepared.url)
    let total = archive.trainingCount + archive.evaluationCount
    let order = (0..<total).sorted { Self.mix($0) < Self.mix($1) }
    let heldBack = order.prefix(archive.evaluationCount)
    var images = [[UInt8]](repeating: [], count: total)
    for (place, index) in heldBack.enumerated() {
      images[index] = archive.bytes(of: place, in: .evaluation)
    }
    for (place, index) in order.dropFirst(heldBack.count).sorted().enumerated() {
      images[index] = archive.bytes(of: place, in: .training)
    }
    self.images = images
  }

  /// Number `index` of SplitMix64 from seed 0.
  private static func mix(_ index: Int) -> UInt64 {
    var bits = (UInt64(index) &+ 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}
