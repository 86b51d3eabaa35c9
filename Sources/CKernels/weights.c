// Rearrangements of weights; they run once per optimiser step.
#include "CKernels.h"

void ck_add_parts(float *buffers, int64_t part, int64_t parts, int64_t count, int64_t first,
                  int64_t end) {
  // A block of the sum stays in the L1 cache while all parts are added to it.
  enum { block = 256 };
  for (int64_t j = first; j < end; j += block) {
    int64_t n = end - j < block ? end - j : block;
    float *sum = buffers + j;
    for (int64_t p = part; p < parts; p++) {
      const float *other = buffers + p * count + j;
      for (int64_t k = 0; k < n; k++) sum[k] += other[k];
    }
  }
}

void ck_swap_axes(const float *src, int64_t a, int64_t b, int64_t inner, float *dst) {
  for (int64_t j = 0; j < b; j++) {
    for (int64_t i = 0; i < a; i++) {
      const float *from = src + (i * b + j) * inner;
      float *to = dst + (j * a + i) * inner;
      for (int64_t k = 0; k < inner; k++) to[k] = from[k];
    }
  }
}

void ck_rotate_weights(const float *src, int64_t a, int64_t b, int64_t size, float *dst) {
  int64_t area = size * size;
  for (int64_t i = 0; i < a; i++) {
    for (int64_t j = 0; j < b; j++) {
      const float *from = src + (i * b + j) * area;
      float *to = dst + (j * a + i) * area;
      for (int64_t k = 0; k < area; k++) to[area - 1 - k] = from[k];
    }
  }
}
