/// A named tensor of the network: its kind, shape and offset in a flat array.
///
/// Names, shapes and element order are those of the equivalent PyTorch module: convolution
/// weights `[output, input, row, column]`, linear weights `[output, input]`, and images flattened
/// channel by channel between convolutions and linear layers.
package struct TensorDescriptor: Hashable, Sendable {
  /// The kinds of tensors.
  package enum Role: Hashable, Sendable {
    /// Weights of a convolution or linear layer.
    case weight
    /// Bias of a convolution or linear layer.
    case bias
    /// Scale of a batch norm, one per channel.
    case normScale
    /// Shift of a batch norm, one per channel.
    case normShift
    /// Running mean of a batch norm, one per channel; not trained.
    case runningMean
    /// Running variance of a batch norm, one per channel; not trained.
    case runningVariance
  }

  /// Dotted path of the tensor, such as `encoder.conv1.weight`.
  package let name: String
  /// Extents, slowest first.
  package let shape: [Int]
  /// Its kind.
  package let role: Role
  /// The number of inputs of one output of the layer, for weights and biases; 0 in a batch norm.
  package let fanIn: Int
  /// Index of the first element in its flat array.
  package let offset: Int

  /// Number of elements.
  package var count: Int { shape.reduce(1, *) }
  /// The indices of the elements in the flat array.
  package var range: Range<Int> { offset..<offset + count }
}
