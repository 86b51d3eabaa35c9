import Foundation
import Images
import Trials

/// The dSprites images: the member `imgs` of an npz file, (count, 64, 64) values 0 or 1.
///
/// L. Matthey, I. Higgins, A. Lerchner, D. Hassabis, "dSprites: Disentanglement testing Sprites
/// dataset", 2017. Published subsets have the same layout with fewer images. The set has no test
/// split, so ``HeldBackSample`` is evaluated on.
struct DSpritesSource: ImageSource {
  private let stream: DecodedStream
  private let total: Int
  private let sample: HeldBackSample

  private static let member = "imgs.npy"
  private static let shape = Dataset.dsprites.imageShape
  private static let countLimit = 10_000_000

  /// The complete set first, then its published subsets, larger ones first.
  static let fileNames = [
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64_subset64834.npz",
    "dsprites_downsampled.npz",
    "dsprites_subset.npz",
  ]

  /// Finds the file, which `url` may also name itself, and reads the header of its images.
  init(at url: URL) throws(DatasetError) {
    let file = try FileFinder(dataset: .dsprites, source: url)
      .findOrTake("npz file", Self.fileNames)
    let stream = try DecodedStream.member(Self.member, ofZip: file)
    let header = try NPYHeader(stream)
    func require(_ field: String, _ found: String, _ expected: String) throws(DatasetError) {
      guard found == expected else {
        throw .malformed(
          place: stream.place, offset: 0, field: "\(field) in the npy header", found: found,
          expected: expected)
      }
    }
    try require("descr", header.elementType, "|u1")
    try require("fortran_order", header.isFortranOrder ? "True" : "False", "False")
    guard header.shape.count == 3, (1...Self.countLimit).contains(header.shape[0]),
      header.shape[1] == Self.shape.height, header.shape[2] == Self.shape.width
    else {
      throw .malformed(
        place: stream.place, offset: 0, field: "shape in the npy header",
        found: "\(header.shape)", expected: "[count, \(Self.shape.height), \(Self.shape.width)]")
    }
    self.stream = stream
    total = header.shape[0]
    sample = HeldBackSample(ofTotal: total)
  }

  var encoding: PixelEncoding { .bit }
  var trainingCount: Int { sample.trainingCount }
  var evaluationCount: Int { sample.count }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    var image = [UInt8](repeating: 0, count: Self.shape.elementCount)
    var dealer = HeldBackDealer(sample)
    for index in 0..<total {
      let start = stream.offset
      try stream.fill(&image, "pixels of image \(index) of \(total)")
      if let pixel = image.firstIndex(where: { $0 > 1 }) {
        let row = pixel / Self.shape.width
        let column = pixel % Self.shape.width
        throw .malformed(
          place: stream.place, offset: start + pixel,
          field: "pixel in row \(row), column \(column) of image \(index)",
          found: "\(image[pixel])", expected: "0 or 1")
      }
      try dealer.deal(image, to: receive)
    }
    try stream.expectEnd()
    try dealer.finish(receive)
  }
}
