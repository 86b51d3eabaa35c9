// The two gemms of gemm.h on bf16 numbers, with two multiplications per lane and fp32 sums.
//
// A gemm takes two elements of a run at a time: neighbours in NHWC already form a pair in memory,
// and the panels hold the weights of both, [panel][row][pair of the run][2 * lanes]. A run of odd
// length ends in a pair whose second weight is zero; the number read behind the run must be finite.
// An outer gemm sums over pixels, so the two halves of its lanes are two images.
#pragma once

#include "../prefetch.h"
#include "bf16_vectors.h"
#include "../gemm.h"

INLINE int64_t pairs_of(int64_t run) { return (run + 1) / 2; }

// Pairs in a panel's column.
INLINE int64_t paired_depth(const gemm_shape *shape) { return shape->rows * pairs_of(shape->run); }

// One register tile of pixels; the results are stored as bf16 if `narrowed`, else as fp32.
INLINE void pair_gemm_tile(const int tile, const int width, const bool narrowed,
                           const gemm_shape *shape, const bf16 *src, const int32_t *src_offsets,
                           const uint32_t *weights, const float *bias, float slope,
                           int64_t channels, void *dst, const int32_t *dst_offsets,
                           prefetcher *prefetch) {
  vec sum[tile_max][2];
  const bf16 *a[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
    a[i] = src + src_offsets[i];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (vec){0};
  }
  prefetch_cursor cursor = prefetch->cursor;
  int64_t run = pairs_of(shape->run);
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t k = 0; k < run; k++) {
      prefetch_step(&cursor);
      pairs b[2];
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) b[j] = load_pairs(weights + j * lanes);
#pragma clang loop unroll(full)
      for (int i = 0; i < tile; i++) {
        pairs x = splat_pair(a[i] + 2 * k);
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) sum[i][j] = multiply_add_pairs(sum[i][j], b[j], x);
      }
      weights += panel_width;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) a[i] += shape->row_stride;
  }
  prefetch_continue(prefetch, cursor);
#pragma clang loop unroll(full)
  for (int j = 0; j < width; j++) {
    int64_t n = channels - j * lanes;
    if (n > lanes) n = lanes;
    vec offset = bias ? load_part(bias + j * lanes, n) : (vec){0};
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      vec y = sum[i][j] + offset;
      if (bias) y = select_positive(y, y, y * slope);
      int64_t offset = dst_offsets[i] + j * lanes;
      if (narrowed) {
        bf16 *out = (bf16 *)dst + offset;
        if (n == lanes) {
          store_bf16(out, y);
        } else {
          store_bf16_part(out, y, n);
        }
      } else {
        float *out = (float *)dst + offset;
        if (n == lanes) {
          store(out, y);
        } else {
          store_part(out, y, n);
        }
      }
    }
  }
}

INLINE void pair_gemm(const bool narrowed, const gemm_shape *shape, const bf16 *src,
                      const uint32_t *weights, const float *bias, float slope, void *dst,
                      prefetcher *prefetch) {
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    int64_t channels = shape->channels - c;
    void *out = narrowed ? (void *)((bf16 *)dst + c) : (void *)((float *)dst + c);
    const float *b = bias ? bias + c : NULL;
    int64_t p = 0;
#define TILE(n)                                                                               \
  do {                                                                                        \
    const int32_t *from = shape->src_offsets + p, *to = shape->dst_offsets + p;               \
    if (channels > lanes) {                                                                   \
      pair_gemm_tile(n, 2, narrowed, shape, src, from, weights, b, slope, channels, out, \
                          to, prefetch);                                                          \
    } else {                                                                                  \
      pair_gemm_tile(n, 1, narrowed, shape, src, from, weights, b, slope, channels, out, \
                          to, prefetch);                                                          \
    }                                                                                         \
    p += n;                                                                                   \
  } while (0)
    while (shape->pixels - p >= tile_max) TILE(tile_max);
#if VECTOR_FLOATS == 16
    if (shape->pixels - p >= 8) TILE(8);
#endif
    if (shape->pixels - p >= 4) TILE(4);
    while (shape->pixels - p > 0) TILE(1);
#undef TILE
    weights += paired_depth(shape) * panel_width;
  }
}

// dst = every pixel times the weights; with a bias, leaky of the sum with it.
static void pair_gemm_to_bf16(const gemm_shape *shape, const bf16 *src, const uint32_t *weights,
                              const float *bias, float slope, bf16 *dst, prefetcher *prefetch) {
  pair_gemm(true, shape, src, weights, bias, slope, dst, prefetch);
}

static void pair_gemm_to_floats(const gemm_shape *shape, const bf16 *src, const uint32_t *weights,
                                const float *bias, float slope, float *dst, prefetcher *prefetch) {
  pair_gemm(false, shape, src, weights, bias, slope, dst, prefetch);
}

INLINE pairs load_pairs_part(const uint32_t *p, int64_t n) {
  return (pairs)load_part((const float *)p, n);
}

// One register tile of an outer gemm; the result has rows of `stride` floats, and only n lanes of
// the last vector are channels.
INLINE void outer_pair_gemm_tile(const int tile, const int width, const gemm_shape *shape,
                                 const uint32_t *src, const uint32_t *diff, int64_t n,
                                 outer_result result, int64_t stride, prefetcher *prefetch) {
  vec sum[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (vec){0};
  }
  prefetch_cursor cursor = prefetch->cursor;
  for (int64_t p = 0; p < shape->pixels; p++) {
    prefetch_step(&cursor);
    const uint32_t *a = src + shape->src_offsets[p], *d = diff + shape->dst_offsets[p];
    pairs b[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) {
      b[j] = load_pairs_part(d + j * lanes, j + 1 < width ? lanes : n);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      pairs x = splat_pair(a + i);
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) sum[i][j] = multiply_add_pairs(sum[i][j], b[j], x);
    }
  }
  prefetch_continue(prefetch, cursor);
  store_outer_tile(tile, width, sum, n, result, stride);
}

// Multiplies every element of a run by the pixel's gradient and sums over the pixels of both
// images, for up to two vectors of channels.
static void outer_pair_gemm_run(const gemm_shape *shape, const uint32_t *src, const uint32_t *diff,
                                int64_t channels, outer_result result, int64_t stride,
                                prefetcher *prefetch) {
  // Channels in the last vector.
  int64_t n = channels >= panel_width ? lanes : channels > lanes ? channels - lanes : channels;
  int64_t run = shape->run, k = 0;
#define TILE(size)                                                         \
  do {                                                                     \
    outer_result out = result_at(result, k * stride);                      \
    if (channels > lanes && n == lanes) {                                  \
      outer_pair_gemm_tile(size, 2, shape, src + k, diff, lanes, out, stride, prefetch); \
    } else if (channels > lanes) {                                         \
      outer_pair_gemm_tile(size, 2, shape, src + k, diff, n, out, stride, prefetch); \
    } else {                                                               \
      outer_pair_gemm_tile(size, 1, shape, src + k, diff, n, out, stride, prefetch); \
    }                                                                      \
    k += size;                                                             \
  } while (0)
#if VECTOR_FLOATS == 16
  if (run == 9) TILE(9);
  while (run - k >= 12 && run - k != 16) TILE(12);
  while (run - k >= 8) TILE(8);
#else
  while (run - k >= 6) TILE(6);
#endif
  if (run - k >= 4) TILE(4);
  if (run - k == 3) TILE(3);
  while (run - k > 0) TILE(1);
#undef TILE
}

// The same for all channels and all runs; the result is in fp32 panels.
static void outer_pair_gemm(const gemm_shape *shape, const uint32_t *src, const uint32_t *diff,
                            outer_result result, prefetcher *prefetch) {
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    for (int64_t row = 0; row < shape->rows; row++) {
      outer_pair_gemm_run(shape, src + row * shape->row_stride, diff + c, shape->channels - c,
                          result, panel_width, prefetch);
      result = result_at(result, shape->run * panel_width);
    }
  }
}

// Approximate iterations of the multiply-add loop of a gemm, and of the outer gemm of the same
// extents.
INLINE int64_t pair_gemm_iterations(const gemm_shape *shape) {
  return panels_of(shape->channels) * (shape->pixels / tile_max + 1) * paired_depth(shape);
}

INLINE int64_t outer_pair_gemm_iterations(const gemm_shape *shape) {
  int64_t tiles = (shape->run + tile_max - 1) / tile_max;
  return panels_of(shape->channels) * shape->rows * tiles * shape->pixels;
}

// Converts fp32 panels of `runs` × `run` rows to panels of pairs; dst may begin at or before
// `panels`.
static void pair_panels(const float *panels, float *dst, int64_t runs, int64_t run) {
  for (; runs > 0; runs--, panels += run * panel_width) {
    for (int64_t k = 0; k < run; k += 2, dst += panel_width) {
      const float *first = panels + k * panel_width, *second = first + panel_width;
      vec left = {0}, right = {0};
      if (k + 1 < run) {
        left = load(second);
        right = load(second + lanes);
      }
      pairs a = pair_up(load(first), left), b = pair_up(load(first + lanes), right);
      store_pairs(dst, a);
      store_pairs(dst + lanes, b);
    }
  }
}
