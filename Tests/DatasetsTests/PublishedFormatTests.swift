import Datasets
import Digests
import Foundation
import Images
import TestSupport
import Testing
import Trials

@Suite("Every published format is read with its colours, rows and bytes in order")
struct PublishedFormatTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func prepare(_ dataset: Dataset, _ path: String) throws -> PreparedImages {
    try DatasetPreparer.prepare(
      dataset, from: try Fixtures.url(path), into: folder.url, replacing: true
    ).images
  }

  @Test(
    "Shapes3D in every layout of HDF5: chunks as published, uneven, plain, filtered, in one piece",
    arguments: [
      ("3dshapes.h5", 40), ("3dshapes-uneven.h5", 40), ("3dshapes-plain-chunks.h5", 40),
      ("3dshapes-shuffled.h5", 40), ("3dshapes-one-piece.h5", 10),
    ])
  func shapes3d(path: String, count: Int) throws {
    let pictures = try PreparedPictures(try prepare(.shapes3d, path))
    #expect(pictures.archive.encoding == .byte)
    #expect(
      pictures.images == (0..<count).map { Fixtures.picture($0, side: 64, channels: 3) })
  }

  @Test("Shapes3D is found in a folder")
  func shapes3dFolder() throws {
    #expect(try prepare(.shapes3d, "").trainingCount == 36)
  }

  @Test(
    "dSprites as HDF5 and as zip64, stored and deflated",
    arguments: ["dsprites.hdf5", "dsprites-zip64-stored.npz", "dsprites-zip64-deflated.npz"])
  func dsprites(path: String) throws {
    let pictures = try PreparedPictures(try prepare(.dsprites, path))
    #expect(pictures.archive.encoding == .bit)
    let expected = (0..<30).map { index in
      (0..<4096).map { UInt8($0 == 0 || $0 == index * 64 + 63 ? 1 : 0) }
    }
    #expect(pictures.images == expected)
  }

  @Test("Cars3D: the archive and its folder give the same, in the list's order")
  func cars3d() throws {
    let unpacked = try prepare(.cars3d, "cars")
    let pictures = try PreparedPictures(unpacked)
    let expected = (1...3).flatMap { car in
      (0..<96).map { Fixtures.picture($0 + car, side: 64, channels: 3) }
    }
    #expect(pictures.images == expected)
    for path in ["nips2015-analogy-data.tar.gz", ""] {
      #expect(try prepare(.cars3d, path).digest == unpacked.digest)
    }
  }

  @Test("a car that the list does not have is refused, without a list names give the order")
  func carsList() throws {
    let cars = folder.file("cars")
    try FileManager.default.copyItem(at: try Fixtures.url("cars"), to: cars)
    let expected = try prepare(.cars3d, "cars").digest
    try FileManager.default.copyItem(
      at: cars.appending(path: "car_001_mesh.mat"), to: cars.appending(path: "car_009_mesh.mat"))
    let error = #expect(throws: DatasetError.self) {
      try DatasetPreparer.prepare(.cars3d, from: cars, into: folder.url, replacing: true)
    }
    #expect(
      error?.description
        == "\(cars.path)/car_009_mesh.mat: found a car that list.txt does not list, expected one of "
        + "the 4 listed ones; take the file away, or list.txt if all files are wanted")
    try FileManager.default.removeItem(at: cars.appending(path: "car_009_mesh.mat"))
    try FileManager.default.removeItem(at: cars.appending(path: "list.txt"))
    let outcome = try DatasetPreparer.prepare(
      .cars3d, from: cars, into: folder.url, replacing: true)
    #expect(outcome.images.digest == expected)
  }

  /// The corner of a picture that was scaled from 32 to 64: 9, 3, 3 and 1 sixteenths of four pixels.
  @Test("CIFAR-100: planes become pixels, scaled bilinearly; archive and files give the same")
  func cifar100() throws {
    let unpacked = try prepare(.cifar100, "cifar-100-binary")
    #expect(unpacked.trainingCount == 30 && unpacked.evaluationCount == 6)
    let archive = try ImageArchive.open(at: unpacked.url)
    for (split, index) in [(ImageSplit.training, 29), (.evaluation, 5)] {
      let image = archive.bytes(of: index, in: split)
      func pixel(_ row: Int, _ column: Int) -> [UInt8] {
        Array(image[(row * 64 + column) * 3..<(row * 64 + column) * 3 + 3])
      }
      #expect(pixel(0, 0) == [255, 0, 0] && pixel(0, 1) == [191, 0, 0])
      #expect(pixel(1, 0) == [191, 0, 0] && pixel(1, 1) == [143, 0, 0])
      #expect(pixel(0, 2) == [64, 0, 0] && pixel(2, 2) == [16, 0, 0] && pixel(0, 3) == [0, 0, 0])
      #expect(pixel(63, 0) == [0, 255, 0] && pixel(62, 1) == [0, 143, 0])
      #expect(pixel(0, 63) == [UInt8](repeating: UInt8(index + 1), count: 3))
      #expect(pixel(63, 63) == [0, 0, 0])
    }
    for path in ["cifar-100-binary.tar.gz", ""] {
      #expect(try prepare(.cifar100, path).digest == unpacked.digest)
    }
  }

  @Test("Fashion-MNIST is MNIST's format under a name of its own")
  func fashion() throws {
    try MNISTFixture.write(to: folder.file("source"))
    let images = try DatasetPreparer.prepare(
      .fashionMNIST, from: folder.file("source"), into: folder.url
    ).images
    #expect(images.url.lastPathComponent == "fashion-mnist.images")
    let archive = try ImageArchive.open(at: images.url)
    #expect(archive.name == "fashion-mnist")
    #expect(archive.bytes(of: 3, in: .training) == MNISTFixture.image(3, test: false))
  }
}
