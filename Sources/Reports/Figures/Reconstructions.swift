import Foundation
import TensorFiles

/// The images that a trial reconstructed at its end, and their originals:
/// `reconstructions.safetensors`, tensors `originals` and `reconstructions`, `U8 [K, H, W, C]`.
struct Reconstructions {
  /// The images of the data set.
  let originals: [Raster]
  /// Their reconstructions.
  let reconstructions: [Raster]
  /// The file's metadata, for instance the archive's number of images.
  let metadata: [String: String]

  /// Reads the file.
  ///
  /// - Throws: ``FormatError`` naming the offset or the tensor.
  init(_ data: Data) throws(FormatError) {
    let file = try Safetensors.read(data)
    metadata = file.metadata
    originals = try Self.images("originals", in: file)
    reconstructions = try Self.images("reconstructions", in: file)
    let (original, reconstruction) = (originals[0], reconstructions[0])
    guard originals.count == reconstructions.count, original.width == reconstruction.width,
      original.height == reconstruction.height, original.channels == reconstruction.channels
    else {
      throw FormatError(
        place: "tensor reconstructions", found: "another shape than originals has",
        expected: "the same")
    }
  }

  private init(
    originals: [Raster], reconstructions: [Raster], metadata: [String: String]
  ) {
    self.originals = originals
    self.reconstructions = reconstructions
    self.metadata = metadata
  }

  /// The first `count` images; at least one.
  func first(_ count: Int) -> Reconstructions {
    Reconstructions(
      originals: Array(originals.prefix(max(1, count))),
      reconstructions: Array(reconstructions.prefix(max(1, count))), metadata: metadata)
  }

  /// The images of a tensor; at least one.
  static func images(
    _ name: String, in file: Safetensors
  ) throws(FormatError) -> [Raster] {
    let tensor = file[name]
    guard let tensor, let bytes = tensor.elements(as: UInt8.self), tensor.shape.count == 4,
      tensor.shape.allSatisfy({ $0 > 0 }), [1, 3].contains(tensor.shape[3])
    else {
      throw FormatError(
        place: "tensor \(name)", found: Safetensors.describe(tensor),
        expected: "U8 [images, height, width, 1 or 3]")
    }
    let shape = tensor.shape
    let count = shape[1] * shape[2] * shape[3]
    return (0..<shape[0]).map { index in
      Raster(
        width: shape[2], height: shape[1], channels: shape[3],
        bytes: Array(bytes[index * count..<(index + 1) * count]))
    }
  }

  /// The originals above their reconstructions, as one image on white.
  var strip: Raster {
    let first = originals[0]
    let scale = max(1, 56 / first.height)
    let gap = 2 * scale
    let (cellWidth, cellHeight) = (first.width * scale + gap, first.height * scale + gap)
    var strip = Raster(
      width: cellWidth * originals.count + gap, height: 2 * cellHeight + gap,
      channels: first.channels, filledWith: 255)
    for (row, images) in [originals, reconstructions].enumerated() {
      for (column, image) in images.enumerated() {
        strip.draw(
          image, left: gap + column * cellWidth, top: gap + row * cellHeight, scale: scale)
      }
    }
    return strip
  }
}
