// The passes for any processor of the compiler's default target.
#include "CKernels.h"

#define VECTOR_FLOATS 4
#define KERNEL_TABLE ck_kernels_portable
#define BF16_TABLE ck_kernels_bf16_portable

#include "kernel_table.h"
#include "bf16/bf16_table.h"
