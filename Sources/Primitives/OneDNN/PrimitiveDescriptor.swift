import COneDNN

/// A oneDNN primitive's descriptor: which implementation runs, and how it wants its memory.
final class PrimitiveDescriptor {
  let handle: dnnl_primitive_desc_t

  /// Chooses an implementation of an operation.
  ///
  /// oneDNN: `dnnl_primitive_desc_create`.
  ///
  /// - Parameters:
  ///   - operation: The operation's descriptor, a `dnnl_…_desc_t`.
  ///   - leakySlope: Appends a leaky ReLU of this slope to the operation, if given.
  ///   - forward: The forward descriptor that a backward operation belongs to.
  init(
    _ context: ComputeContext, name: String, operation: UnsafeRawPointer,
    leakySlope: Float? = nil, forward: PrimitiveDescriptor? = nil
  ) throws(PrimitiveError) {
    let attributes = try PrimitiveAttributes(leakySlope: leakySlope)
    var handle: dnnl_primitive_desc_t?
    try OneDNN.check(
      dnnl_primitive_desc_create(
        &handle, operation, attributes.handle, context.engine, forward?.handle),
      "dnnl_primitive_desc_create for \(name)")
    guard let handle else { preconditionFailure("a successful call gives a descriptor") }
    self.handle = handle
  }

  /// Chooses an implementation of a copy between two layouts.
  ///
  /// oneDNN: `dnnl_reorder_primitive_desc_create`.
  init(
    _ context: ComputeContext, reorderFrom source: dnnl_memory_desc_t,
    to target: dnnl_memory_desc_t
  ) throws(PrimitiveError) {
    let attributes = try PrimitiveAttributes(leakySlope: nil)
    var source = source
    var target = target
    var handle: dnnl_primitive_desc_t?
    try OneDNN.check(
      dnnl_reorder_primitive_desc_create(
        &handle, &source, context.engine, &target, context.engine, attributes.handle),
      "dnnl_reorder_primitive_desc_create")
    guard let handle else { preconditionFailure("a successful call gives a descriptor") }
    self.handle = handle
  }

  deinit {
    dnnl_primitive_desc_destroy(handle)
  }

  /// The layout that the implementation wants for an argument.
  ///
  /// oneDNN: `dnnl_primitive_desc_query_md`.
  func layout(_ query: dnnl_query_t) -> dnnl_memory_desc_t {
    guard let layout = dnnl_primitive_desc_query_md(handle, query, 0) else {
      preconditionFailure("the operation has the argument that is asked for")
    }
    return layout.pointee
  }
}

/// What every primitive is created with: a scratchpad that the caller provides, and maybe a leaky
/// ReLU behind the operation.
///
/// oneDNN: `dnnl_primitive_attr_create`, `dnnl_post_ops_append_eltwise`.
private final class PrimitiveAttributes {
  let handle: dnnl_primitive_attr_t

  init(leakySlope: Float?) throws(PrimitiveError) {
    var handle: dnnl_primitive_attr_t?
    try OneDNN.check(dnnl_primitive_attr_create(&handle), "dnnl_primitive_attr_create")
    guard let handle else { preconditionFailure("a successful call gives attributes") }
    self.handle = handle
    try OneDNN.check(
      dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user),
      "dnnl_primitive_attr_set_scratchpad_mode")
    guard let leakySlope else { return }
    var operations: dnnl_post_ops_t?
    try OneDNN.check(dnnl_post_ops_create(&operations), "dnnl_post_ops_create")
    defer { dnnl_post_ops_destroy(operations) }
    try OneDNN.check(
      dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, leakySlope, 0),
      "dnnl_post_ops_append_eltwise")
    try OneDNN.check(
      dnnl_primitive_attr_set_post_ops(handle, operations), "dnnl_primitive_attr_set_post_ops")
  }

  deinit {
    dnnl_primitive_attr_destroy(handle)
  }
}
