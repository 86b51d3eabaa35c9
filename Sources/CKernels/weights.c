// Rearrangements of weights, once per optimiser step.
#include "CKernels.h"

void ck_add_parts(float *runs, int64_t part, int64_t parts, int64_t count, int64_t first,
                  int64_t behind) {
  // A few cache lines at a time stay in the first cache while all parts are added.
  enum { together = 256 };
  for (int64_t j = first; j < behind; j += together) {
    int64_t n = behind - j < together ? behind - j : together;
    float *sum = runs + j;
    for (int64_t p = part; p < parts; p++) {
      const float *other = runs + p * count + j;
      for (int64_t k = 0; k < n; k++) sum[k] += other[k];
    }
  }
}

void ck_exchange(const float *src, int64_t a, int64_t b, int64_t inner, float *dst) {
  for (int64_t j = 0; j < b; j++) {
    for (int64_t i = 0; i < a; i++) {
      const float *from = src + (i * b + j) * inner;
      float *to = dst + (j * a + i) * inner;
      for (int64_t k = 0; k < inner; k++) to[k] = from[k];
    }
  }
}

void ck_turn_weights(const float *src, int64_t a, int64_t b, int64_t size, float *dst) {
  int64_t area = size * size;
  for (int64_t i = 0; i < a; i++) {
    for (int64_t j = 0; j < b; j++) {
      const float *from = src + (i * b + j) * area;
      float *to = dst + (j * a + i) * area;
      for (int64_t k = 0; k < area; k++) to[area - 1 - k] = from[k];
    }
  }
}
