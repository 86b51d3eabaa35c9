import COneDNN

/// Copies weights from one layout to another, once per optimiser step.
///
/// oneDNN: `dnnl_reorder_primitive_desc_create`.
final class Reorder {
  private let primitive: LibraryPrimitive

  init(
    _ context: ComputeContext, from source: dnnl_memory_desc_t, to target: dnnl_memory_desc_t
  ) throws(PrimitiveError) {
    primitive = try LibraryPrimitive(
      context, name: "reorder of weights",
      descriptor: try PrimitiveDescriptor(context, reorderFrom: source, to: target),
      arguments: [
        .init(index: DNNL_ARG_FROM, layout: source), .init(index: DNNL_ARG_TO, layout: target),
      ])
  }

  func callAsFunction(from source: UnsafeRawPointer, to target: UnsafeRawPointer) {
    primitive.execute(source, target)
  }
}

/// A copy of weights in the layout that one primitive wants.
final class PackedWeights {
  private let reorder: Reorder
  private let buffer: AlignedBuffer<UInt8>

  /// Reserves memory for weights that arrive as `plain` and are kept as `packed`.
  init(
    _ context: ComputeContext, plain: dnnl_memory_desc_t, packed: dnnl_memory_desc_t
  ) throws(PrimitiveError) {
    reorder = try Reorder(context, from: plain, to: packed)
    buffer = AlignedBuffer(count: packed.byteCount)
  }

  /// Where the packed weights are.
  var start: UnsafeRawPointer { UnsafeRawPointer(buffer.start) }

  /// Copies the plain weights at `weights`.
  func update(from weights: UnsafePointer<Float>) {
    reorder(from: weights, to: buffer.start)
  }
}

/// Memory for the gradient of weights in the layout in which a primitive gives it.
final class PackedGradient {
  private let reorder: Reorder
  private let buffer: AlignedBuffer<UInt8>

  /// Reserves memory for a gradient that is computed as `packed` and handed on as `plain`.
  init(
    _ context: ComputeContext, plain: dnnl_memory_desc_t, packed: dnnl_memory_desc_t
  ) throws(PrimitiveError) {
    reorder = try Reorder(context, from: packed, to: plain)
    buffer = AlignedBuffer(count: packed.byteCount)
  }

  /// Where the primitive writes the gradient.
  var start: UnsafeRawPointer { UnsafeRawPointer(buffer.start) }

  /// Copies the gradient to `gradient`, overwriting it.
  func unpack(to gradient: UnsafeMutablePointer<Float>) {
    reorder(from: buffer.start, to: gradient)
  }
}
