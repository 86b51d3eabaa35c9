import CKernels

/// Multiply-adds on registers alone: what the core can do at most, the yardstick of every other
/// operation.
///
/// The clock of a processor moves with temperature and neighbours, so the yardstick is run beside
/// whatever it measures.
package struct PeakArithmetic {
  private let kernels: ck_kernels

  /// The yardstick of an instruction set that the processor has, in an arithmetic.
  package init(instructionSet: InstructionSet = .effective, arithmetic: Arithmetic = .fp32) {
    kernels = instructionSet.kernels(for: arithmetic)
  }

  /// Multiplications, each with an addition, of one round.
  package var multipliesPerRound: Int {
    Int(ck_peak_chains) * Int(kernels.lanes) * Int(kernels.stored_per_float)
  }

  /// Takes `rounds` rounds of x ← factor · x + addend on every lane; in bf16, of
  /// x ← x + factor · addend + factor · addend.
  ///
  /// - Returns: The sum of all lanes; those of the i-th vector begin as i.
  @inline(never)
  package func run(rounds: Int, factor: Float, addend: Float) -> Double {
    kernels.peak_arithmetic(Int64(rounds), factor, addend)
  }
}
