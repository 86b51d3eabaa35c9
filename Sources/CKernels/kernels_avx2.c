// The passes for processors with avx2, fma.
#include <immintrin.h>

#include "CKernels.h"

#define VECTOR_FLOATS 8
#define KERNEL_TABLE ck_kernels_avx2
#define BF16_TABLE ck_kernels_bf16_avx2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernel_table.h"
#include "bf16/bf16_table.h"
#pragma clang attribute pop
