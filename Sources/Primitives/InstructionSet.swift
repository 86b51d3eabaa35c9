import CKernels
import Foundation

/// An instruction set of the kernels.
///
/// A process uses the processor's widest, or less if the environment sets a limit.
package enum InstructionSet: String, Hashable, Sendable, CaseIterable {
  /// AVX-512 with AVX512-BF16; differs from `avx512` only in bf16 arithmetic.
  case avx512BF16 = "avx512-bf16"
  /// AVX-512 (F, BW, DQ, VL): 16 floats at a time.
  case avx512
  /// AVX2 with FMA: 8 floats at a time.
  case avx2
  /// The compiler's baseline: 4 floats at a time.
  case portable

  /// The environment variable that sets the widest instruction set to use, such as `avx2`.
  ///
  /// With the same limit, the machines of a fleet compute the same bits. Tests use it too.
  package static let limitVariable = "BOTTLENECKSWEEP_INSTRUCTION_SET"

  /// What this process uses for fp32 arithmetic.
  package static let effective = effective(for: .fp32)

  /// What this process uses for an arithmetic.
  package static func effective(for arithmetic: Arithmetic) -> InstructionSet {
    available == .avx512BF16 && arithmetic == .fp32 ? .avx512 : available
  }

  private static let available = limited(
    to: ProcessInfo.processInfo.environment[limitVariable], processor: best)

  /// Checks the environment's limit.
  ///
  /// - Throws: ``UnknownInstructionSet`` if it names none. A typing error must not silently change
  ///   the bits of the results.
  package static func checkLimit(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(UnknownInstructionSet) {
    guard let limit = environment[limitVariable], !limit.isEmpty else { return }
    guard InstructionSet(rawValue: limit) != nil else { throw UnknownInstructionSet(found: limit) }
  }

  /// The processor's widest.
  private static var best: InstructionSet {
    switch ck_processor_best() {
    case ck_processor_avx512_bf16: .avx512BF16
    case ck_processor_avx512: .avx512
    case ck_processor_avx2: .avx2
    default: .portable
    }
  }

  /// The instruction set named by `limit` if the processor has it, else the processor's own.
  package static func limited(to limit: String?, processor: InstructionSet) -> InstructionSet {
    guard let limit = limit.flatMap(InstructionSet.init), processor.includes(limit) else {
      return processor
    }
    return limit
  }

  /// Whether a processor with this instruction set also has `other`.
  package func includes(_ other: InstructionSet) -> Bool {
    switch self {
    case .avx512BF16: true
    case .avx512: other != .avx512BF16
    case .avx2: other == .avx2 || other == .portable
    case .portable: other == .portable
    }
  }

  /// The passes compiled for this instruction set; call them only if the processor has it.
  func kernels(for arithmetic: Arithmetic = .fp32) -> ck_kernels {
    switch (self, arithmetic) {
    case (.avx512BF16, .fp32), (.avx512, .fp32): ck_kernels_avx512
    case (.avx2, .fp32): ck_kernels_avx2
    case (.portable, .fp32): ck_kernels_portable
    case (.avx512BF16, .bf16): ck_kernels_bf16_avx512_bf16
    case (.avx512, .bf16): ck_kernels_bf16_avx512
    case (.avx2, .bf16): ck_kernels_bf16_avx2
    case (.portable, .bf16): ck_kernels_bf16_portable
    }
  }
}

/// The environment names an unknown instruction set.
package struct UnknownInstructionSet: Error, Hashable, Sendable, CustomStringConvertible {
  /// The variable's value.
  package var found: String

  package var description: String {
    let known = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
    return "\(InstructionSet.limitVariable): found \"\(found)\", expected one of \(known)"
  }
}
