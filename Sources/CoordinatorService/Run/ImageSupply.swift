import Datasets
import Foundation
import Images
import Logging
import Trials

/// The image archives that a sweep trains on.
enum ImageSupply {
  /// Finds the archive of every data set, and draws the synthetic ones.
  ///
  /// - Throws: `ArchiveLibraryError` for the first missing data set; its text names the command
  ///   that prepares it.
  static func provide(
    _ datasets: Set<Dataset>, folder: URL?, logger: Logger
  ) throws -> [Dataset: SweepFacts.PinnedImages] {
    let library = ArchiveLibrary(directory: folder ?? ArchiveLibrary.defaultDirectory())
    var supply: [Dataset: SweepFacts.PinnedImages] = [:]
    for dataset in datasets.sorted(by: { $0.rawValue < $1.rawValue }) {
      let images =
        dataset.isProcedural
        ? try draw(dataset, into: library, logger) : try library.find(dataset)
      supply[dataset] = SweepFacts.PinnedImages(
        digest: images.digest, byteCount: images.byteCount, url: images.url,
        trainingCount: images.trainingCount, evaluationCount: images.evaluationCount)
      if let remark = images.remark {
        logger.notice("images of \(dataset.name): \(remark)")
      }
    }
    return supply
  }

  private static func draw(
    _ dataset: Dataset, into library: ArchiveLibrary, _ logger: Logger
  ) throws -> PreparedImages {
    if let images = try? library.find(dataset) { return images }
    logger.notice("drawing \(dataset.name) into \(library.directory.path)")
    return try DatasetPreparer.prepare(dataset, from: nil, into: library.directory).images
  }
}
