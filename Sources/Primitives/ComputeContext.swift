import CKernels

/// What the operations of one thread share: the kernels of the instruction set, and one scratchpad
/// that is as large as the hungriest operation needs.
///
/// Operations keep their context alive. A context and its operations belong to one thread at a
/// time.
package final class ComputeContext {
  /// The instruction set of the kernels.
  package let instructionSet: InstructionSet
  let kernels: ck_kernels
  private var scratchpad = AlignedBuffer<Float>(count: 0)

  /// A context without scratch memory.
  ///
  /// - Parameter instructionSet: For the kernels; at most the processor's.
  /// - Throws: ``PrimitiveError`` when the processor, or the limit that the environment sets, does
  ///   not have the instruction set.
  package init(instructionSet: InstructionSet = .effective) throws(PrimitiveError) {
    let available = InstructionSet.effective
    guard available.includes(instructionSet) else {
      throw .unavailable(instructionSet, available: available)
    }
    self.instructionSet = instructionSet
    kernels = instructionSet.kernels
  }

  /// Makes the scratchpad at least this large; for the creation of operations.
  func reserveScratchpad(count: Int) {
    if count > scratchpad.elements.count { scratchpad = AlignedBuffer(count: count) }
  }

  /// Memory that an operation may use while it executes.
  var scratch: UnsafeMutablePointer<Float> { scratchpad.start }
}
