/// Where a trial stands.
package enum TrialStatus: String, CaseIterable, Codable, Hashable, Sendable {
  /// Not started, or to be started again.
  case waiting
  /// Leased to a worker.
  case running
  /// Its one result is recorded.
  case complete
  /// It failed as often as it may, or a parent did; it will not be tried again by itself.
  case failed
  /// A person stopped it.
  case stopped
}
