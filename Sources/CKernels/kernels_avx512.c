// The passes for processors with avx512f, avx512bw, avx512dq, avx512vl, avx2, fma.
#include <immintrin.h>

#include "CKernels.h"

#define VECTOR_FLOATS 16
#define KERNEL_TABLE ck_kernels_avx512
#define BF16_TABLE ck_kernels_bf16_avx512

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prfchw"))), apply_to = function)
#include "kernel_table.h"
#include "bf16/bf16_table.h"
#pragma clang attribute pop
