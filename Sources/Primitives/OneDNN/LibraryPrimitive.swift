import COneDNN

/// A oneDNN primitive with its memory objects: created once, executed many times on changing
/// addresses without allocating.
final class LibraryPrimitive {
  /// One argument of the primitive: which it is, and how its memory is laid out.
  struct Argument {
    /// A `DNNL_ARG_…` constant.
    var index: Int32
    /// The layout, usually asked from the primitive's descriptor.
    var layout: dnnl_memory_desc_t
  }

  private let context: ComputeContext
  private let name: String
  private let handle: dnnl_primitive_t
  private var arguments: [dnnl_exec_arg_t] = []

  /// Creates the primitive; the descriptor stays the caller's.
  ///
  /// oneDNN: `dnnl_primitive_create`, `dnnl_memory_create`.
  init(
    _ context: ComputeContext, name: String, descriptor: PrimitiveDescriptor,
    arguments layouts: [Argument]
  ) throws(PrimitiveError) {
    var handle: dnnl_primitive_t?
    try OneDNN.check(
      dnnl_primitive_create(&handle, descriptor.handle), "dnnl_primitive_create for \(name)")
    guard let handle else { preconditionFailure("a successful call gives a primitive") }
    self.context = context
    self.name = name
    self.handle = handle

    let scratchpad = descriptor.layout(dnnl_query_scratchpad_md)
    context.reserveScratchpad(byteCount: scratchpad.byteCount)
    for argument in layouts + [Argument(index: DNNL_ARG_SCRATCHPAD, layout: scratchpad)] {
      var layout = argument.layout
      var memory: dnnl_memory_t?
      // A null handle: no memory until execution.
      try OneDNN.check(
        dnnl_memory_create(&memory, &layout, context.engine, nil), "dnnl_memory_create for \(name)")
      arguments.append(dnnl_exec_arg_t(arg: argument.index, memory: memory))
    }
  }

  deinit {
    for argument in arguments { dnnl_memory_destroy(argument.memory) }
    dnnl_primitive_destroy(handle)
  }

  /// Executes the primitive on up to four arguments, in the order of its creation.
  ///
  /// oneDNN: `dnnl_memory_set_data_handle_v2`, `dnnl_primitive_execute`. The call fails only for
  /// arguments that contradict the creation, so a failure is a broken invariant.
  func execute(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ third: UnsafeRawPointer? = nil,
    _ fourth: UnsafeRawPointer? = nil
  ) {
    place(first, at: 0)
    place(second, at: 1)
    if let third { place(third, at: 2) }
    if let fourth { place(fourth, at: 3) }
    place(context.scratchpadStart, at: arguments.count - 1)
    let status = arguments.withUnsafeBufferPointer {
      dnnl_primitive_execute(handle, context.stream, Int32($0.count), $0.baseAddress)
    }
    precondition(status == dnnl_success, "\(name) executes on the arguments it was created for")
  }

  private func place(_ address: UnsafeRawPointer, at index: Int) {
    let status = dnnl_memory_set_data_handle_v2(
      arguments[index].memory, UnsafeMutableRawPointer(mutating: address), context.stream)
    precondition(status == dnnl_success, "\(name) takes memory for argument \(index)")
  }
}
