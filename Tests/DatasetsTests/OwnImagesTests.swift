import Datasets
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("Users' own images: folders of pictures and arrays of NumPy")
struct OwnImagesTests {
  private let folder: TemporaryFolder
  private var library: URL { folder.file("library") }

  init() throws { folder = try TemporaryFolder() }

  private func own(_ shape: String) throws -> Dataset {
    try #require(Dataset(rawValue: "mine@\(shape)"))
  }

  private func prepare(_ path: String, as shape: String) throws -> PreparedImages {
    try DatasetPreparer.prepare(
      try own(shape), from: try Fixtures.url(path), into: library, replacing: true
    ).images
  }

  private func failure(_ source: URL, as shape: String = "28x28x1") throws -> String {
    let error = try #require(throws: DatasetError.self) {
      try DatasetPreparer.prepare(try own(shape), from: source, into: library)
    }
    let left = try? FileManager.default.contentsOfDirectory(atPath: library.path)
    #expect(left ?? [] == [])
    return error.description
  }

  // Tests/Formats/compare.py reads the same pictures with Pillow and finds every pixel equal.
  @Test("a folder: cropped, scaled, in the order of paths, with its folder test separate")
  func pictures() throws {
    let images = try prepare("pictures", as: "64x64x3")
    #expect(images.trainingCount == 17 && images.evaluationCount == 2)
    let archive = try ImageArchive.open(at: images.url)
    // a/00.png to a/11.png, alpha.png, grey.png, palette.png, photo.JPG, sixteen.png
    for index in 0..<12 {
      #expect(
        archive.bytes(of: index, in: .training)
          == Fixtures.picture(index, side: 64, channels: 3))
    }
    let alpha = archive.bytes(of: 12, in: .training)
    #expect(alpha[..<9] == [255, 0, 0, 100, 100, 100, 0, 0, 0])
    let grey = archive.bytes(of: 13, in: .training)
    #expect(grey[..<3] == [255, 255, 255])
    #expect(
      archive.bytes(of: 14, in: .training) == Fixtures.picture(1, side: 64, channels: 3))
    let sixteen = archive.bytes(of: 16, in: .training)
    #expect(sixteen.first == 0 && sixteen.last == 255 && sixteen[3 * 2048] == 128)
    // test/grey.jpeg, test/one.png
    #expect(
      archive.bytes(of: 1, in: .evaluation) == Fixtures.picture(2, side: 64, channels: 3))
  }

  @Test("other files are skipped and reported")
  func remark() throws {
    let outcome = try DatasetPreparer.prepare(
      try own("28x28x1"), from: try Fixtures.url("pictures"), into: library)
    #expect(outcome.remark == "1 files that are not PNG or JPEG were skipped.")
    #expect(outcome.images.url.lastPathComponent == "mine.images")
    #expect(outcome.images.share == nil)
  }

  @Test(
    "arrays of bytes, floats and doubles give the same",
    arguments: ["grey.npy", "wide.npy", "floats.npy", "doubles.npy", "one.npz"])
  func arrays(name: String) throws {
    let images = try prepare("arrays/\(name)", as: "28x28x1")
    let pictures = try PreparedPictures(images)
    #expect(pictures.images == (0..<12).map { Fixtures.picture($0, side: 28, channels: 1) })
  }

  @Test("colour, and an npz with an evaluation part")
  func colour() throws {
    let bytes = try PreparedPictures(try prepare("arrays/bytes.npy", as: "64x64x3"))
    #expect(bytes.images == (0..<12).map { Fixtures.picture($0, side: 64, channels: 3) })
    let split = try prepare("arrays/split.npz", as: "64x64x3")
    #expect(split.trainingCount == 12 && split.evaluationCount == 3)
    let archive = try ImageArchive.open(at: split.url)
    #expect(archive.bytes(of: 2, in: .evaluation) == Fixtures.picture(2, side: 64, channels: 3))
  }

  @Test("booleans are stored as bits if no scaling is needed, else as black and white")
  func truth() throws {
    let pictures = try PreparedPictures(try prepare("arrays/bools.npy", as: "64x64x1"))
    #expect(pictures.archive.encoding == .bit)
    #expect(pictures.images[5].enumerated().filter { $1 == 1 }.map(\.offset) == [0, 5 * 64 + 63])
    let scaled = try PreparedPictures(try prepare("arrays/bools.npy", as: "28x28x1"))
    #expect(scaled.archive.encoding == .byte)
    // A pixel of 64×64 is 49/256 of one of 28×28.
    #expect(scaled.images[5][0] == 49)
  }

  @Test("colour becomes grey by the weights of its channels")
  func grey() throws {
    let pictures = try PreparedPictures(try prepare("arrays/bytes.npy", as: "64x64x1"))
    #expect(pictures.images[9][0] == 76)
    #expect(pictures.images[9][63] == 10)
    #expect(pictures.images[9][63 * 64] == 150)
  }

  @Test(
    "arrays that are refused",
    arguments: [
      ("fortran.npy", ["an array in Fortran order", "numpy.ascontiguousarray"]),
      ("big-endian.npy", ["elements of the type >f4", "the other order"]),
      ("sixteen.npy", ["elements of the type <u2", "astype('u1')"]),
      ("objects.npy", ["elements of the type |O", "numpy.stack"]),
      ("flat.npy", ["an array of [4, 784]", "numpy.transpose"]),
      ("channels.npy", ["an array of [4, 28, 28, 2]", "1 or 3 channels"]),
      ("empty.npy", ["an array of [0, 28, 28]"]),
      ("too-bright.npy", ["image 0, row 0, column 0", "found 1.5"]),
      ("nan.npy", ["image 1, row 2, column 3", "found nan", "a number from 0 to 1"]),
      ("several.npz", ["the arrays a, b", "numpy.savez_compressed"]),
      ("cut.npy", ["size of the array", "found 9436 bytes", "expected 9536"]),
      ("trailing.npy", ["size of the array", "found 9537 bytes"]),
      ("bomb.npz", ["an array of [1099511627776, 28, 28]"]),
    ])
  func badArrays(name: String, words: [String]) throws {
    // Two or four images would be too few to hold some back.
    let text = try failure(try Fixtures.url("arrays/\(name)"))
    #expect(text.contains(name))
    for word in words { #expect(text.contains(word), "\(text)") }
  }

  @Test(
    "pictures that are refused",
    arguments: [
      ("cut.png", ["the file ends too early", "save the picture again"]),
      ("flipped.png", ["what its decoder calls"]), ("cut.jpg", ["Premature end of JPEG file"]),
      ("text.png", ["the first bytes 6e 6f 74", "convert it"]),
      ("page.png", ["a page of HTML"]), ("huge.png", ["at most 16384 pixels a side"]),
      ("cmyk.jpg", ["4 colour components (CMYK)"]),
    ])
  func badPictures(name: String, words: [String]) throws {
    let pictures = folder.file("pictures")
    try FileManager.default.copyItem(at: try Fixtures.url("pictures"), to: pictures)
    try FileManager.default.copyItem(
      at: try Fixtures.url("bad-pictures/\(name)"), to: pictures.appending(path: name))
    let text = try failure(pictures)
    #expect(text.contains("pictures/\(name)"))
    for word in words { #expect(text.contains(word), "\(text)") }
  }

  @Test("folders without pictures, with too few and with test pictures only")
  func badFolders() throws {
    let empty = try folder.folder("empty")
    #expect(try failure(empty).contains("found no picture, expected files that end in .png"))
    let one = try Fixtures.url("pictures/a/00.png")
    let few = try folder.folder("few")
    for index in 0..<9 {
      try FileManager.default.copyItem(at: one, to: few.appending(path: "\(index).png"))
    }
    #expect(try failure(few).contains("found 9 images, expected at least 10"))
    let test = try folder.folder("only/test")
    try FileManager.default.copyItem(at: one, to: test.appending(path: "1.png"))
    #expect(try failure(folder.file("only")).contains("in its folder \"test\" only"))
    let text = try failure(one)
    #expect(text.contains("found a PNG image, expected a folder of PNG and JPEG files"))
  }

  @Test("a prepared set of a user's is listed and found with its shape")
  func listed() throws {
    let images = try prepare("arrays/bytes.npy", as: "64x64x3")
    let library = ArchiveLibrary(directory: library)
    let dataset = try own("64x64x3")
    #expect(library.ownImages == [dataset])
    #expect(try library.find(dataset) == images)
    #expect(library.list().last?.name == "mine")
    #expect(library.list().last?.standing == .present(images))
    let error = #expect(throws: ArchiveLibraryError.self) { try library.find(try own("28x28x1")) }
    #expect(
      error?.description.hasSuffix(
        "coordinator data prepare mine --from PATH --as 28x28x1 --data \(library.directory.path)")
        == true)
    try Data([1, 2, 3]).write(to: images.url)
    guard case .unusable = library.list().last?.standing else {
      Issue.record("a damaged archive was listed as sound")
      return
    }
  }
}
