import Files
import Foundation
import Glibc

/// The first bytes of a file, and the format that they indicate.
///
/// A data set's file may be an error page, an unfinished download, or another format. Every reader
/// checks this first, so that the error says what the file is.
struct FileHead {
  /// The file.
  let path: String
  /// At most the first 512 bytes.
  let bytes: [UInt8]

  private static let byteCount = 512

  /// Reads the head of a file.
  ///
  /// - Throws: The failed system call, or ``DatasetError/refused(place:found:expected:remedy:)``
  ///   for an empty file, an HTML page or an unfinished download.
  init(_ url: URL, expecting expected: String) throws(DatasetError) {
    path = url.path
    if let ending = Self.unfinishedEndings.first(where: path.hasSuffix) {
      throw .refused(
        place: path, found: "a download that has not finished (\(ending))", expected: expected,
        remedy: "let it finish, or download the file again")
    }
    bytes = try OpenFile<DatasetError>(path, flags: O_RDONLY).read(at: 0, count: Self.byteCount)
    guard !bytes.isEmpty else {
      throw .refused(
        place: path, found: "an empty file", expected: expected, remedy: "download the file again")
    }
    guard !isHTML else {
      throw .refused(
        place: path, found: "a page of HTML, such as a site's error message", expected: expected,
        remedy: "look at the page with a browser and download the file again")
    }
  }

  /// The suffixes that browsers and download programs give unfinished files.
  static let unfinishedEndings = [".part", ".partial", ".crdownload", ".download", ".aria2"]

  /// Whether the file begins with these bytes.
  func begins(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// gzip, RFC 1952.
  var isGzip: Bool { begins([0x1f, 0x8b]) }
  /// A zip file that begins with a member.
  var isZip: Bool { begins([0x50, 0x4b, 3, 4]) }
  /// HDF5 without a user block.
  var isHDF5: Bool { begins([0x89] + Array("HDF\r\n\u{1a}\n".utf8)) }
  /// A pickle of protocol 2 or later, which Python writes.
  var isPickle: Bool { bytes.count > 1 && bytes[0] == 0x80 && (2...5).contains(bytes[1]) }
  /// An array in NumPy's format.
  var isNPY: Bool { begins([0x93] + Array("NUMPY".utf8)) }
  /// An image in PNG format.
  var isPNG: Bool { begins([0x89] + Array("PNG\r\n\u{1a}\n".utf8)) }
  /// An image in JPEG format.
  var isJPEG: Bool { begins([0xff, 0xd8, 0xff]) }

  private var isHTML: Bool {
    let text = String(decoding: bytes, as: UTF8.self).lowercased()
      .drop { $0.isWhitespace || $0 == "\u{feff}" }
    return ["<!doctype html", "<html", "<head", "<?xml"].contains(where: text.hasPrefix)
  }

  /// The file's format, or its first bytes, for messages.
  var summary: String {
    let names = [
      (isGzip, "a gzip file"), (isZip, "a zip file"), (isHDF5, "an HDF5 file"),
      (isPickle, "a Python pickle"), (isNPY, "a NumPy array"), (isPNG, "a PNG image"),
      (isJPEG, "a JPEG image"),
    ]
    return names.first { $0.0 }?.1 ?? "the first bytes \(hexadecimal(Array(bytes.prefix(8))))"
  }
}
