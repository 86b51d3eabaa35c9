import CKernels
import COneDNN

/// The instruction set that the kernels run on: the processor's best, limited by the environment.
package enum InstructionSet: String, Hashable, Sendable, CaseIterable {
  /// AVX-512 (F, BW, DQ, VL): 16 floats at a time.
  case avx512
  /// AVX2 with FMA: 8 floats at a time.
  case avx2
  /// The compiler's baseline: 4 floats at a time.
  case portable

  /// What this process uses.
  ///
  /// oneDNN: `dnnl_get_effective_cpu_isa`, which honours the environment variables
  /// `ONEDNN_MAX_CPU_ISA` and `DNNL_MAX_CPU_ISA` as they were at the first call.
  package static var effective: InstructionSet {
    // The values are bit sets: each instruction set's bits include those it builds on.
    let available = dnnl_get_effective_cpu_isa().rawValue
    func has(_ isa: dnnl_cpu_isa_t) -> Bool { available & isa.rawValue == isa.rawValue }
    return has(dnnl_cpu_isa_avx512_core) ? .avx512 : has(dnnl_cpu_isa_avx2) ? .avx2 : .portable
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
