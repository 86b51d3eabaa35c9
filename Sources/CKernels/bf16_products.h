// The two products on bf16 numbers, two multiplications to a lane, with fp32 sums.
//
// Runs are taken two elements at a time: neighbours in NHWC are a pair as they lie, and the panels
// hold the weights of both, [panel][row][pair of the run][2 * lanes]. A run of odd length ends in
// a pair whose second weight is zero; what its second element reads must be a finite number.
// Outer products sum over pixels, so there the two halves of a lane are two images.
#pragma once

#include "ahead.h"
#include "bf16_vectors.h"
#include "products.h"

INLINE int64_t pairs_of(int64_t run) { return (run + 1) / 2; }

// Words of a panel.
INLINE int64_t paired_depth(const product *shape) { return shape->rows * pairs_of(shape->run); }

// The results of a tile of pixels: bf16 or, as `narrowed` says, fp32.
INLINE void multiply_pairs_tile(const int tile, const int width, const bool narrowed,
                                const product *shape, const bf16 *src,
                                const int32_t *src_offsets, const uint32_t *weights,
                                const float *bias, float slope, int64_t channels, void *dst,
                                const int32_t *dst_offsets, ahead *next) {
  vec sum[tile_max][2];
  const bf16 *a[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
    a[i] = src + src_offsets[i];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (vec){0};
  }
  const char *read = next->read, *write = next->write;
  int64_t read_step = next->read_step, write_step = next->write_step;
  int64_t run = pairs_of(shape->run);
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t k = 0; k < run; k++) {
      __builtin_prefetch(read, 0, 3);
      read += read_step;
      __builtin_prefetch(write, 1, 3);
      write += write_step;
      pairs b[2];
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) b[j] = load_pairs(weights + j * lanes);
#pragma clang loop unroll(full)
      for (int i = 0; i < tile; i++) {
        pairs x = splat_pair(a[i] + 2 * k);
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) sum[i][j] = add_products(sum[i][j], b[j], x);
      }
      weights += panel_width;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) a[i] += shape->row_stride;
  }
  advance(next, read, write);
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

INLINE void multiply_pairs(const bool narrowed, const product *shape, const bf16 *src,
                           const uint32_t *weights, const float *bias, float slope, void *dst,
                           ahead *next) {
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    int64_t channels = shape->channels - c;
    void *out = narrowed ? (void *)((bf16 *)dst + c) : (void *)((float *)dst + c);
    const float *b = bias ? bias + c : NULL;
    int64_t p = 0;
#define TILE(n)                                                                               \
  do {                                                                                        \
    const int32_t *from = shape->src_offsets + p, *to = shape->dst_offsets + p;               \
    if (channels > lanes) {                                                                   \
      multiply_pairs_tile(n, 2, narrowed, shape, src, from, weights, b, slope, channels, out, \
                          to, next);                                                          \
    } else {                                                                                  \
      multiply_pairs_tile(n, 1, narrowed, shape, src, from, weights, b, slope, channels, out, \
                          to, next);                                                          \
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

// dst = the product of every pixel with the weights; with a bias, leaky(bias + product).
static void multiply_to_bf16(const product *shape, const bf16 *src, const uint32_t *weights,
                             const float *bias, float slope, bf16 *dst, ahead *next) {
  multiply_pairs(true, shape, src, weights, bias, slope, dst, next);
}

static void multiply_to_floats(const product *shape, const bf16 *src, const uint32_t *weights,
                               const float *bias, float slope, float *dst, ahead *next) {
  multiply_pairs(false, shape, src, weights, bias, slope, dst, next);
}

INLINE pairs load_pairs_part(const uint32_t *p, int64_t n) {
  if (n == lanes) return load_pairs(p);
  pairs v = {0};
  memcpy(&v, p, (size_t)n * sizeof(uint32_t));
  return v;
}

// The result of a tile, whose rows are `stride` floats apart; n lanes of the last vector count.
INLINE void outer_pairs_tile(const int tile, const int width, const product *shape,
                             const uint32_t *src, const uint32_t *diff, int64_t n,
                             outer_result result, int64_t stride, ahead *next) {
  vec sum[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (vec){0};
  }
  const char *read = next->read, *write = next->write;
  int64_t read_step = next->read_step, write_step = next->write_step;
  for (int64_t p = 0; p < shape->pixels; p++) {
    __builtin_prefetch(read, 0, 3);
    read += read_step;
    __builtin_prefetch(write, 1, 3);
    write += write_step;
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
      for (int j = 0; j < width; j++) sum[i][j] = add_products(sum[i][j], b[j], x);
    }
  }
  advance(next, read, write);
  finish_outer(tile, width, sum, n, result, stride);
}

// For every element of a run, the sum over pixels, and over the two images that share lanes, of it
// times the pixel's gradient, for up to two vectors of channels.
static void outer_pairs_run(const product *shape, const uint32_t *src, const uint32_t *diff,
                            int64_t channels, outer_result result, int64_t stride, ahead *next) {
  // Lanes of the last vector that are channels.
  int64_t n = channels >= panel_width ? lanes : channels > lanes ? channels - lanes : channels;
  int64_t run = shape->run, k = 0;
#define TILE(size)                                                         \
  do {                                                                     \
    outer_result out = result_at(result, k * stride);                      \
    if (channels > lanes && n == lanes) {                                  \
      outer_pairs_tile(size, 2, shape, src + k, diff, lanes, out, stride, next); \
    } else if (channels > lanes) {                                         \
      outer_pairs_tile(size, 2, shape, src + k, diff, n, out, stride, next); \
    } else {                                                               \
      outer_pairs_tile(size, 1, shape, src + k, diff, n, out, stride, next); \
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

// The same for all channels and every row of runs, in panels of fp32.
static void outer_pairs(const product *shape, const uint32_t *src, const uint32_t *diff,
                        outer_result result, ahead *next) {
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    for (int64_t row = 0; row < shape->rows; row++) {
      outer_pairs_run(shape, src + row * shape->row_stride, diff + c, shape->channels - c, result,
                      panel_width, next);
      result = result_at(result, shape->run * panel_width);
    }
  }
}

// Rounds of the multiply-add loops of a product, about, and of the outer one on the same extents.
INLINE int64_t paired_rounds_of(const product *shape) {
  return panels_of(shape->channels) * (shape->pixels / tile_max + 1) * paired_depth(shape);
}

INLINE int64_t outer_paired_rounds_of(const product *shape) {
  int64_t tiles = (shape->run + tile_max - 1) / tile_max;
  return panels_of(shape->channels) * shape->rows * tiles * shape->pixels;
}

// dst = panels of floats, `runs` times `run` rows, as panels of pairs; dst may begin at or before
// panels.
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
