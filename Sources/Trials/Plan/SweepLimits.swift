/// When a sweep is to stop by itself and how careful it is; no part of any trial's identity.
package struct SweepLimits: Codable, Hashable, Sendable {
  /// Whether one trial of a stage goes first and the others follow once it is seen to work.
  package enum Canary: String, CaseIterable, Codable, Hashable, Sendable {
    /// In stages that are expected to take long.
    case auto
    /// In every stage.
    case always
    /// In no stage.
    case never
  }

  /// How many trials may fail before no further one is begun; nil for any number.
  package var failures: Int?
  /// How many failures of its own a trial may have before it is given up.
  package var attempts = 3
  /// How many different trials may fail on a host, with no result from it in between, before it
  /// gets no more.
  package var hostFailures = 3
  /// Whether a trial goes first.
  package var canary = Canary.auto
  /// How many minutes a trial may take no step before the attempt counts as stuck.
  package var stallMinutes = 10
  /// How many gigabytes (10⁹ bytes) of checkpoints of complete trials are kept, for longer runs to
  /// go on from; the oldest go first.
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

  /// Reads limits; what a record of an earlier release lacks is its default.
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
