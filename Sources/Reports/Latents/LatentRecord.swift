import Foundation
import TensorFiles

/// What a trial recorded of its latent dimensions at its end: `latents.safetensors`.
struct LatentRecord {
  /// A latent dimension over the evaluation images.
  struct Dimension: Hashable {
    /// The dimension, from 0; also its gate.
    let index: Int
    /// Whether its gate is open.
    let isOpen: Bool
    /// Mean KL from the prior.
    let divergence: Double
    /// The mean of μ.
    let mean: Double
    /// The deviation of z.
    let deviation: Double
    /// Whether it has a row of pictures.
    let isDrawn: Bool
  }

  /// The pictures along one dimension.
  struct Row {
    /// The dimension.
    let dimension: Dimension
    /// One picture per step.
    let pictures: [Raster]
  }

  /// Every dimension, in order.
  let dimensions: [Dimension]
  /// The image that the pictures begin at.
  let original: Raster
  /// Its reconstruction.
  let reconstruction: Raster
  /// The steps of a row, in deviations from the mean; empty if nothing is drawn.
  let offsets: [Double]
  /// The rows, by falling divergence.
  let rows: [Row]

  /// The number of open dimensions.
  var openCount: Int { dimensions.count(where: \.isOpen) }

  /// The open dimensions by falling divergence; those without a finite one are last.
  static func ranked(_ dimensions: [Dimension]) -> [Dimension] {
    func rank(_ dimension: Dimension) -> Double {
      dimension.divergence.isFinite ? dimension.divergence : -.infinity
    }
    return dimensions.filter(\.isOpen).sorted { rank($0) > rank($1) }
  }

  /// Reads the file.
  ///
  /// - Throws: ``FormatError`` naming the offset or the tensor.
  init(_ data: Data) throws(FormatError) {
    let file = try Safetensors.read(data)
    let open: [UInt8] = try Self.list("open", in: file)
    let count = open.count
    let divergences: [Double] = try Self.list("divergence", in: file, count: count)
    let means: [Double] = try Self.list("mean", in: file, count: count)
    let deviations: [Double] = try Self.list("deviation", in: file, count: count)
    original = try Reconstructions.images("original", in: file)[0]
    reconstruction = try Reconstructions.images("reconstruction", in: file)[0]
    let drawn = try Self.drawn(in: file, open: open)
    dimensions = open.indices.map { index in
      Dimension(
        index: index, isOpen: open[index] != 0, divergence: divergences[index],
        mean: means[index], deviation: deviations[index], isDrawn: drawn.contains(index))
    }
    guard !drawn.isEmpty else {
      (offsets, rows) = ([], [])
      return
    }
    let offsets: [Double] = try Self.list("offsets", in: file)
    guard offsets.allSatisfy(\.isFinite) else {
      throw FormatError(
        place: "tensor offsets", found: "a number that is not finite", expected: "finite numbers")
    }
    let pictures = try Self.pictures(in: file, rows: drawn.count, columns: offsets.count)
    self.offsets = offsets
    let all = dimensions
    rows = zip(drawn, pictures).map { Row(dimension: all[$0], pictures: $1) }
  }

  private static func list<Value: Safetensors.Element>(
    _ name: String, in file: Safetensors, count: Int? = nil
  ) throws(FormatError) -> [Value] {
    let tensor = file[name]
    guard let tensor, let values = tensor.elements(as: Value.self), tensor.shape.count == 1,
      !values.isEmpty, count == nil || values.count == count
    else {
      throw FormatError(
        place: "tensor \(name)", found: Safetensors.describe(tensor),
        expected: "\(Value.elementType.rawValue) [\(count.map(String.init) ?? "count")]")
    }
    return values
  }

  /// The dimensions of the rows; empty without such a tensor.
  private static func drawn(in file: Safetensors, open: [UInt8]) throws(FormatError) -> [Int] {
    guard file["rows"] != nil else { return [] }
    let numbers: [Int64] = try list("rows", in: file)
    let drawn = numbers.compactMap { Int(exactly: $0) }.filter(open.indices.contains)
    guard drawn.count == numbers.count, Set(drawn).count == drawn.count,
      drawn.allSatisfy({ open[$0] != 0 })
    else {
      throw FormatError(
        place: "tensor rows", found: "\(numbers.prefix(8))",
        expected: "open dimensions, each once")
    }
    return drawn
  }

  private static func pictures(
    in file: Safetensors, rows: Int, columns: Int
  ) throws(FormatError) -> [[Raster]] {
    let tensor = file["pictures"]
    guard let tensor, let bytes = tensor.elements(as: UInt8.self), tensor.shape.count == 5,
      tensor.shape.allSatisfy({ $0 > 0 }), tensor.shape[0] == rows, tensor.shape[1] == columns,
      [1, 3].contains(tensor.shape[4])
    else {
      throw FormatError(
        place: "tensor pictures", found: Safetensors.describe(tensor),
        expected: "U8 [\(rows), \(columns), height, width, 1 or 3]")
    }
    let (height, width, channels) = (tensor.shape[2], tensor.shape[3], tensor.shape[4])
    let count = height * width * channels
    return (0..<rows).map { row in
      (0..<columns).map { column in
        let first = (row * columns + column) * count
        return Raster(
          width: width, height: height, channels: channels,
          bytes: Array(bytes[first..<first + count]))
      }
    }
  }
}
