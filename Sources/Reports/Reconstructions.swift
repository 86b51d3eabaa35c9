import Foundation

/// Images that a trial reconstructed at its end, with their originals:
/// `reconstructions.safetensors`, tensors `originals` and `reconstructions`, `U8 [K, H, W, C]`.
struct Reconstructions {
  /// The images as the data set has them.
  let originals: [Raster]
  /// The same images through the narrowed bottleneck.
  let reconstructions: [Raster]
  /// What the file says about itself, such as of how many images the archive was.
  let metadata: [String: String]

  /// Reads the file.
  ///
  /// - Throws: ``FormatError`` naming the tensor.
  init(_ data: Data) throws(FormatError) {
    let file = try SafetensorsFile(data)
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

  private static func images(
    _ name: String, in file: SafetensorsFile
  ) throws(FormatError) -> [Raster] {
    let (shape, bytes) = try file.bytes(of: name)
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }), shape[3] == 1 || shape[3] == 3 else {
      throw FormatError(
        place: "tensor \(name)", found: "shape \(shape)",
        expected: "[images, height, width, 1 or 3]")
    }
    let count = shape[1] * shape[2] * shape[3]
    return (0..<shape[0]).map { index in
      let start = bytes.startIndex + index * count
      return Raster(
        width: shape[2], height: shape[1], channels: shape[3],
        bytes: Array(bytes[start..<start + count]))
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
