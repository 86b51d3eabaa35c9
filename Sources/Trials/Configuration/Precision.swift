/// Arithmetic of the network.
package enum Precision: String, CaseIterable, Codable, Hashable, Sendable {
  /// 32-bit floating point throughout.
  case fp32
  /// Multiplications of bf16 numbers with 32-bit sums; parameters, optimiser and statistics as in
  /// fp32.
  case bf16
}
