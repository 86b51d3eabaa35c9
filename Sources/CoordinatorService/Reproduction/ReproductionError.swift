import Digests
import Foundation
import Trials

/// Why a trial cannot be reproduced here.
enum ReproductionError: Error, CustomStringConvertible {
  /// The images here differ from those that the trial was trained on.
  case otherImages(URL, dataset: Dataset, recorded: Digest, found: Digest)
  /// The worker's executable is missing from the coordinator's folder or cannot be run.
  case workerMissing(URL)
  /// The trial ended without a result.
  case notComputed(String)
  /// The recorded result names no trajectory.
  case noTrajectory

  var description: String {
    switch self {
    case .otherImages(let url, let dataset, let recorded, let found):
      """
      \(url.path): found images \(found), expected \(recorded), on which the trial was trained; \
      prepare \(dataset.name) from the same files, or name the folder of its archive with --data
      """
    case .workerMissing(let url):
      """
      \(url.path): cannot be run; reproduce expects `worker` beside `coordinator`, which \
      `swift build -c release --product worker` makes
      """
    case .notComputed(let end):
      "the trial could not be computed here: found \(end), expected a result; its output is above"
    case .noTrajectory: "the record names none"
    }
  }
}
