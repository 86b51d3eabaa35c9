import Files
import Trials

/// Why a data set's images cannot be used, and what to do about it.
package enum ArchiveLibraryError: Error, Hashable {
  /// There is no archive of the data set in the folder.
  case missing(dataset: Dataset, directory: String)
  /// There is one, with this problem.
  case unusable(dataset: Dataset, directory: String, problem: String)
}

extension ArchiveLibraryError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let dataset, let directory):
      """
      no images of \(dataset.name) in \(directory); \
      \(Self.remedy(dataset, directory, "prepare them"))
      """
    case .unusable(let dataset, let directory, let problem):
      """
      the images of \(dataset.name) cannot be used: \(problem); \
      \(Self.remedy(dataset, directory, "prepare them again"))
      """
    }
  }

  private static func remedy(_ dataset: Dataset, _ directory: String, _ aim: String) -> String {
    func command(_ verb: String, _ options: String = "") -> String {
      "coordinator data \(verb) \(dataset.name)\(options) --data \(ShellWord.path(directory))"
    }
    if case .own(let images) = dataset {
      return "\(aim) with: \(command("prepare", " --from PATH --as \(images.shapeText)"))"
    }
    guard !dataset.isProcedural else { return "\(aim) with: \(command("prepare"))" }
    return """
      \(aim) from the web with: \(command("fetch")), or from files that you have with: \
      \(command("prepare", " --from PATH"))
      """
  }
}
