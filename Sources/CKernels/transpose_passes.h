// Transposes square blocks of vectors, and matrices block by block.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// Lane i after two rows that are s apart exchange blocks of s lanes.
#define UPPER(i, s) (((i) & (s)) ? lanes + (i) - (s) : (i))
#define LOWER(i, s) (((i) & (s)) ? lanes + (i) : (i) + (s))
#define EXCHANGE(v, s)                                                          \
  for (int i = 0; i < lanes; i++) {                                             \
    if (i & (s)) continue;                                                      \
    vec upper = __builtin_shufflevector(v[i], v[i + (s)], EVERY_LANE(UPPER, s)); \
    v[i + (s)] = __builtin_shufflevector(v[i], v[i + (s)], EVERY_LANE(LOWER, s)); \
    v[i] = upper;                                                               \
  }

INLINE void transpose_lanes(vec v[lanes]) {
#pragma clang loop unroll(full)
  EXCHANGE(v, 1)
#pragma clang loop unroll(full)
  EXCHANGE(v, 2)
#if VECTOR_FLOATS >= 8
#pragma clang loop unroll(full)
  EXCHANGE(v, 4)
#endif
#if VECTOR_FLOATS >= 16
#pragma clang loop unroll(full)
  EXCHANGE(v, 8)
#endif
}

// dst[outer][b][a] = src[outer][a][b].
static void transpose(const float *src, int64_t outer, int64_t a, int64_t b, float *dst) {
  for (int64_t o = 0; o < outer; o++, src += a * b, dst += a * b) {
    for (int64_t i = 0; i < a; i += lanes) {
      for (int64_t j = 0; j < b; j += lanes) {
        if (i + lanes <= a && j + lanes <= b) {
          vec v[lanes];
#pragma clang loop unroll(full)
          for (int k = 0; k < lanes; k++) v[k] = load(src + (i + k) * b + j);
          transpose_lanes(v);
#pragma clang loop unroll(full)
          for (int k = 0; k < lanes; k++) store(dst + (j + k) * a + i, v[k]);
          continue;
        }
        for (int64_t y = i; y < a && y < i + lanes; y++) {
          for (int64_t x = j; x < b && x < j + lanes; x++) dst[x * a + y] = src[y * b + x];
        }
      }
    }
  }
}

static void images_from_rows(const float *src, int64_t images, int64_t pixels, int64_t channels,
                             float *dst) {
  transpose(src, images, channels, pixels, dst);
}

static void rows_from_images(const float *src, int64_t images, int64_t pixels, int64_t channels,
                             float *dst) {
  transpose(src, images, pixels, channels, dst);
}
