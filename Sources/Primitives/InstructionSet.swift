import CKernels
import Foundation

/// The instruction set that the kernels run on: the processor's best, limited by the environment.
package enum InstructionSet: String, Hashable, Sendable, CaseIterable {
  /// AVX-512 (F, BW, DQ, VL): 16 floats at a time.
  case avx512
  /// AVX2 with FMA: 8 floats at a time.
  case avx2
  /// The compiler's baseline: 4 floats at a time.
  case portable

  /// The environment variable that limits what is used: `avx2` or `portable`.
  ///
  /// For machines of one fleet that are to give the same bits, and for tests.
  package static let limitVariable = "BOTTLENECKSWEEP_INSTRUCTION_SET"

  /// What this process uses: the processor's widest, or the environment's limit if that is less.
  package static let effective = limited(
    to: ProcessInfo.processInfo.environment[limitVariable], processor: best)

  /// The widest that the processor has.
  private static var best: InstructionSet {
    switch ck_processor_best() {
    case ck_processor_avx512: .avx512
    case ck_processor_avx2: .avx2
    default: .portable
    }
  }

  /// The instruction set named by `limit` where the processor has it, else the processor's own.
  package static func limited(to limit: String?, processor: InstructionSet) -> InstructionSet {
    guard let limit = limit.flatMap(InstructionSet.init), processor.includes(limit) else {
      return processor
    }
    return limit
  }

  /// Whether a processor that has this one can run `other` too.
  package func includes(_ other: InstructionSet) -> Bool {
    switch self {
    case .avx512: true
    case .avx2: other != .avx512
    case .portable: other == .portable
    }
  }

  /// The passes compiled for this instruction set; call them only where the processor has it.
  var kernels: ck_kernels {
    switch self {
    case .avx512: ck_kernels_avx512
    case .avx2: ck_kernels_avx2
    case .portable: ck_kernels_portable
    }
  }
}
