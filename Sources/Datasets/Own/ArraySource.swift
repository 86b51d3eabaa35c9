import Foundation
import Images
import Trials

/// Users' own images in NumPy arrays: an `.npy` file, or one or two members of an `.npz` file.
///
/// Among several members, `train_images`, `x_train`, `images` or `imgs` is the training part, and
/// `test_images` or `x_test` the evaluation part. Without the latter, ``HeldBackSample`` is used
/// for evaluation.
struct ArraySource: ImageSource {
  private let training: ImageArray
  private let test: ImageArray?
  private let sample: HeldBackSample?
  private let shape: ImageShape

  private static let trainingNames = ["train_images", "x_train", "images", "imgs"]
  private static let testNames = ["test_images", "x_test"]

  /// Finds the arrays and reads their headers.
  init(at url: URL, isZip: Bool, shape: ImageShape) throws(DatasetError) {
    if isZip {
      let names = try DecodedStream.memberNames(ofZip: url).filter { $0.hasSuffix(".npy") }
        .map { String($0.dropLast(4)) }
      let name =
        names.count == 1 ? names[0] : Self.trainingNames.first { names.contains($0) }
      guard let name else {
        throw .refused(
          place: url.path, found: "the arrays \(names.prefix(20).joined(separator: ", "))",
          expected:
            "one array, or one that is called \(Self.trainingNames.joined(separator: ", "))",
          remedy: "save the images alone: numpy.savez_compressed(FILE, images)")
      }
      training = try ImageArray(try .member("\(name).npy", ofZip: url))
      if let testName = Self.testNames.first(where: { names.contains($0) && $0 != name }) {
        test = try ImageArray(try .member("\(testName).npy", ofZip: url))
      } else {
        test = nil
      }
    } else {
      training = try ImageArray(try .file(url))
      test = nil
    }
    if test == nil { try OwnImagesReader.checkCount(training.count, place: training.place) }
    sample = test == nil ? HeldBackSample(ofTotal: training.count) : nil
    self.shape = shape
  }

  /// Booleans that need no scaling are stored as bits.
  var encoding: PixelEncoding { isOfBits ? .bit : .byte }
  var trainingCount: Int { sample?.trainingCount ?? training.count }
  var evaluationCount: Int { sample?.count ?? test?.count ?? 0 }

  private var isOfBits: Bool {
    shape.channels == 1
      && [training, test].allSatisfy {
        $0?.isOfBits(height: shape.height, width: shape.width) ?? true
      }
  }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    var fitter = PictureFitter(shape)
    let white: UInt8 = isOfBits ? 1 : 255
    func fit(_ array: ImageArray, _ pixels: [UInt8]) -> [UInt8] {
      fitter.fitted(
        pixels, height: array.height, width: array.width, channels: array.channels)
    }
    if let sample {
      var dealer = HeldBackDealer(sample)
      try training.read(white: white) { (pixels) throws(DatasetError) in
        try dealer.deal(fit(training, pixels), to: receive)
      }
      try dealer.finish(receive)
    } else {
      try training.read(white: white) { (pixels) throws(DatasetError) in
        try receive(fit(training, pixels), .training)
      }
      guard let test else { return }
      try test.read(white: white) { (pixels) throws(DatasetError) in
        try receive(fit(test, pixels), .evaluation)
      }
    }
  }
}
