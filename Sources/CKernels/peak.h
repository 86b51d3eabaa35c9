// Arithmetic without memory access: the peak that other passes are compared with.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// Enough chains to hide the latency of a multiply-add, few enough to stay in registers.
static double peak_arithmetic(int64_t rounds, float factor, float addend) {
  vec chain[ck_peak_chains];
  vec x = splat(factor), y = splat(addend);
#pragma clang loop unroll(full)
  for (int i = 0; i < ck_peak_chains; i++) chain[i] = splat((float)i);
  for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < ck_peak_chains; i++) chain[i] = chain[i] * x + y;
  }
  double sum = 0;
  for (int i = 0; i < ck_peak_chains; i++) sum += sum_of_lanes(chain[i]);
  return sum;
}
