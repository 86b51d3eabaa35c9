/// How often a running trial writes checkpoints.
package enum CheckpointInterval: Hashable, Sendable {
  /// As often as costs at most one hundredth of the time, within 10 s to 5 min.
  case adaptive
  /// Every so many seconds.
  case seconds(Double)
}
