import CKernels
import COneDNN

/// What the operations of one thread share: oneDNN's engine and stream, the kernels of the
/// instruction set, and one scratchpad that is as large as the hungriest operation needs.
///
/// Operations keep their context alive. A context and its operations belong to one thread at a
/// time.
package final class ComputeContext {
  /// The instruction set of our own kernels.
  package let instructionSet: InstructionSet
  let kernels: ck_kernels
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t
  private var scratchpad = AlignedBuffer<UInt8>(count: 0)

  /// Creates an engine on the processor and a stream that executes in order.
  ///
  /// oneDNN: `dnnl_engine_create`, `dnnl_stream_create`.
  ///
  /// - Parameter instructionSet: For our own kernels; at most the processor's.
  package init(instructionSet: InstructionSet = .effective) throws(PrimitiveError) {
    OneDNN.useOneThread()
    self.instructionSet = instructionSet
    kernels = instructionSet.kernels
    var engine: dnnl_engine_t?
    try OneDNN.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
    guard let engine else { preconditionFailure("a successful call gives an engine") }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, dnnl_stream_in_order.rawValue)
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw .library(operation: "dnnl_stream_create", status: status.rawValue)
    }
    self.engine = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }

  /// Makes the scratchpad at least this large; for the creation of operations.
  func reserveScratchpad(byteCount: Int) {
    if byteCount > scratchpad.elements.count {
      scratchpad = AlignedBuffer(count: byteCount)
    }
  }

  /// The same memory for our own kernels.
  var floatScratch: UnsafeMutablePointer<Float> {
    scratchpadStart.assumingMemoryBound(to: Float.self)
  }

  /// Memory that an operation may use while it executes.
  var scratchpadStart: UnsafeMutableRawPointer { UnsafeMutableRawPointer(scratchpad.start) }
}
