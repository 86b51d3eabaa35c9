import Foundation
import Trials

/// Reads or draws the images of one data set.
struct DatasetReader: Sendable {
  /// The data set.
  let dataset: Dataset
  /// Whether it needs a source of files.
  let needsFiles: Bool
  /// Opens the files and checks their headers; drawn sets have none.
  let open: @Sendable (URL) throws(DatasetError) -> any ImageSource

  /// The readers of all data sets except users' own.
  static let all = [
    read(.mnist) { (url) throws(DatasetError) in try MNISTSource(.mnist, at: url) },
    read(.fashionMNIST) { (url) throws(DatasetError) in try MNISTSource(.fashionMNIST, at: url) },
    read(.dsprites) { (url) throws(DatasetError) in try DSpritesSource(at: url) },
    read(.shapes3d) { (url) throws(DatasetError) in try Shapes3DSource(at: url) },
    read(.cars3d) { (url) throws(DatasetError) in try Cars3DSource(at: url) },
    read(.cifar100) { (url) throws(DatasetError) in try CIFAR100Source(at: url) },
    drawn(.sprites28) { SpritesSource(.sprites28) },
    drawn(.sprites64) { SpritesSource(.sprites64) },
    drawn(.shapes64) { ShapesSource() },
  ]

  /// The reader of a data set; for users' own images it depends on the files' format.
  static func of(_ dataset: Dataset) -> DatasetReader {
    if case .own(let images) = dataset {
      return read(dataset) { (url) throws(DatasetError) in try OwnImagesReader.open(url, images) }
    }
    guard let reader = all.first(where: { $0.dataset == dataset }) else {
      preconditionFailure("there is no reader of \(dataset.name)")
    }
    return reader
  }

  private static func read(
    _ dataset: Dataset, _ open: @escaping @Sendable (URL) throws(DatasetError) -> any ImageSource
  ) -> DatasetReader {
    DatasetReader(dataset: dataset, needsFiles: true, open: open)
  }

  private static func drawn(
    _ dataset: Dataset, _ draw: @escaping @Sendable () -> any ImageSource
  ) -> DatasetReader {
    DatasetReader(dataset: dataset, needsFiles: false) { (_) throws(DatasetError) in draw() }
  }
}
