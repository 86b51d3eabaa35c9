import Datasets
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("dSprites is read from the publisher's npz file")
struct DSpritesTests {
  private let folder: TemporaryFolder
  private let source: URL
  private let library: URL

  init() throws {
    folder = try TemporaryFolder()
    source = folder.file(DSpritesFixture.name)
    library = folder.file("library")
  }

  private func prepare(_ bytes: [UInt8]) throws -> PreparedImages {
    try Data(bytes).write(to: source)
    return try DatasetPreparer.prepare(.dsprites, from: source, into: library).images
  }

  private func failure(_ bytes: [UInt8]) throws -> DatasetError {
    let error = try #require(throws: DatasetError.self) { try prepare(bytes) }
    let left = try? FileManager.default.contentsOfDirectory(atPath: library.path)
    #expect(left ?? [] == [])
    return error
  }

  /// The error of a malformed `imgs` member.
  private func failure(images: [UInt8]) throws -> String {
    try failure(DSpritesFixture.npz(images)).description
  }

  @Test(
    "deflated and stored members and every npy version give the same bits",
    arguments: [true, false], [1, 2, 3] as [UInt8])
  func variants(deflated: Bool, version: UInt8) throws {
    let count = 25
    let images = DSpritesFixture.npy(
      version: version, header: DSpritesFixture.header(count),
      content: DSpritesFixture.pixels(count: count))
    let prepared = try prepare(DSpritesFixture.npz(images, deflated: deflated))
    #expect(prepared.trainingCount == 23)
    #expect(prepared.evaluationCount == 2)
    let archive = try ImageArchive.open(at: prepared.url)
    #expect(archive.encoding == .bit)
    // The two smallest SplitMix64 outputs of 0…24, smallest first, by a separate script.
    let heldBack = [2, 4]
    let training = (0..<count).filter { !heldBack.contains($0) }
    for (place, index) in heldBack.enumerated() {
      #expect(archive.bytes(of: place, in: .evaluation) == DSpritesFixture.image(index))
    }
    for (place, index) in training.enumerated() {
      #expect(archive.bytes(of: place, in: .training) == DSpritesFixture.image(index))
    }
  }

  @Test("the file is found in a folder and in its subfolder, the complete set first")
  func found() throws {
    let nested = folder.file("data/dsprites")
    try FileManager.default.createDirectory(at: nested, withIntermediateDirectories: true)
    let official = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
    for (name, count) in [(DSpritesFixture.name, 10), (official, 20)] {
      try Data(try DSpritesFixture.npz(DSpritesFixture.images(count: count)))
        .write(to: nested.appendingPathComponent(name))
    }
    for source in [nested, folder.file("data")] {
      let outcome = try DatasetPreparer.prepare(
        .dsprites, from: source, into: library, replacing: true)
      #expect(outcome.images.trainingCount == 18)
    }
  }

  @Test("a pixel other than 0 or 1 is named by image, row and column")
  func notBinary() throws {
    var pixels = DSpritesFixture.pixels(count: 3)
    pixels[2 * 4096 + 5 * 64 + 9] = 255
    let text = try failure(
      images: DSpritesFixture.npy(header: DSpritesFixture.header(3), content: pixels))
    let offset = 10 + DSpritesFixture.header(3).utf8.count + 1 + 2 * 4096 + 5 * 64 + 9
    #expect(
      text.hasPrefix(
        "\(source.path):imgs.npy: pixel in row 5, column 9 of image 2 at byte \(offset): "
          + "found 255, expected 0 or 1; "))
  }

  @Test("an image without a shape is refused and named")
  func blank() throws {
    let pixels = DSpritesFixture.pixels(count: 2) + [UInt8](repeating: 0, count: 4096)
    let text = try failure(
      images: DSpritesFixture.npy(header: DSpritesFixture.header(3), content: pixels))
    #expect(text.contains("imgs.npy: image 2 at byte "), "\(text)")
    #expect(text.contains("found no white pixel, expected a shape, as every published image has"))
  }

  @Test(
    "an array of another type, order or shape is refused",
    arguments: [
      ("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 64, 64), }", "found <i8"),
      ("{'descr': '>u2', 'fortran_order': False, 'shape': (3, 64, 64), }", "found >u2"),
      ("{'descr': '|u1', 'fortran_order': True, 'shape': (3, 64, 64), }", "found True"),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 64), }", "found [3, 64]"),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 32, 64), }", "found [3, 32, 64]"),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 64, 64), }", "found [0, 64, 64]"),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "found [3]"),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "found []"),
      (
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 64, 64), }",
        "found [99999999999, 64, 64]"
      ),
    ])
  func wrongArray(header: String, found: String) throws {
    let text = try failure(
      images: DSpritesFixture.npy(header: header, content: DSpritesFixture.pixels(count: 3)))
    #expect(text.contains(found))
    #expect(text.contains("in the npy header"))
  }

  @Test(
    "a malformed header is refused with the offset of the error",
    arguments: [
      ("", 1), ("[]", 0), ("{'descr': '|u1', 'fortran_order': False}", 41),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 64, 64), 'more': 1, }", 63),
      ("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3, 64, 64)}", 17),
      ("{'descr': |u1, 'fortran_order': False, 'shape': (3, 64, 64)}", 10),
      ("{'descr': '|u1', 'fortran_order': false, 'shape': (3, 64, 64)}", 34),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 64, -64)}", 58),
      (
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 64, 99999999999999999999)}", 58
      ),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 64, 64)} x", 63),
      ("{'descr': '|u1', 'fortran_order': False, 'shape': (3 64 64)}", 53),
    ])
  func wrongDictionary(header: String, position: Int) throws {
    let error = try failure(
      DSpritesFixture.npz(
        DSpritesFixture.npy(header: header, content: DSpritesFixture.pixels(count: 3))))
    guard case .malformed(_, let offset, "npy header", _, _) = error else {
      Issue.record("found \(error)")
      return
    }
    #expect(offset == 10 + position)
  }

  @Test("a member that is not an npy array is refused")
  func notNPY() throws {
    let magic = try failure(images: Array("not an array at all".utf8))
    #expect(magic.contains("npy magic at byte 0: found 6e 6f 74 20 61 6e, expected 93 4e 55 4d"))
    let version = DSpritesFixture.npy(
      version: 4, header: DSpritesFixture.header(3), content: [])
    #expect(try failure(images: version).contains("npy version at byte 6: found 4.0"))
    let endless = [0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255, 255, 127]
    #expect(try failure(images: endless).contains("length of the npy header at byte 8"))
  }

  @Test("an array with too few or too many elements is refused")
  func wrongLength() throws {
    let images = DSpritesFixture.images(count: 3)
    let start = images.count - 3 * 4096
    for length in [0, 5, 7, 9, 20, start, start + 4095, start + 4096, images.count - 1] {
      let text = try failure(images: Array(images[..<length]))
      #expect(text.contains("at byte \(length): found the end of the data"))
    }
    let text = try failure(images: images + [0])
    #expect(text.contains("end of the data at byte \(images.count): found more bytes"))
  }

  @Test("an npz without images lists what it has")
  func noImages() throws {
    let zip = try Compressed.zip([("a.npy", [1]), ("b.npy", [2])])
    #expect(
      try failure(zip).description.hasPrefix(
        "\(source.path): members at byte 0: found a.npy, b.npy, expected imgs.npy; "))
  }

  @Test("what is not a zip file is refused by its magic")
  func notZip() throws {
    #expect(
      try failure(Array("\u{1}HDF".utf8)).description
        == "\(source.path): found the first bytes 01 48 44 46, expected a zip file (npz) or an "
        + "HDF5 file; name the published dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz")
    #expect(try failure([]).description.contains("found an empty file"))
  }

  @Test("a truncated zip file is refused")
  func truncatedZip() throws {
    let whole = try DSpritesFixture.npz(DSpritesFixture.images(count: 3))
    for length in [
      1, 4, 30, 200, whole.count / 2, whole.count - 60, whole.count - 22,
      whole.count - 1,
    ] {
      _ = try failure(Array(whole[..<length]))
    }
  }

  @Test(
    "one flipped bit anywhere in the images' compressed data is noticed", arguments: [true, false])
  func damagedZip(deflated: Bool) throws {
    let images = DSpritesFixture.images(count: 2)
    let whole = try Compressed.zip([("imgs.npy", images)], deflated: deflated)
    let first = 30 + "imgs.npy".utf8.count + 60
    let last = whole.count - 150
    for offset in stride(from: first, to: last, by: max(1, (last - first) / 40)) {
      var damaged = whole
      damaged[offset] ^= 0x01
      let error = try #require(throws: DatasetError.self, "byte \(offset)") {
        try prepare(damaged)
      }
      if case .archive = error { Issue.record("byte \(offset): \(error)") }
    }
  }
}
