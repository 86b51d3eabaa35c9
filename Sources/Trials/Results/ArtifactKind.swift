/// The files of a finished trial; the raw value is the file's name.
package enum ArtifactKind: String, CaseIterable, Codable, Hashable, Sendable {
  /// The trained parameters and running statistics.
  case model = "model.safetensors"
  /// The sampled course of training, one row per sample.
  case trajectory = "trajectory.csv"
  /// Originals and reconstructions of a few evaluation images.
  case reconstructions = "reconstructions.safetensors"
  /// Training speed at the trajectory's samples.
  case pace = "pace.csv"
  /// What the trial's process told people.
  case log = "log.txt"

  /// Whether two runs of one configuration on one machine give the same bytes.
  package var isDeterministic: Bool { self != .pace && self != .log }

  /// Whether every finished trial has such a file.
  package var isRequired: Bool { self != .log }
}
