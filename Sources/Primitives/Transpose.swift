import CKernels

/// Rearrangements of flat tensors.
package enum Transpose {
  /// Copies `[outer, a, b, inner]` to `[outer, b, a, inner]`; the two must not overlap.
  package static func copy(
    _ source: UnsafePointer<Float>, outer: Int = 1, a: Int, b: Int, inner: Int = 1,
    to destination: UnsafeMutablePointer<Float>
  ) {
    ck_transpose(source, Int64(outer), Int64(a), Int64(b), Int64(inner), destination)
  }
}
