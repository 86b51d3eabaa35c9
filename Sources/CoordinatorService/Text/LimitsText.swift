import Trials

extension SweepLimits {
  /// The changes from earlier limits, by the keys of a sweep file: `max_failures any number instead
  /// of 0, attempts 3 instead of 1`.
  func changes(since earlier: SweepLimits) -> String {
    zip(values, earlier.values).filter { $0.text != $1.text }
      .map { "\($0.key) \($0.text) instead of \($1.text)" }
      .joined(separator: ", ")
  }

  private var values: [(key: String, text: String)] {
    [
      ("max_failures", failures.map(String.init) ?? "any number"),
      ("attempts", "\(attempts)"),
      ("host_failures", "\(hostFailures)"),
      ("canary", canary.rawValue),
      ("stall_minutes", "\(stallMinutes)"),
      ("kept_checkpoints_gb", "\(keptCheckpointGigabytes)"),
    ]
  }
}
