import Digests
import Foundation
import Images
import Testing
import Trials

/// A small archive with known pixels.
struct ImageFixture: CustomTestStringConvertible {
  var shape: ImageShape
  var encoding: PixelEncoding
  var trainingCount: Int
  var evaluationCount: Int

  var testDescription: String {
    "\(trainingCount) + \(evaluationCount) images of \(shape), \(encoding)"
  }

  /// Shapes whose bits do and do not fill whole bytes, and parts that are empty.
  static let all = [
    ImageFixture(
      shape: ImageShape(channels: 1, height: 28, width: 28), encoding: .byte, trainingCount: 5,
      evaluationCount: 3),
    ImageFixture(
      shape: ImageShape(channels: 1, height: 64, width: 64), encoding: .bit, trainingCount: 4,
      evaluationCount: 2),
    ImageFixture(
      shape: ImageShape(channels: 3, height: 5, width: 7), encoding: .byte, trainingCount: 3,
      evaluationCount: 0),
    ImageFixture(
      shape: ImageShape(channels: 1, height: 5, width: 7), encoding: .bit, trainingCount: 0,
      evaluationCount: 3),
    ImageFixture(
      shape: ImageShape(channels: 1, height: 1, width: 1), encoding: .bit, trainingCount: 2,
      evaluationCount: 1),
    ImageFixture(
      shape: ImageShape(channels: 3, height: 1, width: 3), encoding: .bit, trainingCount: 2,
      evaluationCount: 2),
  ]

  /// The values of one image, different in every image; every byte value occurs.
  func pixels(_ index: Int, _ split: ImageSplit) -> [UInt8] {
    let salt = split == .training ? 0 : 101
    return (0..<shape.elementCount).map { element in
      let pattern = (element &* 37) ^ ((index &* 59 &+ salt) &* 2_654_435_761)
      let value = UInt8(truncatingIfNeeded: pattern)
      return encoding == .bit ? (value ^ value >> 3) & 1 : value
    }
  }

  /// Writes the archive, with interleaved parts, and returns the writer's digest.
  func write(to url: URL) throws -> Digest {
    var writer = try ImageArchiveWriter(
      at: url, name: "fixture", shape: shape, encoding: encoding, trainingCount: trainingCount,
      evaluationCount: evaluationCount)
    for index in 0..<max(trainingCount, evaluationCount) {
      if index < evaluationCount { try writer.append(pixels(index, .evaluation), to: .evaluation) }
      if index < trainingCount { try writer.append(pixels(index, .training), to: .training) }
    }
    return try writer.finish()
  }
}

extension ImageArchive {
  /// Copies images between guard values and returns the floats; nil if a guard was overwritten.
  func copied(_ split: ImageSplit, _ indices: [UInt32]) -> [Float]? {
    let guardCount = 16
    let guardValue: Float = -12345.5
    let count = indices.count * shape.elementCount
    var floats = [Float](repeating: guardValue, count: count + 2 * guardCount)
    floats.withUnsafeMutableBufferPointer { floats in
      indices.withUnsafeBufferPointer { indices in
        guard let base = floats.baseAddress else { return }
        copyImages(split, indices: indices, into: base + guardCount)
      }
    }
    let guards = floats.prefix(guardCount) + floats.suffix(guardCount)
    guard guards.allSatisfy({ $0 == guardValue }) else { return nil }
    return Array(floats[guardCount..<guardCount + count])
  }
}
