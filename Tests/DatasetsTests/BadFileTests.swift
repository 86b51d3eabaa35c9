import Datasets
import Foundation
import TestSupport
import Testing
import Trials

@Suite("A wrong file is an error that says what to do")
struct BadFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The error of preparing from `source`; checks that no file is left.
  private func failure(_ dataset: Dataset, _ source: URL) throws -> String {
    let library = folder.file("library")
    let error = try #require(throws: DatasetError.self) {
      try DatasetPreparer.prepare(dataset, from: source, into: library)
    }
    let left = try? FileManager.default.contentsOfDirectory(atPath: library.path)
    #expect(left ?? [] == [])
    return error.description
  }

  /// Checks that an error names its file and contains these words, and a remedy at its end.
  private func expect(_ text: String, _ file: String, _ words: [String]) {
    #expect(text.contains(file), "\(text)")
    for word in words { #expect(text.contains(word), "\(text)") }
    #expect(text.contains("; "), "no remedy: \(text)")
  }

  @Test(
    "files of HDF5",
    arguments: [
      ("3dshapes-floats.h5", ["floating-point numbers of 4 bytes", "unsigned integers"]),
      ("3dshapes-small.h5", ["found [2, 32, 64, 3]", "images of [64, 64, 3]"]),
      ("3dshapes-renamed.h5", ["data sets", "expected images"]),
      ("3dshapes-linked.h5", ["none of that name in the file itself"]),
      ("3dshapes-virtual.h5", ["values that lie in other files", "h5repack"]),
      ("3dshapes-lzf.h5", ["the filter 32000 (lzf)", "h5repack -f GZIP=4"]),
      ("3dshapes-unfinished.h5", ["chunk at [20, 0, 0, 0]", "nothing was written there"]),
      ("dsprites.hdf5", ["expected images"]),
      ("cars/car_001_mesh.mat", ["found the first bytes 4d 41 54", "expected an HDF5 file"]),
    ])
  func hdf5(path: String, words: [String]) throws {
    expect(try failure(.shapes3d, try Fixtures.url(path)), path, words)
  }

  @Test("a truncated HDF5 file is refused")
  func truncatedHDF5() throws {
    let whole = try Fixtures.bytes("3dshapes.h5")
    for length in [1, 8, 100, 2048, whole.count / 2, whole.count - 1] {
      let file = try folder.file("3dshapes.h5", holding: Array(whole[..<length]))
      expect(try failure(.shapes3d, file), "3dshapes.h5", [])
    }
  }

  @Test("flipped bits in an HDF5 file give an error or the same kind of pictures, never a crash")
  func damagedHDF5() throws {
    let whole = try Fixtures.bytes("3dshapes.h5")
    var refused = 0
    for offset in stride(from: 0, to: whole.count, by: 397) {
      var bytes = whole
      bytes[offset] ^= 0x10
      let file = try folder.file("3dshapes.h5", holding: bytes)
      do {
        _ = try DatasetPreparer.prepare(
          .shapes3d, from: file, into: folder.file("library"), replacing: true)
      } catch { refused += 1 }
    }
    #expect(refused > 50)
  }

  @Test(
    "files of cars",
    arguments: [
      ("floats", ["class 7", "class 9 (uint8)"]), ("extents", ["[64, 128, 3, 24, 4]"]),
      ("logical", ["flags 2"]), ("no-im", ["found picture, expected im"]),
      ("uncompressed", ["found 14, expected 15 (compressed)"]),
      ("big-endian", ["big-endian numbers (MI)", "save it again"]),
      ("v73", ["version 7.3 (HDF5)", "'-v7'"]), ("cut", ["length of a variable"]),
      ("flipped", ["variable at", "more bytes"]), ("bomb", ["[65535, 65535, 3, 24, 4]"]),
    ])
  func cars(name: String, words: [String]) throws {
    let cars = try folder.folder("cars")
    try FileManager.default.copyItem(
      at: try Fixtures.url("mat/\(name).mat"), to: cars.appending(path: "car_001_mesh.mat"))
    expect(try failure(.cars3d, cars), "car_001_mesh.mat", words)
  }

  @Test("a car's file that is truncated or too long is refused")
  func truncatedCar() throws {
    let whole = try Fixtures.bytes("mat/good.mat")
    let cars = try folder.folder("cars")
    for bytes in [1, 100, 127, 128, 131, 140, whole.count - 1].map({ Array(whole[..<$0]) })
      + [whole + [0]]
    {
      try Data(bytes).write(to: cars.appending(path: "car_001_mesh.mat"))
      expect(try failure(.cars3d, cars), "car_001_mesh.mat", [])
    }
  }

  @Test(
    "a truncated or damaged archive is refused",
    arguments: [
      (Dataset.cars3d, "nips2015-analogy-data.tar.gz"), (.cifar100, "cifar-100-binary.tar.gz"),
    ])
  func archives(dataset: Dataset, name: String) throws {
    let whole = try Fixtures.bytes(name)
    for length in [5, whole.count / 2, whole.count - 9, whole.count - 1] {
      let file = try folder.file(name, holding: Array(whole[..<length]))
      expect(try failure(dataset, file), name, [])
    }
    for offset in stride(from: 40, to: whole.count, by: whole.count / 20) {
      var bytes = whole
      bytes[offset] ^= 4
      let file = try folder.file(name, holding: bytes)
      expect(try failure(dataset, file), name, [])
    }
    let other = try Compressed.gzip(Array("not an archive".utf8))
    expect(try failure(dataset, try folder.file(name, holding: other)), name, [])
  }

  @Test("CIFAR-100's version for Python, in a folder and as an archive")
  func pickle() throws {
    let words = ["the version of CIFAR-100 for Python (a pickle)", "download the binary version"]
    let unpacked = try Fixtures.url("cifar-100-python")
    expect(try failure(.cifar100, unpacked), "cifar-100-python", words)
    expect(
      try failure(.cifar100, unpacked.appending(path: "train")), "cifar-100-python/train", words)
    let archive = try folder.file("cifar-100-python.tar.gz", holding: try Compressed.gzip([1]))
    expect(try failure(.cifar100, archive), "cifar-100-python.tar.gz", words)
  }

  @Test("CIFAR records of another size or with invalid labels")
  func records() throws {
    let source = try folder.folder("cifar-100-binary")
    let test = try Fixtures.bytes("cifar-100-binary/test.bin")
    func failure(training: [UInt8]) throws -> String {
      try Data(training).write(to: source.appending(path: "train.bin"))
      try Data(test).write(to: source.appending(path: "test.bin"))
      return try self.failure(.cifar100, source)
    }
    let size = "size of the records at byte 0: found"
    expect(try failure(training: Array(test.dropLast())), "train.bin", ["\(size) 18443 bytes"])
    expect(try failure(training: test + [0]), "train.bin", ["\(size) 18445 bytes"])
    // CIFAR-10 has one label, so its records have 3,073 bytes.
    expect(
      try failure(training: [UInt8](repeating: 0, count: 10 * 3073)), "train.bin",
      ["\(size) 30730 bytes", "records of 3074 bytes"])
    var labels = test
    labels[3074 + 1] = 100
    expect(
      try failure(training: labels), "train.bin",
      ["fine label of image 1 at byte 3075: found 100, expected 0 to 99"])
  }

  @Test(
    "an HTML page under the data set's name",
    arguments: [
      (Dataset.mnist, "train-images-idx3-ubyte.gz"),
      (.dsprites, "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"), (.shapes3d, "3dshapes.h5"),
      (.cars3d, "nips2015-analogy-data.tar.gz"), (.cifar100, "cifar-100-binary.tar.gz"),
    ])
  func html(dataset: Dataset, name: String) throws {
    let page = Array("\n <!DOCTYPE HTML PUBLIC>\n<html><title>404 Not Found</title>".utf8)
    _ = try folder.file(name, holding: page)
    expect(
      try failure(dataset, folder.url), name, ["a page of HTML", "download the file again"])
    _ = try folder.file(name, holding: [])
    expect(try failure(dataset, folder.url), name, ["an empty file", "download the file again"])
  }

  @Test("a download that has not finished", arguments: [".part", ".crdownload", ".partial"])
  func unfinished(ending: String) throws {
    let name = "3dshapes.h5" + ending
    let file = try folder.file(name, holding: try Fixtures.bytes("3dshapes.h5"))
    for source in [file, folder.url] {
      expect(try failure(.shapes3d, source), name, ["a download that has not finished", "finish"])
    }
  }

  @Test("a place that does not exist")
  func nowhere() throws {
    let text = try failure(.cars3d, folder.file("nowhere"))
    #expect(text.contains("nowhere: open failed: No such file or directory; see that"))
  }

  @Test("an encrypted zip file")
  func encryptedZip() throws {
    expect(
      try failure(.dsprites, try Fixtures.url("dsprites-encrypted.npz")), "imgs.npy",
      ["a member that is encrypted", "pack it again without"])
  }
}
