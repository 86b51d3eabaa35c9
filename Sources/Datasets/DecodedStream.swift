import Digests
import Files
import Foundation
import Glibc

/// The decompressed bytes of a file or an archive member, in order.
///
/// Each read names its field, so that the error for a short file says what is missing.
final class DecodedStream {
  /// The file, and the member if there is one, for messages.
  let place: String
  /// The number of bytes read.
  private(set) var offset = 0

  private var reader: ArchiveReader
  /// The number of bytes that the file states, if it does.
  let announcedByteCount: Int?

  /// The most members named in the error for a missing one.
  private static let memberCountMaximum = 20
  private static let listedMemberCountMaximum = 1000

  /// Opens a file.
  ///
  /// A gzip file is first checked completely.
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

  /// Opens the first file of this name in a tar file, in any folder.
  static func member(_ name: String, ofTar url: URL) throws(DatasetError) -> DecodedStream {
    try member(name, of: url, .tar) { $0 == name || $0.hasSuffix("/" + name) }
  }

  /// Names of a zip file's members; limited, so that a crafted file cannot fill the memory.
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

  /// Fills `buffer` with the next bytes; if the stream ends before, the error names `field`.
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

  /// Reads up to the buffer's count of bytes.
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

/// The bytes in hexadecimal digits for messages, or that there are none.
func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.isEmpty ? "the end of the data" : bytes.hexadecimalPairs
}
