// Vectors of bf16 numbers, the upper halves of floats: one per lane, as activations store them, or
// a pair per lane, as gemms multiply them.
//
// With BF16_INSTRUCTIONS the processor rounds and multiplies; without, float vectors compute the
// same. Rounding is to nearest, ties to even; sums are fp32.
#pragma once

#include "../vectors.h"

typedef uint16_t bf16;
typedef uint16_t bf16_vec __attribute__((vector_size(2 * VECTOR_FLOATS)));
typedef uint16_t bf16_twice_vec __attribute__((vector_size(4 * VECTOR_FLOATS)));
typedef uint16_t bf16_vec_unaligned __attribute__((vector_size(2 * VECTOR_FLOATS), aligned(2)));
typedef uint32_t uvec __attribute__((vector_size(4 * VECTOR_FLOATS)));
// Lane i holds two numbers, the first in its lower half.
typedef uvec pairs;
typedef uint32_t pairs_unaligned __attribute__((vector_size(4 * VECTOR_FLOATS), aligned(2)));
typedef uint32_t pair_unaligned __attribute__((aligned(2), may_alias));

INLINE vec widen(bf16_vec v) { return (vec)(__builtin_convertvector(v, uvec) << 16); }

INLINE pairs load_pairs(const void *p) { return *(const pairs_unaligned *)p; }
INLINE void store_pairs(void *p, pairs v) { *(pairs_unaligned *)p = v; }
INLINE pairs splat_pair(const void *p) { return *(const pair_unaligned *)p + (pairs){0}; }

#ifdef BF16_INSTRUCTIONS

INLINE bf16_vec narrow(vec v) { return (bf16_vec)_mm512_cvtneps_pbh((__m512)v); }

// Lane i of the result holds lane i of `first` and of `second`.
INLINE pairs pair_up(vec first, vec second) {
  const bf16_twice_vec alternate = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24,
                                    9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  __m512bh both = _mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  return (pairs)_mm512_permutexvar_epi16((__m512i)alternate, (__m512i)both);
}

// Pairs of neighbouring lanes: those of `first`, then those of `second`.
INLINE pairs pair_neighbours(vec first, vec second) {
  return (pairs)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
}

// sum + the products of the first halves and of the second halves.
INLINE vec multiply_add_pairs(vec sum, pairs a, pairs b) {
  return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

#else

// The rounded number in the upper half of each lane; the lower half is undefined.
INLINE uvec rounded(vec v) {
  uvec bits = (uvec)v;
  uvec up = bits + 0x7fffu + ((bits >> 16) & 1u);
  // Rounding could turn a NaN into a number.
  uvec ordered = (uvec)(v == v);
  return (up & ordered) | (0x7fc00000u & ~ordered);
}

INLINE bf16_vec narrow(vec v) { return __builtin_convertvector(rounded(v) >> 16, bf16_vec); }

INLINE pairs pair_up(vec first, vec second) {
  return (rounded(first) >> 16) | (rounded(second) & 0xffff0000u);
}

INLINE pairs pair_neighbours(vec first, vec second) {
  bf16_vec both[2] = {narrow(first), narrow(second)};
  pairs result;
  memcpy(&result, both, sizeof result);
  return result;
}

INLINE vec multiply_add_pairs(vec sum, pairs a, pairs b) {
  sum += (vec)(a << 16) * (vec)(b << 16);
  return sum + (vec)(a & 0xffff0000u) * (vec)(b & 0xffff0000u);
}

#endif

INLINE vec load_bf16(const bf16 *p) { return widen(*(const bf16_vec_unaligned *)p); }
INLINE void store_bf16(bf16 *p, vec v) { *(bf16_vec_unaligned *)p = narrow(v); }

// Loads the first n lanes and zeroes the others; n == lanes is a compile-time constant in fast
// paths.
INLINE vec load_bf16_part(const bf16 *p, int64_t n) {
  if (n == lanes) return load_bf16(p);
#if VECTOR_FLOATS == 16
  return widen((bf16_vec)_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p));
#else
  bf16_vec v = {0};
  memcpy(&v, p, (size_t)n * sizeof(bf16));
  return widen(v);
#endif
}

INLINE void store_bf16_part(bf16 *p, vec v, int64_t n) {
  if (n == lanes) {
    store_bf16(p, v);
  } else {
    bf16_vec narrowed = narrow(v);
#if VECTOR_FLOATS == 16
    _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1), (__m256i)narrowed);
#else
    memcpy(p, &narrowed, (size_t)n * sizeof(bf16));
#endif
  }
}

INLINE void store_pairs_part(uint32_t *p, pairs v, int64_t n) {
  store_part((float *)p, (vec)v, n);
}
