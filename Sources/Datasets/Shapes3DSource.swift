import Foundation
import Images
import Trials

/// Rendered scenes: `images` of `3dshapes.h5`, (count, 64, 64, 3) unsigned bytes, in the file's
/// order.
///
/// Published by C. Burgess, H. Kim, "3D Shapes Dataset", 2018. Its `labels` are not used. The set
/// has no test split, so ``HeldBackSample`` is used for evaluation.
struct Shapes3DSource: ImageSource {
  private let images: HDF5Images
  private let sample: HeldBackSample

  private static let fileName = "3dshapes.h5"

  /// Finds the file, which `url` itself may be, and checks the header of its images.
  init(at url: URL) throws(DatasetError) {
    let file = try FileFinder(dataset: .shapes3d, source: url)
      .findOrTake("HDF5 file", [Self.fileName])
    let head = try FileHead(file, expecting: "\(Self.fileName), an HDF5 file")
    guard head.isHDF5 else {
      throw .refused(
        place: file.path, found: head.summary, expected: "an HDF5 file",
        remedy: "name the published \(Self.fileName)")
    }
    let shape = Dataset.shapes3d.imageShape
    images = try HDF5Images(
      path: file.path, name: "images", extents: [shape.height, shape.width, shape.channels],
      countMaximum: Dataset.shapes3d.publishedImageCount?.training ?? 0)
    sample = HeldBackSample(ofTotal: images.count)
  }

  var encoding: PixelEncoding { .byte }
  var trainingCount: Int { sample.trainingCount }
  var evaluationCount: Int { sample.count }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    var dealer = HeldBackDealer(sample)
    try images.read { (image, _) throws(DatasetError) in try dealer.deal(image, to: receive) }
    try dealer.finish(receive)
  }
}
