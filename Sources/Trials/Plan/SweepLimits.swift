/// When a sweep stops by itself, and its other limits; not part of any trial's identity.
package struct SweepLimits: Codable, Hashable, Sendable {
  /// Whether one trial of a stage runs first, and the others follow when it has made progress.
  package enum Canary: String, CaseIterable, Codable, Hashable, Sendable {
    /// In stages expected to take long.
    case auto
    /// In every stage.
    case always
    /// In no stage.
    case never
  }

  /// The most trials that may fail before no further one is started; nil for no limit.
  package var failures: Int?
  /// The number of a trial's own failures after which it counts as failed.
  package var attempts = 3
  /// The number of different trials that fail on a host, without a result in between, after which
  /// the host gets no more trials.
  package var hostFailures = 3
  /// Whether one trial of a stage runs first.
  package var canary = Canary.auto
  /// Minutes without a step after which an attempt counts as stuck.
  package var stallMinutes = 10
  /// Gigabytes (10⁹ bytes) of checkpoints of complete trials that are kept, for longer runs to
  /// resume from; the oldest are deleted first.
  package var keptCheckpointGigabytes = 4

  /// The defaults.
  package init() {}

  private enum CodingKeys: String, CodingKey {
    case failures = "max_failures"
    case attempts
    case hostFailures = "host_failures"
    case canary
    case stallMinutes = "stall_minutes"
    case keptCheckpointGigabytes = "kept_checkpoints_gb"
  }

  /// Decodes limits; those missing in a record of an earlier release get their defaults.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    failures = try container.decodeIfPresent(Int.self, forKey: .failures)
    attempts = try container.decode(Int.self, forKey: .attempts)
    hostFailures = try container.decode(Int.self, forKey: .hostFailures)
    canary = try container.decode(Canary.self, forKey: .canary)
    stallMinutes = try container.decode(Int.self, forKey: .stallMinutes)
    keptCheckpointGigabytes =
      try container.decodeIfPresent(Int.self, forKey: .keptCheckpointGigabytes)
      ?? keptCheckpointGigabytes
  }
}
