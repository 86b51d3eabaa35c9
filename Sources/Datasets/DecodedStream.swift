import Files
import Foundation
import Glibc

/// The decompressed bytes of a file, or of one member of a zip file, from first to last.
///
/// Every demand for bytes names what they are for, so that a file that is too short is reported
/// with what was missing.
final class DecodedStream {
  /// The file, and the member if there is one, for messages.
  let place: String
  /// How many bytes have been read.
  private(set) var offset = 0

  private var reader: ArchiveReader
  private var trailer: GzipTrailer?

  /// Opens a file that may be compressed with gzip.
  static func file(_ url: URL) throws(DatasetError) -> DecodedStream {
    let trailer = try GzipTrailer.ofFile(url.path)
    var reader = try ArchiveReader.open(path: url.path, format: .bytes)
    _ = try reader.nextMember()
    return DecodedStream(place: url.path, reader: reader, trailer: trailer)
  }

  /// Opens one member of a zip file.
  static func member(_ name: String, ofZip url: URL) throws(DatasetError) -> DecodedStream {
    let head = try OpenFile<DatasetError>(url.path, flags: O_RDONLY).read(at: 0, count: 4)
    guard head == [0x50, 0x4b, 3, 4] else {
      throw .malformed(
        place: url.path, offset: 0, field: "magic", found: hexadecimal(head),
        expected: "50 4b 03 04 (a zip file)")
    }
    var reader = try ArchiveReader.open(path: url.path, format: .zip)
    var others: [String] = []
    while let member = try reader.nextMember() {
      if member == name {
        return DecodedStream(place: "\(url.path):\(name)", reader: reader, trailer: nil)
      }
      others.append(member)
    }
    throw .malformed(
      place: url.path, offset: 0, field: "members",
      found: others.isEmpty ? "none" : others.joined(separator: ", "), expected: name)
  }

  private init(place: String, reader: consuming ArchiveReader, trailer: GzipTrailer?) {
    self.place = place
    self.reader = reader
    self.trailer = trailer
  }

  /// Fills `buffer` with the next bytes; a stream that ends before is an error that says what
  /// `field` they were for.
  func fill(_ buffer: inout [UInt8], _ field: @autoclosure () -> String) throws(DatasetError) {
    let start = offset
    let count = try read(into: &buffer)
    guard count == buffer.count else {
      throw .malformed(
        place: place, offset: offset, field: field(), found: "the end of the data",
        expected: "\(buffer.count) bytes from byte \(start) on")
    }
  }

  /// The next `count` bytes.
  func bytes(_ count: Int, _ field: @autoclosure () -> String) throws(DatasetError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    try fill(&buffer, field())
    return buffer
  }

  /// Checks that nothing follows, and that the checksum of what was read is right.
  func expectEnd() throws(DatasetError) {
    var next: [UInt8] = [0]
    guard try read(into: &next) == 0 else {
      throw .malformed(
        place: place, offset: offset - 1, field: "end of the data", found: "more bytes",
        expected: "nothing after \(offset - 1) bytes")
    }
    try trailer?.check(place: place, byteCount: offset)
  }

  /// Reads as many bytes as there are, at most the buffer's count.
  private func read(into buffer: inout [UInt8]) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count {
      var failure: DatasetError?
      let count = buffer.withUnsafeMutableBytes { bytes in
        do throws(DatasetError) {
          return try reader.read(
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]), offset: offset)
        } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      guard count > 0 else { break }
      trailer?.append(buffer[filled..<filled + count])
      filled += count
      offset += count
    }
    return filled
  }
}

/// Bytes as pairs of hexadecimal digits, separated by spaces.
func hexadecimal(_ bytes: [UInt8]) -> String {
  guard !bytes.isEmpty else { return "the end of the data" }
  return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
