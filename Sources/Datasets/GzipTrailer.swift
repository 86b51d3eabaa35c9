import CZlib
import Files
import Foundation
import Glibc

/// What a gzip file says about the data that it holds: RFC 1952, section 2.3.1, CRC32 and ISIZE.
///
/// libarchive inflates gzip but compares neither with what it inflated, so a damaged file can pass
/// it. A file of several gzip members has several trailers and is refused: no publisher of image
/// data makes them, and only the last trailer could be found.
struct GzipTrailer {
  private let checksum: UInt32
  /// Bytes of the decompressed data, modulo 2³².
  let byteCount: UInt32
  private var running: UInt = 0

  /// The trailer of a gzip file; nil if the file is not compressed with gzip.
  static func ofFile(_ path: String) throws(DatasetError) -> GzipTrailer? {
    let file = try OpenFile<DatasetError>(path, flags: O_RDONLY)
    guard try file.read(at: 0, count: 2) == [0x1f, 0x8b] else { return nil }
    let tail = try file.read(at: max(0, try file.byteCount() - 8), count: 8)
    func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    return GzipTrailer(
      checksum: littleEndian(tail.prefix(4)), byteCount: littleEndian(tail.dropFirst(4)))
  }

  /// Decompresses a whole file and checks its trailer.
  ///
  /// For archives, of which only members are read afterwards.
  static func verify(_ url: URL) throws(DatasetError) {
    let stream = try DecodedStream.file(url)
    try stream.readToEnd()
  }

  private init(checksum: UInt32, byteCount: UInt32) {
    self.checksum = checksum
    self.byteCount = byteCount
  }

  /// Takes decompressed bytes into account; the C function is `crc32`.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    running = crc32_z(running, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
  }

  /// Compares the trailer with everything that was appended.
  func check(place: String, byteCount found: Int) throws(DatasetError) {
    guard UInt32(truncatingIfNeeded: found) == byteCount else {
      throw .malformed(
        place: place, offset: found, field: "gzip length", found: "\(found) bytes",
        expected: "\(byteCount) bytes according to the file's last four bytes")
    }
    guard UInt32(truncatingIfNeeded: running) == checksum else {
      throw .malformed(
        place: place, offset: found, field: "gzip checksum of all bytes before",
        found: String(running, radix: 16), expected: String(checksum, radix: 16))
    }
  }
}
