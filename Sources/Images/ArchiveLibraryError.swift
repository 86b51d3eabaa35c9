import Trials

/// Why a data set's images cannot be used, and what to do about it.
package enum ArchiveLibraryError: Error, Hashable {
  /// There is no archive of the data set in the folder.
  case missing(dataset: Dataset, directory: String)
  /// There is one, with these faults.
  case unusable(dataset: Dataset, directory: String, problem: String)
}

extension ArchiveLibraryError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let dataset, let directory):
      """
      no images of \(dataset.name) in \(directory); prepare them with: \
      \(Self.remedy(dataset, directory))
      """
    case .unusable(let dataset, let directory, let problem):
      """
      the images of \(dataset.name) cannot be used: \(problem); prepare them anew with: \
      \(Self.remedy(dataset, directory))
      """
    }
  }

  private static func remedy(_ dataset: Dataset, _ directory: String) -> String {
    let source =
      switch dataset {
      case .own(let images): " --from PATH --as \(images.shapeText)"
      default: dataset.isProcedural ? "" : " --from PATH"
      }
    return "coordinator data prepare \(dataset.name)\(source) --data \(directory)"
  }
}
