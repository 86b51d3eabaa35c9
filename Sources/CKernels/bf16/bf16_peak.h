// Arithmetic without memory access in bf16; see peak.h.
#pragma once

#include "bf16_vectors.h"

static double bf16_peak_arithmetic(int64_t rounds, float factor, float addend) {
  vec chain[ck_peak_chains];
  pairs x = pair_up(splat(factor), splat(factor)), y = pair_up(splat(addend), splat(addend));
#pragma clang loop unroll(full)
  for (int i = 0; i < ck_peak_chains; i++) chain[i] = splat((float)i);
  for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < ck_peak_chains; i++) chain[i] = multiply_add_pairs(chain[i], x, y);
  }
  double sum = 0;
  for (int i = 0; i < ck_peak_chains; i++) sum += sum_of_lanes(chain[i]);
  return sum;
}
