/// The numbers that operations multiply.
package enum Arithmetic: String, Hashable, Sendable, CaseIterable {
  /// 32-bit floating point throughout.
  case fp32
  /// bf16, the upper half of a float: what is multiplied is rounded to it, as are activations and
  /// their gradients between operations. Sums, weights, biases, statistics, box sums and the error
  /// are fp32.
  case bf16
}
