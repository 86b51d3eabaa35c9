/// The files of a finished trial; the raw value is the file's name.
package enum ArtifactKind: String, CaseIterable, Codable, Hashable, Sendable {
  /// The trained parameters and running statistics.
  case model = "model.safetensors"
  /// The trajectory: a row of numbers per sampled step.
  case trajectory = "trajectory.csv"
  /// Originals and reconstructions of a few evaluation images.
  case reconstructions = "reconstructions.safetensors"
  /// The latent traversals of the trained network; only of trials with
  /// ``LatentTraversals/recorded``.
  case latents = "latents.safetensors"
  /// The training speed at each row of the trajectory.
  case pace = "pace.csv"
  /// The log of the trial's process.
  case log = "log.txt"

  /// Whether runs of one configuration on one machine write the same bytes.
  package var isDeterministic: Bool { self != .pace && self != .log }

  /// Whether every finished trial has such a file.
  package var isRequired: Bool { self != .log && self != .latents }
}
