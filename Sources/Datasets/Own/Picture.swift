import CPictures
import Files
import Foundation
import Glibc

/// A decoded PNG or JPEG picture.
struct Picture {
  /// `height × width × channels` values in that order.
  let pixels: [UInt8]
  let height: Int
  let width: Int
  /// 1 for grey, 3 for RGB.
  let channels: Int

  /// Files of more bytes are refused.
  private static let byteLimit = 64 << 20
  private static let sideLimit: UInt32 = 16_384
  private static let pixelLimit: UInt64 = 25_000_000

  /// Reads a file; its first bytes determine the format.
  ///
  /// C functions `picture_decode_png` and `picture_decode_jpeg` of `CPictures`, which describe the
  /// handling of depth, opacity and gamma.
  init(_ url: URL) throws(DatasetError) {
    let head = try FileHead(url, expecting: "a PNG or JPEG picture")
    guard head.isPNG || head.isJPEG else {
      throw .refused(
        place: url.path, found: head.summary, expected: "a PNG or JPEG picture",
        remedy: "take the file away or convert it")
    }
    let file = try OpenFile<DatasetError>(url.path, flags: O_RDONLY)
    let size = try file.byteCount()
    guard size <= Self.byteLimit else {
      throw .refused(
        place: url.path, found: "\(size) bytes", expected: "at most \(Self.byteLimit)",
        remedy: "scale the picture down")
    }
    let bytes = try file.read(at: 0, count: size)
    var decoded = picture()
    defer { picture_free(&decoded) }
    let decode = head.isPNG ? picture_decode_png : picture_decode_jpeg
    switch decode(bytes, bytes.count, Self.sideLimit, Self.pixelLimit, &decoded) {
    case picture_decoded: break
    case picture_no_memory: throw .system(FileError("malloc", url.path, code: ENOMEM))
    default:
      throw .refused(
        place: url.path, found: "what its decoder calls \"\(Self.text(decoded))\"",
        expected: "a whole \(head.isPNG ? "PNG" : "JPEG") picture, grey or RGB, of at most "
          + "\(Self.sideLimit) pixels a side and \(Self.pixelLimit) in all",
        remedy: "remove the file, or save the picture again")
    }
    height = Int(decoded.height)
    width = Int(decoded.width)
    channels = Int(decoded.channels)
    pixels = Array(UnsafeBufferPointer(start: decoded.pixels, count: height * width * channels))
  }

  private static func text(_ decoded: picture) -> String {
    withUnsafeBytes(of: decoded.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
