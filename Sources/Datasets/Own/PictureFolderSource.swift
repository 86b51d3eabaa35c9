import Dispatch
import Foundation
import Images
import Synchronization
import Trials

/// A folder of PNG and JPEG files, in the order of their paths' bytes.
///
/// Subfolders are included; their names do not matter, except that the top-level folder `test` is
/// the evaluation part. Without it, ``HeldBackSample`` is used for evaluation. Hidden files and
/// links to folders are skipped.
struct PictureFolderSource: ImageSource {
  private let training: [URL]
  private let test: [URL]
  private let sample: HeldBackSample?
  private let shape: ImageShape
  private let passedOver: Int

  private static let endings: Set<String> = ["png", "jpg", "jpeg"]
  private static let testFolder = "test"
  private static let countMaximum = 10_000_000
  /// The number of pictures decoded in parallel.
  private static let batchCount = 64

  /// Lists the files of a folder.
  init(at url: URL, shape: ImageShape) throws(DatasetError) {
    var found: [(path: String, url: URL)] = []
    var passedOver = 0
    let files = FileManager.default.enumerator(
      at: url, includingPropertiesForKeys: [.isDirectoryKey], options: [.skipsHiddenFiles])
    let depth = url.standardizedFileURL.pathComponents.count
    while let file = files?.nextObject() as? URL {
      guard (try? file.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory != true else {
        continue
      }
      guard Self.endings.contains(file.pathExtension.lowercased()) else {
        passedOver += 1
        continue
      }
      let path = file.standardizedFileURL.pathComponents.dropFirst(depth).joined(separator: "/")
      found.append((path, file))
      guard found.count <= Self.countMaximum else {
        throw .refused(
          place: url.path, found: "more than \(Self.countMaximum) pictures", expected: "fewer",
          remedy: "name a smaller folder")
      }
    }
    guard !found.isEmpty else {
      throw .refused(
        place: url.path, found: "no picture", expected: "files that end in .png, .jpg or .jpeg",
        remedy: "name the folder that holds them, or that holds their folders")
    }
    found.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    test = found.filter { $0.path.hasPrefix(Self.testFolder + "/") }.map(\.url)
    training = found.filter { !$0.path.hasPrefix(Self.testFolder + "/") }.map(\.url)
    guard !training.isEmpty else {
      throw .refused(
        place: url.path, found: "pictures in its folder \"test\" only",
        expected: "pictures to train on beside it", remedy: "name the folder above, or add them")
    }
    if test.isEmpty { try OwnImagesReader.checkCount(training.count, place: url.path) }
    sample = test.isEmpty ? HeldBackSample(ofTotal: training.count) : nil
    self.shape = shape
    self.passedOver = passedOver
  }

  var encoding: PixelEncoding { .byte }
  var trainingCount: Int { sample?.trainingCount ?? training.count }
  var evaluationCount: Int { sample?.count ?? test.count }
  var remark: String? {
    passedOver == 0 ? nil : "\(passedOver) files that are not PNG or JPEG were skipped."
  }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    if let sample {
      var dealer = HeldBackDealer(sample)
      try decode(training) { (image) throws(DatasetError) in try dealer.deal(image, to: receive) }
      try dealer.finish(receive)
    } else {
      try decode(training) { (image) throws(DatasetError) in try receive(image, .training) }
      try decode(test) { (image) throws(DatasetError) in try receive(image, .evaluation) }
    }
  }

  /// Decodes and converts pictures on all cores, and passes them on in order.
  private func decode(
    _ files: [URL], _ receive: ([UInt8]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    for start in stride(from: 0, to: files.count, by: Self.batchCount) {
      let batch = Array(files[start..<min(start + Self.batchCount, files.count)])
      let results = Mutex<[Result<[UInt8], DatasetError>?]>(
        Array(repeating: nil, count: batch.count))
      let shape = shape
      DispatchQueue.concurrentPerform(iterations: batch.count) { index in
        let result = Result { () throws(DatasetError) in
          let picture = try Picture(batch[index])
          var fitter = PictureFitter(shape)
          return fitter.fitted(
            picture.pixels, height: picture.height, width: picture.width,
            channels: picture.channels)
        }
        results.withLock { $0[index] = result }
      }
      for result in results.withLock({ $0 }) {
        if let result { try receive(try result.get()) }
      }
    }
  }
}
