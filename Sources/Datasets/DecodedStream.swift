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
  /// How many bytes there are according to the file, as far as it says so.
  let announcedByteCount: Int?

  /// Of the members of an archive that has no fitting one, so many are named.
  private static let memberCountMaximum = 20
  private static let listedMemberCountMaximum = 1000

  /// Opens a file that may be compressed with gzip; then all of it is checked first.
  static func file(_ url: URL) throws(DatasetError) -> DecodedStream {
    let inflatedByteCount = try GzipFile.byteCount(of: url.path)
    var reader = try ArchiveReader.open(path: url.path, format: .bytes)
    _ = try reader.nextMember()
    let fileByteCount = try OpenFile<DatasetError>(url.path, flags: O_RDONLY).byteCount()
    return DecodedStream(
      place: url.path, reader: reader, announcedByteCount: inflatedByteCount ?? fileByteCount)
  }

  /// Opens one member of a zip file.
  static func member(_ name: String, ofZip url: URL) throws(DatasetError) -> DecodedStream {
    try member(name, of: url, .zip) { $0 == name }
  }

  /// Opens the first file of this name in a tar file, in whatever folder it is.
  static func member(_ name: String, ofTar url: URL) throws(DatasetError) -> DecodedStream {
    try member(name, of: url, .tar) { $0 == name || $0.hasSuffix("/" + name) }
  }

  /// Names of a zip file's members, at most so many that a crafted one cannot fill the memory.
  static func memberNames(ofZip url: URL) throws(DatasetError) -> [String] {
    var reader = try ArchiveReader.open(path: url.path, format: .zip)
    var names: [String] = []
    while names.count < listedMemberCountMaximum, let member = try reader.nextMember() {
      names.append(member.name)
    }
    return names
  }

  private static func member(
    _ name: String, of url: URL, _ format: ArchiveReader.Format, isWanted: (String) -> Bool
  ) throws(DatasetError) -> DecodedStream {
    var reader = try ArchiveReader.open(path: url.path, format: format)
    var others: [String] = []
    while let member = try reader.nextMember() {
      guard isWanted(member.name) else {
        if others.count < memberCountMaximum { others.append(member.name) }
        continue
      }
      guard !member.isEncrypted else {
        throw .refused(
          place: "\(url.path):\(name)", found: "a member that is encrypted",
          expected: "a plain one",
          remedy: "unpack the file with its password and pack it again without")
      }
      return DecodedStream(
        place: "\(url.path):\(member.name)", reader: reader,
        announcedByteCount: member.byteCount)
    }
    throw .malformed(
      place: url.path, offset: 0, field: "members",
      found: others.isEmpty ? "none" : others.joined(separator: ", "), expected: name)
  }

  private init(
    place: String, reader: consuming ArchiveReader, announcedByteCount: Int?
  ) {
    self.place = place
    self.reader = reader
    self.announcedByteCount = announcedByteCount
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

  /// Checks that nothing follows.
  func expectEnd() throws(DatasetError) {
    var next: [UInt8] = [0]
    guard try read(into: &next) == 0 else {
      throw .malformed(
        place: place, offset: offset - 1, field: "end of the data", found: "more bytes",
        expected: "nothing after \(offset - 1) bytes")
    }
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
