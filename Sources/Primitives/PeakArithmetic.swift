import CKernels

/// Multiply-adds on registers only: the peak rate of a core, which other operations are compared
/// with.
///
/// A processor's clock changes with temperature and load, so measure the peak next to the
/// operation.
package struct PeakArithmetic {
  private let kernels: ck_kernels

  /// The peak of an instruction set that the processor has, in an arithmetic.
  package init(instructionSet: InstructionSet = .effective, arithmetic: Arithmetic = .fp32) {
    kernels = instructionSet.kernels(for: arithmetic)
  }

  /// Multiply-adds per round.
  package var multipliesPerRound: Int {
    Int(ck_peak_chains) * Int(kernels.lanes) * Int(kernels.stored_per_float)
  }

  /// Computes x ← factor · x + addend in every lane, `rounds` times; in bf16 x ← x + factor ·
  /// addend + factor · addend.
  ///
  /// The lanes of the i-th vector start as i.
  ///
  /// - Returns: The sum of all lanes.
  @inline(never)
  package func run(rounds: Int, factor: Float, addend: Float) -> Double {
    kernels.peak_arithmetic(Int64(rounds), factor, addend)
  }
}
