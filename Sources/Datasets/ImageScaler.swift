/// Scales square images to another size, exactly.
///
/// Downscaling is by area: a target pixel is the mean of the source area that it covers. Upscaling
/// is bilinear with half-pixel centres: target pixel i is at x = (i + ½)·s/t − ½ in source pixels,
/// where s and t are the sizes, and is the sum of pixels ⌊x⌋ and ⌊x⌋ + 1 with weights 1 − (x − ⌊x⌋)
/// and x − ⌊x⌋; edge pixels are repeated beyond the edge. From 32 to 64 the weights are ¼ and ¾.
///
/// Weights are integers and the sum is divided once at the end, so the result is the exact value
/// rounded to nearest, halves up.
struct ImageScaler {
  /// The size of source images.
  let sourceSide: Int
  /// The size of scaled images.
  let targetSide: Int

  /// The largest size for which sums are exact.
  static let sideLimit = 32_768

  /// The source pixels of one target pixel of a line, and their weights.
  private struct Taps {
    var first: Int
    var weights: [UInt64]
  }

  private let taps: [Taps]
  private let divisor: UInt64

  /// A scaler between two sizes, each from 1 to ``sideLimit``.
  init(from sourceSide: Int, to targetSide: Int) {
    precondition(
      (1...Self.sideLimit).contains(sourceSide) && (1...Self.sideLimit).contains(targetSide),
      "images of side \(sourceSide) and \(targetSide) cannot be scaled exactly")
    self.sourceSide = sourceSide
    self.targetSide = targetSide
    let isLarger = targetSide > sourceSide
    taps = (0..<targetSide).map {
      isLarger
        ? Self.bilinear($0, sourceSide, targetSide) : Self.area($0, sourceSide, targetSide)
    }
    let sum = isLarger ? 2 * targetSide : sourceSide
    divisor = UInt64(sum * sum)
  }

  /// The scaled image.
  ///
  /// - Parameter pixels: `sourceSide × sourceSide × channels` values in that order.
  func scaled(_ pixels: [UInt8], channels: Int) -> [UInt8] {
    precondition(
      pixels.count == sourceSide * sourceSide * channels, "an image of another size than announced")
    if sourceSide == targetSide { return pixels }
    let lineCount = sourceSide * channels
    var line = [UInt64](repeating: 0, count: lineCount)
    var target = [UInt8](repeating: 0, count: targetSide * targetSide * channels)
    pixels.withUnsafeBufferPointer { pixels in
      line.withUnsafeMutableBufferPointer { line in
        target.withUnsafeMutableBufferPointer { target in
          var next = 0
          for row in taps {
            line.update(repeating: 0)
            for (index, weight) in row.weights.enumerated() {
              let start = (row.first + index) * lineCount
              for place in 0..<lineCount { line[place] += weight * UInt64(pixels[start + place]) }
            }
            for column in taps {
              for channel in 0..<channels {
                var sum = divisor / 2
                var place = column.first * channels + channel
                for weight in column.weights {
                  sum += weight * line[place]
                  place += channels
                }
                target[next] = UInt8(sum / divisor)
                next += 1
              }
            }
          }
        }
      }
    }
    return target
  }

  /// In units of 1/t of a source pixel, target pixel i covers i·s to (i + 1)·s.
  private static func area(_ index: Int, _ source: Int, _ target: Int) -> Taps {
    let (start, end) = (index * source, (index + 1) * source)
    let first = start / target
    let weights = (first...(end - 1) / target).map { pixel in
      UInt64(min(end, (pixel + 1) * target) - max(start, pixel * target))
    }
    return Taps(first: first, weights: weights)
  }

  /// In units of 1/2t of a source pixel, target pixel i is at (2i + 1)·s − t.
  private static func bilinear(_ index: Int, _ source: Int, _ target: Int) -> Taps {
    let unit = 2 * target
    let position = (2 * index + 1) * source - target
    if position < 0 { return Taps(first: 0, weights: [UInt64(unit)]) }
    let (first, rest) = position.quotientAndRemainder(dividingBy: unit)
    if rest == 0 || first + 1 >= source { return Taps(first: first, weights: [UInt64(unit)]) }
    return Taps(first: first, weights: [UInt64(unit - rest), UInt64(rest)])
  }
}
