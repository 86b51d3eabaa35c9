// Convolutions as register-blocked matrix multiplications (gemm). An image is copied to scratch
// memory with zeros around it, and normalised if asked to. The forward direction and the gradient
// of the source are a gemm; the gradient of the weights is an outer gemm, which sums over pixels.
//
// M is the output pixels and N the output channels. K is the kernel's elements: in NHWC the columns
// and channels of one kernel row are contiguous, so K is `rows` runs of `run` contiguous floats. A
// transposed convolution of stride 2 is four gemms, one for each parity of row and column.
// Weights are packed in panels of two vectors of output channels: [panel][row][run][2 * lanes]; the
// panels of few output channels are folded (folding.h).
#pragma once

#include "CKernels.h"
#include "prefetch.h"
#include "box_passes.h"
#include "epilogue.h"
#include "folding.h"
#include "norm_passes.h"
#include "vectors.h"

// The most rows of a register tile (pixels, or elements of a run); each has two vectors of
// channels.
#if VECTOR_FLOATS == 16
enum { tile_max = 12 };
#else
enum { tile_max = 6 };
#endif
enum { pixels_max = (ck_size_max / 2 + 1) * (ck_size_max / 2 + 1) };

// The extents of a gemm, and for every pixel the offsets of its source and its result.
typedef struct gemm_shape {
  const int32_t *src_offsets, *dst_offsets;
  int64_t pixels, rows, row_stride, run, channels;
  // Elements of a run that share a vector of the packed weights; 0 and 1 mean that none do.
  int64_t fold;
} gemm_shape;

// Vectors of a run's weights for one vector of channels.
INLINE int64_t folded_run(const gemm_shape *shape, int64_t fold) {
  return (shape->run + fold - 1) / fold;
}

INLINE void gemm_tile(const int tile, const int width, const int fold, const epilogue_kind kind,
                      const gemm_shape *shape, const float *src, const int32_t *src_offsets,
                      const float *weights, int64_t c, float *dst, const int32_t *dst_offsets,
                      const epilogue_arguments *epilogue, prefetcher *prefetch) {
  accumulator sum[tile_max][2];
  const float *a[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
    a[i] = src + src_offsets[i];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (accumulator){0};
  }
  prefetch_cursor cursor = prefetch->cursor;
  int64_t run = folded_run(shape, fold);
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t k = 0; k < run; k++) {
      prefetch_step(&cursor);
      vec b[2];
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) b[j] = load(weights + j * lanes);
#pragma clang loop unroll(full)
      for (int i = 0; i < tile; i++) {
        vec x = splat_folded(fold, a[i] + k * fold);
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) multiply_add(&sum[i][j], x, b[j]);
      }
      weights += fold > 1 ? lanes : panel_width;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) a[i] += shape->row_stride;
  }
  prefetch_continue(prefetch, cursor);
#pragma clang loop unroll(full)
  for (int j = 0; j < width; j++) {
    int64_t first = c + j * lanes, n = shape->channels - first;
    if (n > lanes) n = lanes;
    vec bias = {0}, mean = {0}, total = {0}, dot = {0};
    if (kind == epilogue_bias_leaky) bias = load_part(epilogue->bias + first, n);
    if (kind == epilogue_gradient_sums) mean = load_part(epilogue->mean + first, n);
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      vec y = unfold(fold, accumulator_floats(&sum[i][j]));
      if (kind == epilogue_bias_leaky) {
        y += bias;
        y = select_positive(y, y, y * epilogue->slope);
      }
      if (kind == epilogue_gradient_sums) {
        total += y;
        dot += y * (load_part(epilogue->src + dst_offsets[i] + first, n) - mean);
      }
      float *out = dst + dst_offsets[i] + first;
      if (n == lanes) {
        store(out, y);
      } else {
        store_part(out, y, n);
      }
    }
    if (kind == epilogue_gradient_sums) {
      add_to(epilogue->sum + first, total);
      add_to(epilogue->dot + first, dot);
    }
  }
}

#if VECTOR_FLOATS == 16
#define EVERY_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12)
#else
#define EVERY_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6)
#endif

INLINE int64_t tiles_of(int64_t count) { return (count + tile_max - 1) / tile_max; }

// The size of the next tile, such that the tiles of the `left` remaining rows are about equal.
INLINE int64_t next_tile(int64_t left) {
  int64_t tiles = tiles_of(left);
  return (left + tiles - 1) / tiles;
}

// dst = the epilogue of every pixel times the weights.
INLINE void gemm_with_epilogue(const epilogue_kind kind, const gemm_shape *shape, const float *src,
                               const float *weights, float *dst,
                               const epilogue_arguments *epilogue, prefetcher *prefetch) {
  int64_t depth = shape->rows * shape->run;
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    bool narrow = shape->channels - c <= lanes;
    int64_t p = 0;
#define TILE(n, width, fold)                                                           \
  gemm_tile(n, width, fold, kind, shape, src, shape->src_offsets + p, weights, c, dst, \
            shape->dst_offsets + p, epilogue, prefetch);                               \
  p += n;
    while (p < shape->pixels) {
      switch (next_tile(shape->pixels - p)) {
#define CASE(n)                                          \
  case n:                                                \
    if (VECTOR_FLOATS == 16 && shape->fold == 4) {       \
      TILE(n, 1, 4)                                      \
    } else if (VECTOR_FLOATS >= 8 && shape->fold == 2) { \
      TILE(n, 1, 2)                                      \
    } else if (narrow) {                                 \
      TILE(n, 1, 1)                                      \
    } else {                                             \
      TILE(n, 2, 1)                                      \
    }                                                    \
    break;
        EVERY_TILE(CASE)
#undef CASE
      }
    }
#undef TILE
    weights += depth * panel_width;
  }
}

static void gemm_plain(const gemm_shape *shape, const float *src, const float *weights, float *dst,
                       prefetcher *prefetch) {
  gemm_with_epilogue(epilogue_none, shape, src, weights, dst, NULL, prefetch);
}

static void gemm_bias_leaky(const gemm_shape *shape, const float *src, const float *weights,
                            float *dst, const epilogue_arguments *epilogue, prefetcher *prefetch) {
  gemm_with_epilogue(epilogue_bias_leaky, shape, src, weights, dst, epilogue, prefetch);
}

static void gemm_gradient_sums(const gemm_shape *shape, const float *src, const float *weights,
                               float *dst, const epilogue_arguments *epilogue,
                               prefetcher *prefetch) {
  gemm_with_epilogue(epilogue_gradient_sums, shape, src, weights, dst, epilogue, prefetch);
}

// The destination of an outer gemm: to = sum + (partial + result); null terms are left out.
typedef struct outer_result {
  const float *partial, *sum;
  float *to;
} outer_result;

// The destination `offset` floats further on.
INLINE outer_result result_at(outer_result result, int64_t offset) {
  return (outer_result){
      .partial = result.partial ? result.partial + offset : NULL,
      .sum = result.sum ? result.sum + offset : NULL,
      .to = result.to + offset,
  };
}

// Stores a tile with rows of `stride` floats; only n lanes of the last vector are channels.
INLINE void store_outer_tile(const int tile, const int width, vec values[tile_max][2], int64_t n,
                             outer_result result, int64_t stride) {
#define EVERY_VECTOR(body)                                        \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < tile; i++) { \
    _Pragma("clang loop unroll(full)") for (int j = 0; j < width; j++) { \
      int64_t at = i * stride + j * lanes;                        \
      int64_t count = j + 1 < width ? lanes : n;                  \
      body;                                                       \
    }                                                             \
  }
  if (result.partial) {
    EVERY_VECTOR(values[i][j] += load_part(result.partial + at, count))
  }
  if (result.sum) {
    EVERY_VECTOR(values[i][j] += load_part(result.sum + at, count))
  }
  EVERY_VECTOR(store_part(result.to + at, values[i][j], count))
#undef EVERY_VECTOR
}

// One register tile of an outer gemm: `tile` elements of one run, or `each` elements of several
// runs.
INLINE void outer_gemm_tile(const int tile, const int width, const int each,
                            const gemm_shape *shape, const float *src, const float *diff,
                            int64_t n, outer_result result, int64_t stride, prefetcher *prefetch) {
  accumulator sum[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (accumulator){0};
  }
  prefetch_cursor cursor = prefetch->cursor;
  for (int64_t p = 0; p < shape->pixels; p++) {
    prefetch_step(&cursor);
    const float *a = src + shape->src_offsets[p], *d = diff + shape->dst_offsets[p];
    vec b[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) {
      b[j] = j + 1 < width || n == lanes ? load(d + j * lanes) : load_part(d + j * lanes, n);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      vec x = splat(a[i / each * shape->row_stride + i % each]);
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) multiply_add(&sum[i][j], x, b[j]);
    }
  }
  prefetch_continue(prefetch, cursor);
  vec values[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) values[i][j] = accumulator_floats(&sum[i][j]);
  }
  store_outer_tile(tile, width, values, n, result, stride);
}

// Multiplies every element of a run by the pixel's gradient and sums over pixels, for up to two
// vectors of channels; the result has rows of `stride` floats.
static void outer_gemm_run(const gemm_shape *shape, const float *src, const float *diff,
                           int64_t channels, outer_result result, int64_t stride,
                           prefetcher *prefetch) {
  // Channels in the last vector.
  int64_t n = channels >= panel_width ? lanes : channels > lanes ? channels - lanes : channels;
  int64_t run = shape->run, k = 0;
#define TILE(size, width, n)                                                                     \
  outer_gemm_tile(size, width, tile_max, shape, src + k, diff, n, result_at(result, k * stride), \
                  stride, prefetch);                                                             \
  k += size;
  while (k < run) {
    switch (next_tile(run - k)) {
#define CASE(size)                              \
  case size:                                    \
    if (channels > lanes && n == lanes) {       \
      TILE(size, 2, lanes)                      \
    } else if (channels > lanes) {              \
      TILE(size, 2, n)                          \
    } else {                                    \
      TILE(size, 1, n)                          \
    }                                           \
    break;
      EVERY_TILE(CASE)
#undef CASE
    }
  }
#undef TILE
}

// The same for runs of three or four elements, which do not fill a tile: a tile takes several runs.
INLINE void outer_gemm_rows(const int width, const gemm_shape *shape, const float *src,
                            const float *diff, int64_t n, outer_result result,
                            prefetcher *prefetch) {
#define TILE(rows, each)                                                                       \
  outer_gemm_tile((rows) * (each), width, each, shape, src, diff, n, result, panel_width,      \
                  prefetch);                                                                   \
  src += (rows)*shape->row_stride;                                                             \
  result = result_at(result, (rows) * (each)*panel_width);                                     \
  left -= rows;
  int64_t left = shape->rows;
  while (left > 0) {
    if (shape->run == 3) {
#if VECTOR_FLOATS == 16
      if (left >= 3) {
        TILE(3, 3)
        continue;
      }
#endif
      if (left >= 2) {
        TILE(2, 3)
      } else {
        TILE(1, 3)
      }
    } else {
#if VECTOR_FLOATS == 16
      if (width == 1 && left >= 3 && left != 4) {
        TILE(3, 4)
        continue;
      }
      if (left >= 2) {
        TILE(2, 4)
        continue;
      }
#endif
      TILE(1, 4)
    }
  }
#undef TILE
}

// One tile of the outer gemm of few channels: every vector has `fold` elements of a run for each of
// the n channels. The tile takes elements of one run, or `each` vectors of several runs; `left`
// elements of a run remain. The result is in panels that are not folded.
INLINE void outer_gemm_folded_tile(const int tile, const int each, const int fold,
                                   const gemm_shape *shape, const float *src, const float *diff,
                                   int64_t left, outer_result result, prefetcher *prefetch) {
  vec sum[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) sum[i] = (vec){0};
  prefetch_cursor cursor = prefetch->cursor;
  int64_t n = shape->channels;
  for (int64_t p = 0; p < shape->pixels; p++) {
    prefetch_step(&cursor);
    const float *a = src + shape->src_offsets[p], *d = diff + shape->dst_offsets[p];
    vec b = spread(fold, load_part(d, n));
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      sum[i] += splat_folded(fold, a + i / each * shape->row_stride + i % each * fold) * b;
    }
  }
  prefetch_continue(prefetch, cursor);
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int e = 0; e < fold; e++) {
      int64_t k = i % each * fold + e;
      if (k >= left) continue;
      int64_t at = (i / each * shape->run + k) * panel_width;
      vec y = unfold_element(fold, e, sum[i]);
      if (result.partial) y += load_part(result.partial + at, n);
      if (result.sum) y += load_part(result.sum + at, n);
      store_part(result.to + at, y, n);
    }
  }
}

// The outer gemm of few channels.
INLINE void outer_gemm_folded(const int fold, const gemm_shape *shape, const float *src,
                              const float *diff, outer_result result, prefetcher *prefetch) {
  int64_t vectors = folded_run(shape, fold);
#define ROWS(rows, each)                                                                      \
  case 2 * (rows) + (each)-1:                                                                 \
    outer_gemm_folded_tile((rows) * (each), each, fold, shape, src, diff, shape->run, result, \
                           prefetch);                                                         \
    return;
  if (vectors <= 2) {
    switch (2 * shape->rows + vectors - 1) {
      ROWS(2, 1) ROWS(3, 1) ROWS(4, 1) ROWS(2, 2) ROWS(3, 2)
#if VECTOR_FLOATS == 16
      ROWS(4, 2)
#endif
    }
  }
#undef ROWS
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t v = 0; v < vectors;) {
      int64_t k = v * fold;
      switch (next_tile(vectors - v)) {
#define CASE(size)                                                                         \
  case size:                                                                               \
    outer_gemm_folded_tile(size, tile_max, fold, shape, src + k, diff, shape->run - k,     \
                           result_at(result, k * panel_width), prefetch);                  \
    v += size;                                                                             \
    break;
        EVERY_TILE(CASE)
#undef CASE
      }
    }
    src += shape->row_stride;
    result = result_at(result, shape->run * panel_width);
  }
}

// The same for all channels and all runs; the result is in panels.
static void outer_gemm(const gemm_shape *shape, const float *src, const float *diff,
                       outer_result result, prefetcher *prefetch) {
#if VECTOR_FLOATS == 16
  if (shape->fold == 4) {
    outer_gemm_folded(4, shape, src, diff, result, prefetch);
    return;
  }
#endif
#if VECTOR_FLOATS >= 8
  if (shape->fold == 2) {
    outer_gemm_folded(2, shape, src, diff, result, prefetch);
    return;
  }
#endif
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    int64_t left = shape->channels - c;
    if ((shape->run == 3 || shape->run == 4) && (left >= panel_width || left <= lanes)) {
      if (left > lanes) {
        outer_gemm_rows(2, shape, src, diff + c, lanes, result, prefetch);
      } else {
        outer_gemm_rows(1, shape, src, diff + c, left, result, prefetch);
      }
      result = result_at(result, shape->rows * shape->run * panel_width);
      continue;
    }
    for (int64_t row = 0; row < shape->rows; row++) {
      outer_gemm_run(shape, src + row * shape->row_stride, diff + c, shape->channels - c, result,
                     panel_width, prefetch);
      result = result_at(result, shape->run * panel_width);
    }
  }
}

// The destination of the weights' gradient of a group of images; the group may be the first or the
// last of its part.
//
// Each part has a buffer of `count` floats. A pass that takes the first part sums each later part
// in buffer 1 and adds it, in order, to buffer 0; another pass sums every part in the part's
// buffer.
INLINE outer_result gradient_result(float *buffers, int64_t count, const ck_convolution *shape,
                                    int64_t part, bool is_first, bool is_last) {
  bool adds = shape->first_part == 0 && part > 0;
  float *buffer = buffers + (adds ? 1 : part) * count;
  return (outer_result){
      .partial = is_first ? NULL : buffer,
      .sum = adds && is_last ? buffers : NULL,
      .to = adds && is_last ? buffers : buffer,
  };
}

// Copies an image to scratch memory and normalises it if `norm` is given. The `halo` rows and
// columns around it must be zero already.
static void place_image(const float *src, const ck_norm *norm, int64_t size, int64_t channels,
                        int64_t halo, float *scratch) {
  int64_t width = (size + 2 * halo) * channels;
  float *dst = scratch + halo * width + halo * channels;
  for (int64_t row = 0; row < size; row++) {
    if (norm) {
      normalize(src, size, channels, norm, dst);
    } else {
      memcpy(dst, src, (size_t)(size * channels) * sizeof(float));
    }
    src += size * channels;
    dst += width;
  }
}

INLINE int64_t panels_of(int64_t channels) { return (channels + panel_width - 1) / panel_width; }

static void clear(float *p, int64_t count) { memset(p, 0, (size_t)count * sizeof(float)); }

// Iterations of the multiply-add loop of a gemm, and of the outer gemm of the same extents. For a
// folded outer gemm this is an upper bound, so that its prefetches are spread too thinly.
static int64_t gemm_iterations(const gemm_shape *shape) {
  int64_t run = folded_run(shape, shape->fold > 1 ? shape->fold : 1);
  return panels_of(shape->channels) * tiles_of(shape->pixels) * shape->rows * run;
}

static int64_t outer_gemm_iterations(const gemm_shape *shape) {
  return panels_of(shape->channels) * shape->rows * tiles_of(shape->run) * shape->pixels;
}

// Images per gemm, so that loaded weights or results are used for at least `enough` pixels.
INLINE int64_t group_of(int64_t pixels, int64_t enough) {
  return pixels < enough ? enough / pixels : 1;
}

// The stride of images of `count` floats in scratch memory: whole cache lines, and one more so that
// successive images do not map to the same few sets of the L1 cache.
INLINE int64_t padded_stride_of(int64_t count) { return (count + 15) / 16 * 16 + 16; }

// The gemm of a convolution of a group of images, each with `shape->padding` zeros around it. Each
// destination image has `border` pixels around it. The strides are between images, in floats.
static gemm_shape group_gemm(const ck_convolution *shape, int64_t border, int64_t images,
                             int64_t src_stride, int64_t dst_stride, int32_t *src_offsets,
                             int32_t *dst_offsets) {
  int64_t width = (shape->in_size + 2 * shape->padding) * shape->in_channels;
  int64_t size = shape->out_size, pixels = size * size;
  for (int64_t p = 0; p < images * pixels; p++) {
    int64_t image = p / pixels, row = p % pixels / size, column = p % size;
    src_offsets[p] = (int32_t)(image * src_stride +
                               shape->stride * (row * width + column * shape->in_channels));
    dst_offsets[p] =
        (int32_t)(image * dst_stride + ((row + border) * (size + 2 * border) + column + border) *
                                          shape->out_channels);
  }
  return (gemm_shape){
      .src_offsets = src_offsets,
      .dst_offsets = dst_offsets,
      .pixels = images * pixels,
      .rows = shape->kernel,
      .row_stride = width,
      .run = shape->kernel * shape->in_channels,
      .channels = shape->out_channels,
      .fold = fold_of(shape->out_channels),
  };
}

// The same for one image.
INLINE gemm_shape forward_gemm(const ck_convolution *shape, int64_t border, int32_t *src_offsets,
                               int32_t *dst_offsets) {
  return group_gemm(shape, border, 1, 0, 0, src_offsets, dst_offsets);
}

// Kernel rows (or columns) that contribute to the positions of one parity.
INLINE int64_t taps_of(const ck_convolution *shape, int64_t parity) {
  return (shape->kernel - parity + 1) / 2;
}

// The gemm that gives the source positions of one parity of row and column, for `rows` rows of a
// group of images: position t + padding = 2 * i + parity receives kernel rows parity + 2 * m from
// row i - m of the gradient.
static gemm_shape transposed_group_gemm(const ck_convolution *shape, int64_t row_parity,
                                        int64_t column_parity, int64_t rows, int64_t images,
                                        int64_t src_stride, int64_t dst_stride,
                                        int32_t *src_offsets, int32_t *dst_offsets) {
  int64_t channels = shape->out_channels;
  int64_t width = (shape->out_size + 2) * channels;
  int64_t row_taps = taps_of(shape, row_parity), column_taps = taps_of(shape, column_parity);
  int64_t count = 0;
  for (int64_t image = 0; image < images; image++) {
    for (int64_t y = 0; y < rows; y++) {
      if (((y + shape->padding) & 1) != row_parity) continue;
      // In scratch memory row i of the gradient is row i + 1; the first that counts is
      // i - row_taps + 1.
      int64_t first_row = (y + shape->padding) / 2 - row_taps + 2;
      for (int64_t x = 0; x < shape->in_size; x++) {
        if (((x + shape->padding) & 1) != column_parity) continue;
        int64_t first_column = (x + shape->padding) / 2 - column_taps + 2;
        src_offsets[count] =
            (int32_t)(image * src_stride + first_row * width + first_column * channels);
        dst_offsets[count] =
            (int32_t)(image * dst_stride + (y * shape->in_size + x) * shape->in_channels);
        count++;
      }
    }
  }
  return (gemm_shape){
      .src_offsets = src_offsets,
      .dst_offsets = dst_offsets,
      .pixels = count,
      .rows = row_taps,
      .row_stride = width,
      .run = column_taps * channels,
      .channels = shape->in_channels,
      .fold = fold_of(shape->in_channels),
  };
}

// The same for all rows of one image.
INLINE gemm_shape transposed_gemm(const ck_convolution *shape, int64_t row_parity,
                                  int64_t column_parity, int32_t *src_offsets,
                                  int32_t *dst_offsets) {
  return transposed_group_gemm(shape, row_parity, column_parity, shape->in_size, 1, 0, 0,
                               src_offsets, dst_offsets);
}

// The gemms of the four parities, and the offset of each one's weights.
typedef struct transposed_gemms {
  gemm_shape gemms[4];
  int64_t weights[4];
  int32_t src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
} transposed_gemms;

static void plan_transposed_gemms(const ck_convolution *shape, int64_t rows, int64_t images,
                                  int64_t src_stride, int64_t dst_stride, transposed_gemms *plan) {
  int64_t weights = 0;
  for (int parity = 0; parity < 4; parity++) {
    gemm_shape gemm = transposed_group_gemm(shape, parity >> 1, parity & 1, rows, images,
                                            src_stride, dst_stride, plan->src_offsets[parity],
                                            plan->dst_offsets[parity]);
    plan->gemms[parity] = gemm;
    plan->weights[parity] = weights;
    weights += panels_of(gemm.channels) * gemm.rows * gemm.run * panel_width;
  }
}

static int64_t transposed_gemm_iterations(const transposed_gemms *plan) {
  int64_t iterations = 0;
  for (int parity = 0; parity < 4; parity++) {
    iterations += gemm_iterations(&plan->gemms[parity]);
  }
  return iterations;
}
