import Dispatch
import Synchronization

/// Assembles the images of a band from chunks, on all cores.
struct HDF5Tiles {
  /// Height, width and channels of an image.
  private let image: [Int]
  /// Images, rows, columns and channels of a chunk.
  private let chunk: [Int]
  /// Whether the data set has an axis for channels.
  private let hasChannels: Bool

  /// - Parameters:
  ///   - image: Height, width and, if it has that axis, channels.
  ///   - chunk: Extents of a chunk, images first.
  init(image: [Int], chunk: [Int]) {
    hasChannels = image.count == 3
    self.image = hasChannels ? image : image + [1]
    self.chunk = hasChannels ? chunk : chunk + [1]
  }

  private var chunkByteCount: Int { chunk.reduce(1, *) }
  private var imageByteCount: Int { image.reduce(1, *) }

  /// Reads the band that begins with image `first`, a multiple of the images of a chunk.
  ///
  /// Chunks are read on this thread; rows of chunks are inflated and transposed in parallel.
  func read(
    from dataset: HDF5Dataset, first: Int, count: Int, into band: UnsafeMutableBufferPointer<UInt8>
  ) throws(DatasetError) {
    var rows: [[Stored]] = []
    for row in stride(from: 0, to: image[0], by: chunk[1]) {
      var stored: [Stored] = []
      for column in stride(from: 0, to: image[1], by: chunk[2]) {
        for channel in stride(from: 0, to: image[2], by: chunk[3]) {
          let offset = [first, row, column] + (hasChannels ? [channel] : [])
          let (bytes, isDeflated) = try dataset.chunk(at: offset, byteCount: chunkByteCount)
          stored.append(
            Stored(
              row: row, column: column, channel: channel, bytes: bytes, isDeflated: isDeflated,
              offset: offset))
        }
      }
      rows.append(stored)
    }
    let failure = Mutex<DatasetError?>(nil)
    // Safe to share: each row of chunks writes to its own rows of pixels.
    nonisolated(unsafe) let band = band
    let (work, name) = (rows, dataset.place)
    DispatchQueue.concurrentPerform(iterations: work.count) { index in
      do throws(DatasetError) {
        let tiles = try work[index].map { (stored) throws(DatasetError) in
          try tile(stored, of: name)
        }
        place(tiles, count: count, into: band)
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// A chunk as stored.
  private struct Stored: Sendable {
    var row: Int
    var column: Int
    var channel: Int
    var bytes: [UInt8]
    var isDeflated: Bool
    var offset: [Int]
  }

  /// The values of a chunk, and their position in an image.
  private struct Tile {
    /// Images × rows × columns × channels of a chunk.
    var values: [UInt8]
    /// The position of its first value in an image.
    var start: Int
    /// The extents of its part inside the image.
    var rowCount: Int
    var columnCount: Int
    var channelCount: Int
  }

  private func tile(_ stored: Stored, of name: String) throws(DatasetError) -> Tile {
    var values = stored.bytes
    if stored.isDeflated {
      var inflater = try Inflater(stored.bytes[...], place: "\(name), chunk at \(stored.offset)")
      values = try inflater.bytes(chunkByteCount, "chunk")
      try inflater.expectEnd()
    }
    guard values.count == chunkByteCount else {
      throw .malformed(
        place: "\(name), chunk at \(stored.offset)", offset: 0, field: "chunk",
        found: "\(values.count) bytes", expected: "\(chunkByteCount)")
    }
    return Tile(
      values: values, start: (stored.row * image[1] + stored.column) * image[2] + stored.channel,
      rowCount: min(chunk[1], image[0] - stored.row),
      columnCount: min(chunk[2], image[1] - stored.column),
      channelCount: min(chunk[3], image[2] - stored.channel))
  }

  /// Copies the pixels of a row of chunks to the band image by image.
  ///
  /// This is two to three times as fast as chunk by chunk, because an image's rows of pixels stay
  /// in cache.
  private func place(_ tiles: [Tile], count: Int, into band: UnsafeMutableBufferPointer<UInt8>) {
    let (imageBytes, lineBytes, pixelBytes) = (imageByteCount, image[1] * image[2], image[2])
    let (channels, tileLineBytes) = (chunk[3], chunk[2] * chunk[3])
    let tileBytes = chunk[1] * tileLineBytes
    for index in 0..<count {
      for tile in tiles {
        tile.values.withUnsafeBufferPointer { values in
          var source = index * tileBytes
          var target = index * imageBytes + tile.start
          for _ in 0..<tile.rowCount {
            for column in 0..<tile.columnCount {
              for channel in 0..<tile.channelCount {
                band[target + column * pixelBytes + channel] =
                  values[
                    source + column * channels + channel]
              }
            }
            source += tileLineBytes
            target += lineBytes
          }
        }
      }
    }
  }
}
