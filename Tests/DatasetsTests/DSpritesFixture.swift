import Foundation
import Trials

/// A small dSprites file: an npz as NumPy writes it.
enum DSpritesFixture {
  static let name = "dsprites_subset.npz"

  static func image(_ index: Int) -> [UInt8] {
    (0..<4096).map { ($0 ^ index) % 5 == 0 || $0 == index ? 1 : 0 }
  }

  static func pixels(count: Int) -> [UInt8] { (0..<count).flatMap { image($0) } }

  static func npy(
    magic: [UInt8] = [0x93] + Array("NUMPY".utf8), version: UInt8 = 1, header: String,
    content: [UInt8]
  ) -> [UInt8] {
    let text = Array((header + "\n").utf8)
    let lengthBytes = version == 1 ? 2 : 4
    let length = (0..<lengthBytes).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return magic + [version, 0] + length + text + content
  }

  static func header(_ count: Int) -> String {
    "{'descr': '|u1', 'fortran_order': False, 'shape': (\(count), 64, 64), }        "
  }

  static func images(count: Int) -> [UInt8] {
    npy(header: header(count), content: pixels(count: count))
  }

  /// Members around the images, as in the published files.
  static func npz(_ images: [UInt8], deflated: Bool = true) throws -> [UInt8] {
    let latents = npy(
      header: "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
      content: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
    return try Compressed.zip(
      [("latents_values.npy", latents), ("imgs.npy", images), ("metadata.npy", [1, 2, 3])],
      deflated: deflated)
  }
}
