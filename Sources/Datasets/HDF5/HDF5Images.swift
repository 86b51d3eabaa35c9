/// The images of a data set inside an HDF5 file: unsigned bytes of the extents count, height, width
/// and, for colour, channels.
///
/// A chunk of a published file has a small square of many images, in 3dshapes.h5 4×4 pixels of one
/// channel of 15,000 images, so an image is in hundreds of chunks. Images are read in bands of as
/// many images as a chunk has. Chunks that are uncompressed or compressed with zlib are read raw,
/// and inflated and transposed on all cores; other layouts are read by the library. The library is
/// only used on the calling thread, because it has at best one global lock.
///
/// Memory: one band, at most ``bandByteLimit``, and at most as much again for its chunks.
struct HDF5Images: ImageSequence {
  let count: Int
  let headerByteCount = 0
  let place: String

  private let dataset: HDF5Dataset
  private let imageByteCount: Int
  private let bandCount: Int
  private let tiles: HDF5Tiles?

  /// The most bytes of images decoded at a time.
  private static let bandByteLimit = 192 << 20
  private static let chunkByteLimit = 64 << 20

  /// Opens a file and checks type, extents, layout and filters of the images.
  ///
  /// - Parameters:
  ///   - name: The data set inside the file.
  ///   - extents: The extents of one image.
  ///   - countMaximum: The most images allowed.
  init(
    path: String, name: String, extents: [Int], countMaximum: Int
  ) throws(DatasetError) {
    dataset = try HDF5Dataset(path: path, name: name)
    place = dataset.place
    try dataset.expectBytes()
    let found = try dataset.extents()
    guard found.count == extents.count + 1, (1...countMaximum).contains(found[0]),
      Array(found.dropFirst()) == extents
    else {
      throw .malformed(
        place: place, offset: 0, field: "extents", found: "\(found)",
        expected: "1 to \(countMaximum) images of \(extents)")
    }
    count = found[0]
    imageByteCount = extents.reduce(1, *)
    let limit = Self.bandByteLimit / imageByteCount
    let layout = try dataset.layout(rank: found.count, chunkByteLimit: Self.chunkByteLimit)
    if let chunk = layout.chunk, chunk[0] <= limit {
      bandCount = chunk[0]
      tiles = layout.isPlainOrDeflated ? HDF5Tiles(image: extents, chunk: chunk) : nil
    } else {
      bandCount = min(limit, 1024)
      tiles = nil
    }
  }

  func read(_ receive: ([UInt8], Int) throws(DatasetError) -> Void) throws(DatasetError) {
    let band = UnsafeMutableBufferPointer<UInt8>.allocate(
      capacity: min(bandCount, count) * imageByteCount)
    defer { band.deallocate() }
    for first in stride(from: 0, to: count, by: bandCount) {
      let images = min(bandCount, count - first)
      let part = UnsafeMutableBufferPointer(rebasing: band[..<(images * imageByteCount)])
      if let tiles {
        try tiles.read(from: dataset, first: first, count: images, into: part)
      } else {
        try dataset.read(first: first, count: images, into: part)
      }
      for index in 0..<images {
        let start = index * imageByteCount
        try receive(Array(part[start..<start + imageByteCount]), first + index)
      }
    }
  }
}
