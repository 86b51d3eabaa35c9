import Files
import Foundation
import Trials

/// The trajectory up to the checkpoint that a supervised trial resumes from; stored in the trial's
/// folder for its process.
struct SuppliedTrajectory: Codable {
  /// The prefix that is not in the rows file.
  var start: TrajectoryStart
  /// Name of a file in the folder with the rows after the prefix, up to the checkpoint; nil for
  /// none.
  var rows: String?

  /// The file's name.
  static let fileName = "trajectory-start.json"

  /// Reads the file in a folder; nil if there is none, as for a trial that started from step 0.
  static func read(in folder: URL) -> SuppliedTrajectory? {
    guard let data = try? WholeFile.read(folder.appending(path: fileName)) else { return nil }
    return try? CanonicalJSON.decode(SuppliedTrajectory.self, from: data)
  }
}
