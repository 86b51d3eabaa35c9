// Detects the processor's instruction sets.
#include "CKernels.h"

ck_processor ck_processor_best(void) {
  __builtin_cpu_init();
  int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl");
  if (has_avx512 && __builtin_cpu_supports("avx512bf16")) return ck_processor_avx512_bf16;
  return has_avx512 ? ck_processor_avx512 : has_avx2 ? ck_processor_avx2 : ck_processor_portable;
}
