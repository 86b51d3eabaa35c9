import Foundation
import Images
import Trials

/// The dSprites images, (count, 64, 64) values 0 or 1: the member `imgs` of an npz file, or the
/// data set `imgs` of the HDF5 file with the same content.
///
/// L. Matthey, I. Higgins, A. Lerchner, D. Hassabis, "dSprites: Disentanglement testing Sprites
/// dataset", 2017. Published subsets have the same layout with fewer images. The set has no test
/// split, so ``HeldBackSample`` is used for evaluation.
struct DSpritesSource: ImageSource {
  private let images: any ImageSequence
  private let sample: HeldBackSample

  private static let name = "imgs"
  private static let shape = Dataset.dsprites.imageShape

  /// The complete set, then its published subsets from large to small.
  static let fileNames = [
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5",
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64_subset64834.npz",
    "dsprites_downsampled.npz",
    "dsprites_subset.npz",
  ]

  /// Finds the file, which `url` itself may be, and reads the header of its images.
  init(at url: URL) throws(DatasetError) {
    let file = try FileFinder(dataset: .dsprites, source: url)
      .findOrTake("npz or hdf5 file", Self.fileNames)
    let head = try FileHead(file, expecting: "a zip file (npz) or an HDF5 file")
    let countMaximum = Dataset.dsprites.publishedImageCount?.training ?? 0
    if head.isHDF5 {
      images = try HDF5Images(
        path: file.path, name: Self.name, extents: [Self.shape.height, Self.shape.width],
        countMaximum: countMaximum)
    } else if head.isZip {
      images = try NPYImages(
        try .member("\(Self.name).npy", ofZip: file), shape: Self.shape,
        countMaximum: countMaximum)
    } else {
      throw .refused(
        place: file.path, found: head.summary, expected: "a zip file (npz) or an HDF5 file",
        remedy: "name the published \(Self.fileNames[0])")
    }
    sample = HeldBackSample(ofTotal: images.count)
  }

  var encoding: PixelEncoding { .bit }
  var trainingCount: Int { sample.trainingCount }
  var evaluationCount: Int { sample.count }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    var dealer = HeldBackDealer(sample)
    try images.read { (image, index) throws(DatasetError) in
      let bits = image.withUnsafeBufferPointer { $0.reduce(0) { $0 | $1 } }
      guard bits != 0 else {
        throw .malformed(
          place: images.place, offset: images.headerByteCount + index * image.count,
          field: "image \(index)", found: "no white pixel",
          expected: "a shape, as every published image has one")
      }
      if bits > 1, let pixel = Self.grey(image) {
        let row = pixel / Self.shape.width
        let column = pixel % Self.shape.width
        throw .malformed(
          place: images.place, offset: images.headerByteCount + index * image.count + pixel,
          field: "pixel in row \(row), column \(column) of image \(index)",
          found: "\(image[pixel])", expected: "0 or 1")
      }
      try dealer.deal(image, to: receive)
    }
    try dealer.finish(receive)
  }

  /// The first pixel that is neither 0 nor 1.
  private static func grey(_ image: [UInt8]) -> Int? {
    image.firstIndex { $0 > 1 }
  }
}
