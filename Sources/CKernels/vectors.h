// Vectors of VECTOR_FLOATS floats and their operations.
//
// Included once by each instruction set's file, after VECTOR_FLOATS is defined.
#pragma once

#if VECTOR_FLOATS > 4
#include <immintrin.h>
#endif
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { lanes = VECTOR_FLOATS };

typedef float vec __attribute__((vector_size(4 * VECTOR_FLOATS)));
typedef float vec_unaligned __attribute__((vector_size(4 * VECTOR_FLOATS), aligned(4)));
typedef double double_unaligned __attribute__((aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * VECTOR_FLOATS)));

INLINE vec load(const float *p) { return *(const vec_unaligned *)p; }
INLINE void store(float *p, vec v) { *(vec_unaligned *)p = v; }
INLINE vec splat(float x) { return x - (vec){0}; }

// Loads the first n lanes and zeroes the others; n == lanes is a compile-time constant in fast
// paths.
INLINE vec load_part(const float *p, int64_t n) {
  if (n == lanes) return load(p);
#if VECTOR_FLOATS == 16
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif VECTOR_FLOATS == 8
  return (vec)_mm256_maskload_ps(p, (__m256i)((ivec){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)n));
#else
  vec v = {0};
  memcpy(&v, p, (size_t)n * sizeof(float));
  return v;
#endif
}

INLINE void store_part(float *p, vec v, int64_t n) {
  if (n == lanes) {
    store(p, v);
    return;
  }
#if VECTOR_FLOATS == 16
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif VECTOR_FLOATS == 8
  _mm256_maskstore_ps(p, (__m256i)((ivec){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)n), (__m256)v);
#else
  memcpy(p, &v, (size_t)n * sizeof(float));
#endif
}

INLINE vec select_positive(vec condition, vec positive, vec otherwise) {
  ivec mask = condition > 0.0f;
  return (vec)((mask & (ivec)positive) | (~mask & (ivec)otherwise));
}

#if VECTOR_FLOATS == 16
#define EVERY_LANE(f, s)                                                                        \
  f(0, s), f(1, s), f(2, s), f(3, s), f(4, s), f(5, s), f(6, s), f(7, s), f(8, s), f(9, s),     \
      f(10, s), f(11, s), f(12, s), f(13, s), f(14, s), f(15, s)
#elif VECTOR_FLOATS == 8
#define EVERY_LANE(f, s) f(0, s), f(1, s), f(2, s), f(3, s), f(4, s), f(5, s), f(6, s), f(7, s)
#else
#define EVERY_LANE(f, s) f(0, s), f(1, s), f(2, s), f(3, s)
#endif

// The first n lanes, the others zero.
INLINE vec first_lanes(vec v, int64_t n) {
#define INDEX(i, s) (i)
  const ivec index = {EVERY_LANE(INDEX, 0)};
#undef INDEX
  return (vec)((ivec)v & (index < (int32_t)n));
}

// Whether several pixels of so many channels fill a vector exactly. Kernels then take them together.
INLINE bool pixels_share_vectors(int64_t channels) { return channels < lanes && lanes % channels == 0; }

// A value per channel, repeated in all lanes; `channels` divides the lanes.
INLINE vec repeat(const float *p, int64_t channels) {
#define INDEX(i, s) (i)
  const ivec index = (ivec){EVERY_LANE(INDEX, 0)} & (int32_t)(channels - 1);
#undef INDEX
  vec v = load_part(p, channels);
#if VECTOR_FLOATS == 16
  return (vec)_mm512_permutexvar_ps((__m512i)index, (__m512)v);
#elif VECTOR_FLOATS == 8
  return (vec)_mm256_permutevar8x32_ps((__m256)v, (__m256i)index);
#else
  vec repeated;
  for (int64_t i = 0; i < lanes; i++) repeated[i] = v[index[i]];
  return repeated;
#endif
}

// Sums the lanes of each channel; every lane of a channel gets the sum.
INLINE vec sum_of_pixels(vec v, int64_t channels) {
#define ASIDE(i, s) ((i) ^ (s))
#if VECTOR_FLOATS >= 16
  if (channels <= 8) v += __builtin_shufflevector(v, v, EVERY_LANE(ASIDE, 8));
#endif
#if VECTOR_FLOATS >= 8
  if (channels <= 4) v += __builtin_shufflevector(v, v, EVERY_LANE(ASIDE, 4));
#endif
  if (channels <= 2) v += __builtin_shufflevector(v, v, EVERY_LANE(ASIDE, 2));
  if (channels <= 1) v += __builtin_shufflevector(v, v, EVERY_LANE(ASIDE, 1));
#undef ASIDE
  return v;
}

INLINE double sum_of_lanes(vec v) {
  double sum = 0;
  for (int i = 0; i < lanes; i++) sum += v[i];
  return sum;
}

typedef double double_vec __attribute__((vector_size(8 * VECTOR_FLOATS)));
typedef double double_vec_unaligned
    __attribute__((vector_size(8 * VECTOR_FLOATS), aligned(8)));

// Adds each lane to its own total.
INLINE void add_to(double *totals, vec v) {
  *(double_vec_unaligned *)totals += __builtin_convertvector(v, double_vec);
}

// A sum of products per lane: fp32 where multiply-add rounds once, else double, so that every
// instruction set is about equally exact.
#if VECTOR_FLOATS > 4 || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
typedef vec accumulator;
INLINE void multiply_add(accumulator *sum, vec a, vec b) { *sum += a * b; }
INLINE vec accumulator_floats(const accumulator *sum) { return *sum; }
#else
typedef double_vec accumulator;
INLINE void multiply_add(accumulator *sum, vec a, vec b) {
  *sum += __builtin_convertvector(a, double_vec) * __builtin_convertvector(b, double_vec);
}
INLINE vec accumulator_floats(const accumulator *sum) { return __builtin_convertvector(*sum, vec); }
#endif

// e to the x, with relative error below 2e-7; x is clamped to [-87, 87].
INLINE vec exponential(vec x) {
  const float limit = 87.0f;
  x = select_positive(x - limit, splat(limit), x);
  x = select_positive(-limit - x, splat(-limit), x);
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
  const float rounder = 12582912.0f;
  vec n = (x * 1.44269504f + rounder) - rounder;
  // ln 2 in two parts; the first has trailing zeros, so that n times it is exact.
  vec r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  vec p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r) * r + r + 1.0f;
  ivec exponent = (__builtin_convertvector(n, ivec) + 127) << 23;
  return p * (vec)exponent;
}
