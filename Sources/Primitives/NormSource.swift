/// A batch norm next to an operation, together with its source: the output of a leaky ReLU.
package struct NormSource {
  /// The batch norm.
  package var norm: BatchNorm
  /// Its source in the latest training pass, NHWC.
  package var src: UnsafePointer<Float>

  /// A batch norm and its source.
  package init(_ norm: BatchNorm, src: UnsafePointer<Float>) {
    self.norm = norm
    self.src = src
  }
}
