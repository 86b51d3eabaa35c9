// The bf16 passes for processors with avx512bf16 and the features of kernels_avx512.c.
#include <immintrin.h>

#include "CKernels.h"

#define VECTOR_FLOATS 16
#define BF16_INSTRUCTIONS
#define BF16_TABLE ck_kernels_bf16_avx512_bf16

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,prfchw"))), apply_to = function)
#include "bf16/bf16_table.h"
#pragma clang attribute pop
