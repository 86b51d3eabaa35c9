/// The number format that operations multiply in.
package enum Arithmetic: String, Hashable, Sendable, CaseIterable {
  /// 32-bit floating point throughout.
  case fp32
  /// bf16, the upper half of a float: factors of multiplications, activations and their gradients
  /// are rounded to it. Sums, weights, biases, statistics, box sums and the error are fp32.
  case bf16
}
