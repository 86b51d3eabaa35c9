// A convolution of one image as register-blocked products: the image is placed in scratch memory
// with zeros around it, on the way normalised, and every direction becomes one of two products.
//
// In NHWC the kernel's columns and the channels of one of its rows are one run of floats, so a
// convolution is, per output pixel, `rows` runs of `run` floats times a matrix of weights. A
// transposed convolution of stride 2 is four of these, one for each parity of row and column.
// Weights are kept in panels of two vectors of output channels: [panel][row][run][2 * lanes]; those
// of few channels are folded.
#pragma once

#include "CKernels.h"
#include "ahead.h"
#include "box_passes.h"
#include "finish.h"
#include "folding.h"
#include "norm_passes.h"
#include "vectors.h"

// Pixels and runs that one product holds in registers, two vectors of channels each.
#if VECTOR_FLOATS == 16
enum { tile_max = 12 };
#else
enum { tile_max = 6 };
#endif
enum { pixels_max = (ck_size_max / 2 + 1) * (ck_size_max / 2 + 1) };

// One product: every pixel's rows of runs, and where its result goes.
typedef struct product {
  const int32_t *src_offsets, *dst_offsets;
  int64_t pixels, rows, row_stride, run, channels;
  // Elements of a run that share a vector in the panels; 0 and 1 mean the same.
  int64_t fold;
} product;

INLINE void multiply_tile(const int tile, const int width, const int fold, const finish_kind kind,
                          const product *shape, const float *src, const int32_t *src_offsets,
                          const float *weights, int64_t c, float *dst,
                          const int32_t *dst_offsets, const finish *end, ahead *next) {
  products sum[tile_max][2];
  const float *a[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
    a[i] = src + src_offsets[i];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (products){0};
  }
  const char *read = next->read, *write = next->write;
  int64_t read_step = next->read_step, write_step = next->write_step;
  int64_t run = (shape->run + fold - 1) / fold;
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t k = 0; k < run; k++) {
      __builtin_prefetch(read, 0, 3);
      read += read_step;
      __builtin_prefetch(write, 1, 3);
      write += write_step;
      vec b[2];
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) b[j] = load(weights + j * lanes);
#pragma clang loop unroll(full)
      for (int i = 0; i < tile; i++) {
        vec x = splat_folded(fold, a[i] + k * fold);
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) add_product(&sum[i][j], x, b[j]);
      }
      weights += fold > 1 ? lanes : panel_width;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) a[i] += shape->row_stride;
  }
  advance(next, read, write);
#pragma clang loop unroll(full)
  for (int j = 0; j < width; j++) {
    int64_t first = c + j * lanes, n = shape->channels - first;
    if (n > lanes) n = lanes;
    vec bias = {0}, mean = {0}, total = {0}, dot = {0};
    if (kind == finish_activated) bias = load_part(end->bias + first, n);
    if (kind == finish_differentiated) mean = load_part(end->mean + first, n);
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      vec y = unfold(fold, as_floats(&sum[i][j]));
      if (kind == finish_activated) {
        y += bias;
        y = select_positive(y, y, y * end->slope);
      }
      if (kind == finish_differentiated) {
        total += y;
        dot += y * (load_part(end->src + dst_offsets[i] + first, n) - mean);
      }
      float *out = dst + dst_offsets[i] + first;
      if (n == lanes) {
        store(out, y);
      } else {
        store_part(out, y, n);
      }
    }
    if (kind == finish_differentiated) {
      add_to(end->sum + first, total);
      add_to(end->dot + first, dot);
    }
  }
}

#if VECTOR_FLOATS == 16
#define EVERY_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12)
#else
#define EVERY_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6)
#endif

// Of `left` things that tiles are to share evenly: how many the next one takes.
INLINE int64_t next_tile(int64_t left) {
  int64_t tiles = (left + tile_max - 1) / tile_max;
  return (left + tiles - 1) / tiles;
}

INLINE int64_t tiles_of(int64_t count) { return (count + tile_max - 1) / tile_max; }

// dst = the product of every pixel with the weights, finished.
INLINE void multiply_kind(const finish_kind kind, const product *shape, const float *src,
                          const float *weights, float *dst, const finish *end, ahead *next) {
  int64_t depth = shape->rows * shape->run;
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    bool narrow = shape->channels - c <= lanes;
    int64_t p = 0;
#define TILE(n, width, fold)                                                               \
  multiply_tile(n, width, fold, kind, shape, src, shape->src_offsets + p, weights, c, dst,       \
                shape->dst_offsets + p, end, next);                                        \
  p += n;
    while (p < shape->pixels) {
      switch (next_tile(shape->pixels - p)) {
#define CASE(n)     \
  case n:           \
    if (shape->fold == 4) { \
      TILE(n, 1, 4)    \
    } else if (shape->fold == 2) { \
      TILE(n, 1, 2)    \
    } else if (narrow) {   \
      TILE(n, 1, 1)    \
    } else {        \
      TILE(n, 2, 1)    \
    }               \
    break;
        EVERY_TILE(CASE)
#undef CASE
      }
    }
#undef TILE
    weights += depth * panel_width;
  }
}

static void multiply(const product *shape, const float *src, const float *weights, float *dst,
                     ahead *next) {
  multiply_kind(finish_plain, shape, src, weights, dst, NULL, next);
}

static void multiply_activated(const product *shape, const float *src, const float *weights,
                               float *dst, const finish *end, ahead *next) {
  multiply_kind(finish_activated, shape, src, weights, dst, end, next);
}

static void multiply_differentiated(const product *shape, const float *src, const float *weights,
                                    float *dst, const finish *end, ahead *next) {
  multiply_kind(finish_differentiated, shape, src, weights, dst, end, next);
}

// Where an outer product goes: to = sum + (partial + product), without the terms that are null.
typedef struct outer_result {
  const float *partial, *sum;
  float *to;
} outer_result;

// The same so many floats further on.
INLINE outer_result result_at(outer_result result, int64_t offset) {
  return (outer_result){
      .partial = result.partial ? result.partial + offset : NULL,
      .sum = result.sum ? result.sum + offset : NULL,
      .to = result.to + offset,
  };
}

// Gives the result of a tile, whose rows are `stride` floats apart; n lanes of the last vector
// count.
INLINE void finish_outer(const int tile, const int width, vec product[tile_max][2], int64_t n,
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
    EVERY_VECTOR(product[i][j] += load_part(result.partial + at, count))
  }
  if (result.sum) {
    EVERY_VECTOR(product[i][j] += load_part(result.sum + at, count))
  }
  EVERY_VECTOR(store_part(result.to + at, product[i][j], count))
#undef EVERY_VECTOR
}

// The result of a tile. The elements are of one run, or `each` of several.
INLINE void outer_tile(const int tile, const int width, const int each, const product *shape,
                       const float *src, const float *diff, int64_t n, outer_result result,
                       int64_t stride, ahead *next) {
  products sum[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (products){0};
  }
  const char *read = next->read, *write = next->write;
  int64_t read_step = next->read_step, write_step = next->write_step;
  for (int64_t p = 0; p < shape->pixels; p++) {
    __builtin_prefetch(read, 0, 3);
    read += read_step;
    __builtin_prefetch(write, 1, 3);
    write += write_step;
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
      for (int j = 0; j < width; j++) add_product(&sum[i][j], x, b[j]);
    }
  }
  advance(next, read, write);
  vec product[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) product[i][j] = as_floats(&sum[i][j]);
  }
  finish_outer(tile, width, product, n, result, stride);
}

// For every element of a run, the sum over pixels of it times the pixel's gradient, for up to two
// vectors of channels; elements are `stride` floats apart in the result.
static void multiply_outer_run(const product *shape, const float *src, const float *diff,
                               int64_t channels, outer_result result, int64_t stride,
                               ahead *next) {
  // Lanes of the last vector that are channels.
  int64_t n = channels >= panel_width ? lanes : channels > lanes ? channels - lanes : channels;
  int64_t run = shape->run, k = 0;
#define TILE(size, width, n)                                                                  \
  outer_tile(size, width, tile_max, shape, src + k, diff, n, result_at(result, k * stride),     \
             stride, next);                                                                    \
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

// The same for several rows of runs of three or four elements, too short to fill a tile.
INLINE void multiply_outer_rows(const int width, const product *shape, const float *src,
                                const float *diff, int64_t n, outer_result result,
                                ahead *next) {
#define TILE(rows, each)                                                                       \
  outer_tile((rows) * (each), width, each, shape, src, diff, n, result, panel_width, next);    \
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

// The result of a tile whose vectors hold `fold` elements of a run for n channels: of one row, or
// `each` of several.
INLINE void outer_folded_tile(const int tile, const int each, const int fold,
                              const product *shape, const float *src, const float *diff,
                              int64_t left, outer_result result, ahead *next) {
  vec sum[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) sum[i] = (vec){0};
  const char *read = next->read, *write = next->write;
  int64_t read_step = next->read_step, write_step = next->write_step, n = shape->channels;
  for (int64_t p = 0; p < shape->pixels; p++) {
    __builtin_prefetch(read, 0, 3);
    read += read_step;
    __builtin_prefetch(write, 1, 3);
    write += write_step;
    const float *a = src + shape->src_offsets[p], *d = diff + shape->dst_offsets[p];
    vec b = spread(fold, load_part(d, n));
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      sum[i] += splat_folded(fold, a + i / each * shape->row_stride + i % each * fold) * b;
    }
  }
  advance(next, read, write);
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

// The outer product of few channels.
INLINE void multiply_outer_folded(const int fold, const product *shape, const float *src,
                                  const float *diff, outer_result result, ahead *next) {
  int64_t rounds = (shape->run + fold - 1) / fold;
#define ROWS(rows, each)                                                                    \
  case 2 * (rows) + (each)-1:                                                               \
    outer_folded_tile((rows) * (each), each, fold, shape, src, diff, shape->run, result, next); \
    return;
  if (rounds <= 2) {
    switch (2 * shape->rows + rounds - 1) {
      ROWS(1, 1) ROWS(2, 1) ROWS(3, 1) ROWS(4, 1) ROWS(1, 2) ROWS(2, 2) ROWS(3, 2)
#if VECTOR_FLOATS == 16
      ROWS(4, 2)
#endif
    }
  }
#undef ROWS
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t round = 0; round < rounds;) {
      int64_t k = round * fold;
      switch (next_tile(rounds - round)) {
#define CASE(size)                                                                      \
  case size:                                                                            \
    outer_folded_tile(size, tile_max, fold, shape, src + k, diff, shape->run - k,       \
                      result_at(result, k * panel_width), next);                        \
    round += size;                                                                      \
    break;
        EVERY_TILE(CASE)
#undef CASE
      }
    }
    src += shape->row_stride;
    result = result_at(result, shape->run * panel_width);
  }
}

// The same for all channels and every row of runs, in panels.
static void multiply_outer(const product *shape, const float *src, const float *diff,
                           outer_result result, ahead *next) {
#if VECTOR_FLOATS == 16
  if (shape->fold == 4) {
    multiply_outer_folded(4, shape, src, diff, result, next);
    return;
  }
#endif
#if VECTOR_FLOATS >= 8
  if (shape->fold == 2) {
    multiply_outer_folded(2, shape, src, diff, result, next);
    return;
  }
#endif
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    int64_t left = shape->channels - c;
    if ((shape->run == 3 || shape->run == 4) && (left >= panel_width || left <= lanes)) {
      if (left > lanes) {
        multiply_outer_rows(2, shape, src, diff + c, lanes, result, next);
      } else {
        multiply_outer_rows(1, shape, src, diff + c, left, result, next);
      }
      result = result_at(result, shape->rows * shape->run * panel_width);
      continue;
    }
    for (int64_t row = 0; row < shape->rows; row++) {
      multiply_outer_run(shape, src + row * shape->row_stride, diff + c, shape->channels - c,
                         result, panel_width, next);
      result = result_at(result, shape->run * panel_width);
    }
  }
}

// Where the weights' gradient of a group of images goes, the first or last of its part or neither.
//
// A pass that takes the first part adds the next ones to it, in order, in run 0, and sums up within
// each of them in run 1; others give each part a run of its own. Runs are `count` floats.
INLINE outer_result gradient_result(float *runs, int64_t count, const ck_convolution *shape,
                                    int64_t part, bool begins, bool ends) {
  bool adds = shape->first_part == 0 && part > 0;
  float *run = runs + (adds ? 1 : part) * count;
  return (outer_result){
      .partial = begins ? NULL : run,
      .sum = adds && ends ? runs : NULL,
      .to = adds && ends ? runs : run,
  };
}

// Places an image in scratch memory with `halo` rows and columns of zeros around it, which must be
// there already; normalises it on the way if asked to.
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

// Rounds of the multiply-add loops of a product, and of the outer one on the same extents.
static int64_t rounds_of(const product *shape) {
  int64_t fold = shape->fold > 1 ? shape->fold : 1;
  return panels_of(shape->channels) * tiles_of(shape->pixels) * shape->rows *
         ((shape->run + fold - 1) / fold);
}

static int64_t outer_rounds_of(const product *shape) {
  return panels_of(shape->channels) * shape->rows * tiles_of(shape->run) * shape->pixels;
}

// Images that are multiplied together, so that a product has pixels enough for its weights or
// results to be worth loading.
INLINE int64_t group_of(int64_t pixels, int64_t enough) {
  return pixels < enough ? enough / pixels : 1;
}

// Floats between two things in scratch memory: whole cache lines, and one more so that pixels of
// successive images do not meet in few sets of the first cache.
INLINE int64_t apart(int64_t count) { return (count + 15) / 16 * 16 + 16; }

// The product that is a convolution, on a group of images with `shape->padding` zeros around each.
//
// The destination has `border` pixels around it; images of both are so many floats apart.
static product group_product(const ck_convolution *shape, int64_t border, int64_t images,
                             int64_t src_apart, int64_t dst_apart, int32_t *src_offsets,
                             int32_t *dst_offsets) {
  int64_t width = (shape->in_size + 2 * shape->padding) * shape->in_channels;
  int64_t size = shape->out_size, pixels = size * size;
  for (int64_t p = 0; p < images * pixels; p++) {
    int64_t image = p / pixels, row = p % pixels / size, column = p % size;
    src_offsets[p] = (int32_t)(image * src_apart +
                               shape->stride * (row * width + column * shape->in_channels));
    dst_offsets[p] =
        (int32_t)(image * dst_apart + ((row + border) * (size + 2 * border) + column + border) *
                                          shape->out_channels);
  }
  return (product){
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
INLINE product forward_product(const ck_convolution *shape, int64_t border, int32_t *src_offsets,
                               int32_t *dst_offsets) {
  return group_product(shape, border, 1, 0, 0, src_offsets, dst_offsets);
}

// Kernel rows (or columns) that reach the positions of one parity.
INLINE int64_t taps_of(const ck_convolution *shape, int64_t parity) {
  return (shape->kernel - parity + 1) / 2;
}

// The product that gives the source positions of one parity of row and column, for `rows` rows of a
// group of images: position t + padding = 2 * i + parity receives kernel rows parity + 2 * m from
// row i - m of the gradient.
static product transposed_group_product(const ck_convolution *shape, int64_t row_parity,
                                        int64_t column_parity, int64_t rows, int64_t images,
                                        int64_t src_apart, int64_t dst_apart,
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
            (int32_t)(image * src_apart + first_row * width + first_column * channels);
        dst_offsets[count] =
            (int32_t)(image * dst_apart + (y * shape->in_size + x) * shape->in_channels);
        count++;
      }
    }
  }
  return (product){
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
INLINE product transposed_product(const ck_convolution *shape, int64_t row_parity,
                                  int64_t column_parity, int32_t *src_offsets,
                                  int32_t *dst_offsets) {
  return transposed_group_product(shape, row_parity, column_parity, shape->in_size, 1, 0, 0,
                                  src_offsets, dst_offsets);
}

// The four of them, and where the weights of each begin.
typedef struct transposed_products {
  product products[4];
  int64_t weights[4];
  int32_t src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
} transposed_products;

static void plan_transposed(const ck_convolution *shape, int64_t rows, int64_t images,
                            int64_t src_apart, int64_t dst_apart, transposed_products *plan) {
  int64_t weights = 0;
  for (int parity = 0; parity < 4; parity++) {
    product p = transposed_group_product(shape, parity >> 1, parity & 1, rows, images, src_apart,
                                         dst_apart, plan->src_offsets[parity],
                                         plan->dst_offsets[parity]);
    plan->products[parity] = p;
    plan->weights[parity] = weights;
    weights += panels_of(p.channels) * p.rows * p.run * panel_width;
  }
}

static int64_t transposed_rounds_of(const transposed_products *plan) {
  int64_t rounds = 0;
  for (int parity = 0; parity < 4; parity++) rounds += rounds_of(&plan->products[parity]);
  return rounds;
}
