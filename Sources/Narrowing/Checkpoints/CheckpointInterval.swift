/// How often a running trial writes checkpoints.
package enum CheckpointInterval: Hashable, Sendable {
  /// 100 times the cost of writing one, but at least 10 s and at most 5 min.
  case adaptive
  /// A fixed number of seconds.
  case seconds(Double)
}
