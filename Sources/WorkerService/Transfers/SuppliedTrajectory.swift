import Foundation
import Trials

/// The trajectory up to the checkpoint that a supervised trial goes on from: a file in the trial's
/// folder that its process reads.
struct SuppliedTrajectory: Codable {
  /// The rows that are elsewhere.
  var start: TrajectoryStart
  /// Name of a file in the folder with the rows after it, up to the checkpoint's; nil for none.
  var rows: String?

  /// The file's name.
  static let fileName = "trajectory-start.json"

  /// Reads the file in a folder; nil when there is none, as for a trial that began there.
  static func read(in folder: URL) -> SuppliedTrajectory? {
    guard let data = try? Data(contentsOf: folder.appending(path: fileName)) else { return nil }
    return try? CanonicalJSON.decode(SuppliedTrajectory.self, from: data)
  }
}
