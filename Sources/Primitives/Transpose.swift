import CKernels

/// Transposition of a batch of matrices.
package struct Transpose {
  private let context: ComputeContext
  private let batch: Int

  /// An operation on `batch` matrices.
  package init(_ context: ComputeContext, batch: Int) {
    self.context = context
    self.batch = batch
  }

  /// Copies `[batch, rows, columns]` to `[batch, columns, rows]`; the two must not overlap.
  package func copy(
    _ source: UnsafePointer<Float>, rows: Int, columns: Int,
    to destination: UnsafeMutablePointer<Float>
  ) {
    context.kernels.transpose(source, Int64(batch), Int64(rows), Int64(columns), destination)
  }
}
