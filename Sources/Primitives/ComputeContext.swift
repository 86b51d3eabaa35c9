import CKernels

/// What the operations of one thread share: the kernels of the instruction set, and one scratchpad
/// that is as large as the hungriest operation needs.
///
/// Operations keep their context alive. A context and its operations belong to one thread at a
/// time.
package final class ComputeContext {
  /// The instruction set of the kernels.
  package let instructionSet: InstructionSet
  /// What the kernels multiply.
  package let arithmetic: Arithmetic
  let kernels: ck_kernels
  private var scratchpad = AlignedBuffer<Float>(count: 0)

  /// A context without scratch memory.
  ///
  /// - Parameters:
  ///   - instructionSet: For the kernels; at most the processor's. By default the widest that is
  ///     used for the arithmetic.
  ///   - arithmetic: What the kernels multiply.
  /// - Throws: ``PrimitiveError`` when the processor, or the limit that the environment sets, does
  ///   not have the instruction set.
  package init(
    instructionSet: InstructionSet? = nil, arithmetic: Arithmetic = .fp32
  ) throws(PrimitiveError) {
    let available = InstructionSet.effective(for: arithmetic)
    let instructionSet = instructionSet ?? available
    guard available.includes(instructionSet) else {
      throw .unavailable(instructionSet, available: available)
    }
    self.instructionSet = instructionSet
    self.arithmetic = arithmetic
    kernels = instructionSet.kernels(for: arithmetic)
  }

  /// Floats whose room `count` numbers of an activation, or of its gradient, take: in bf16 half as
  /// many.
  package func storedCount(_ count: Int) -> Int {
    (count + Int(kernels.stored_per_float) - 1) / Int(kernels.stored_per_float)
  }

  /// Makes the scratchpad at least this large; for the creation of operations.
  func reserveScratchpad(count: Int) {
    if count > scratchpad.elements.count { scratchpad = AlignedBuffer(count: count) }
  }

  /// Memory that an operation may use while it executes.
  var scratch: UnsafeMutablePointer<Float> { scratchpad.start }
}
