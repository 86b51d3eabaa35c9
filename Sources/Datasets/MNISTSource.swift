import Foundation
import Images
import Trials

/// The MNIST database, or Fashion-MNIST in the same format: two IDX files of images.
///
/// Labels are not used.
/// Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
/// recognition", Proceedings of the IEEE 86(11), 1998; H. Xiao, K. Rasul,
/// R. Vollgraf, "Fashion-MNIST", 2017.
struct MNISTSource: ImageSource {
  private let training: IDXImages
  private let test: IDXImages

  /// Finds both files of `dataset` in the folder at `url` and reads their headers.
  init(_ dataset: Dataset, at url: URL) throws(DatasetError) {
    let finder = FileFinder(dataset: dataset, source: url, subfolders: Self.subfolders(dataset))
    training = try IDXImages(
      at: try finder.find("training images", Self.names("train-images")),
      shape: dataset.imageShape)
    test = try IDXImages(
      at: try finder.find("test images", Self.names("t10k-images")),
      shape: dataset.imageShape)
  }

  var encoding: PixelEncoding { .byte }
  var trainingCount: Int { training.count }
  var evaluationCount: Int { test.count }
  var files: [SourceFile] {
    [SourceFile(url: training.url, part: .training), SourceFile(url: test.url, part: .evaluation)]
  }

  func read(_ receive: ImageReceiver) throws(DatasetError) {
    try training.read { (image) throws(DatasetError) in try receive(image, .training) }
    try test.read { (image) throws(DatasetError) in try receive(image, .evaluation) }
  }

  /// torchvision's folders of the files, below its root and below the set's folder.
  private static func subfolders(_ dataset: Dataset) -> [String] {
    let name = dataset == .mnist ? "MNIST" : "FashionMNIST"
    return ["raw", name, "\(name)/raw"]
  }

  private static func names(_ stem: String) -> [String] {
    ["-idx3-ubyte.gz", "-idx3-ubyte", ".idx3-ubyte.gz", ".idx3-ubyte"].map { stem + $0 }
  }
}
