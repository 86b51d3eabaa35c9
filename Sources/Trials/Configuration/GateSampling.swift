/// How often gates are drawn.
package enum GateSampling: String, CaseIterable, Codable, Hashable, Sendable {
  /// One vector u for the whole batch.
  case perBatch = "per-batch"
}
