/// The sweep that a reused result was copied from.
package struct ReuseOrigin: Codable, Hashable, Sendable {
  /// The folder of that sweep, as it was given.
  package var folder: String
  /// Identity of its record.
  package var sweepID: String

  /// The sweep in a folder.
  package init(folder: String, sweepID: String) {
    self.folder = folder
    self.sweepID = sweepID
  }

  private enum CodingKeys: String, CodingKey {
    case folder
    case sweepID = "sweep_id"
  }
}
