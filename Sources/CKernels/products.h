// A convolution of one image as register-blocked products: the image is placed in scratch memory
// with zeros around it, on the way normalised, and every direction becomes one of two products.
//
// In NHWC the kernel's columns and the channels of one of its rows are one run of floats, so a
// convolution is, per output pixel, `rows` runs of `run` floats times a matrix of weights. A
// transposed convolution of stride 2 is four of these, one for each parity of row and column.
// Weights are kept in panels of two vectors of output channels: [panel][row][run][2 * lanes].
#pragma once

#include "CKernels.h"
#include "box_passes.h"
#include "norm_passes.h"
#include "vectors.h"

// Pixels and runs that one product holds in registers, two vectors of channels each.
#if VECTOR_FLOATS == 16
enum { tile_max = 12 };
#else
enum { tile_max = 6 };
#endif
enum { panel_width = 2 * lanes };
enum { pixels_max = (ck_size_max / 2 + 1) * (ck_size_max / 2 + 1) };

// One product: every pixel's rows of runs, and where its result goes.
typedef struct product {
  const int32_t *src_offsets, *dst_offsets;
  int64_t pixels, rows, row_stride, run, channels;
} product;

INLINE void multiply_tile(const int tile, const int width, const product *shape,
                          const float *src, const int32_t *src_offsets, const float *weights,
                          const float *bias, float slope, int64_t channels, float *dst,
                          const int32_t *dst_offsets) {
  vec sum[tile_max][2];
  const float *a[tile_max];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
    a[i] = src + src_offsets[i];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (vec){0};
  }
  int64_t run = shape->run;
  for (int64_t row = 0; row < shape->rows; row++) {
    for (int64_t k = 0; k < run; k++) {
      vec b[2];
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) b[j] = load(weights + j * lanes);
#pragma clang loop unroll(full)
      for (int i = 0; i < tile; i++) {
        vec x = splat(a[i][k]);
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) sum[i][j] += x * b[j];
      }
      weights += panel_width;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) a[i] += shape->row_stride;
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < width; j++) {
    int64_t n = channels - j * lanes;
    if (n > lanes) n = lanes;
    vec offset = bias ? load_part(bias + j * lanes, n) : (vec){0};
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      vec y = sum[i][j] + offset;
      if (bias) y = select_positive(y, y, y * slope);
      float *out = dst + dst_offsets[i] + j * lanes;
      if (n == lanes) {
        store(out, y);
      } else {
        store_part(out, y, n);
      }
    }
  }
}

// dst = the product of every pixel with the weights; with a bias, leaky(bias + product).
static void multiply(const product *shape, const float *src, const float *weights,
                     const float *bias, float slope, float *dst) {
  int64_t depth = shape->rows * shape->run;
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    int64_t channels = shape->channels - c;
    int64_t p = 0;
#define TILE(n)                                                                                 \
  do {                                                                                          \
    const int32_t *from = shape->src_offsets + p, *to = shape->dst_offsets + p;                 \
    const float *b = bias ? bias + c : NULL;                                                    \
    if (channels > lanes) {                                                                     \
      multiply_tile(n, 2, shape, src, from, weights, b, slope, channels, dst + c, to);          \
    } else {                                                                                    \
      multiply_tile(n, 1, shape, src, from, weights, b, slope, channels, dst + c, to);          \
    }                                                                                           \
    p += n;                                                                                     \
  } while (0)
    while (shape->pixels - p >= tile_max) TILE(tile_max);
#if VECTOR_FLOATS == 16
    if (shape->pixels - p >= 8) TILE(8);
#endif
    if (shape->pixels - p >= 4) TILE(4);
    while (shape->pixels - p > 0) TILE(1);
#undef TILE
    weights += depth * panel_width;
  }
}

// Adds to `tile` rows of a result that are `stride` floats apart; n lanes of the last vector count.
INLINE void outer_tile(const int tile, const int width, const product *shape, const float *src,
                       const float *diff, int64_t n, float *result, int64_t stride) {
  vec sum[tile_max][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = (vec){0};
  }
  for (int64_t p = 0; p < shape->pixels; p++) {
    const float *a = src + shape->src_offsets[p], *d = diff + shape->dst_offsets[p];
    vec b[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) {
      b[j] = j + 1 < width || n == lanes ? load(d + j * lanes) : load_part(d + j * lanes, n);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < tile; i++) {
      vec x = splat(a[i]);
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) sum[i][j] += x * b[j];
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < tile; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) {
      float *out = result + i * stride + j * lanes;
      if (j + 1 < width || n == lanes) {
        store(out, load(out) + sum[i][j]);
      } else {
        store_part(out, load_part(out, n) + sum[i][j], n);
      }
    }
  }
}

// result += for every element of a run, the sum over pixels of it times the pixel's gradient, for
// up to two vectors of channels; elements are `stride` floats apart in the result.
static void multiply_outer_run(const product *shape, const float *src, const float *diff,
                               int64_t channels, float *result, int64_t stride) {
  // Lanes of the last vector that are channels.
  int64_t n = channels >= panel_width ? lanes : channels > lanes ? channels - lanes : channels;
  int64_t run = shape->run, k = 0;
#define TILE(size)                                                                              \
  do {                                                                                          \
    float *out = result + k * stride;                                                           \
    if (channels > lanes && n == lanes) {                                                       \
      outer_tile(size, 2, shape, src + k, diff, lanes, out, stride);                            \
    } else if (channels > lanes) {                                                              \
      outer_tile(size, 2, shape, src + k, diff, n, out, stride);                                \
    } else {                                                                                    \
      outer_tile(size, 1, shape, src + k, diff, n, out, stride);                                \
    }                                                                                           \
    k += size;                                                                                  \
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

// The same for all channels and every row of runs, in panels.
static void multiply_outer(const product *shape, const float *src, const float *diff,
                           float *result) {
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    for (int64_t row = 0; row < shape->rows; row++, result += shape->run * panel_width) {
      multiply_outer_run(shape, src + row * shape->row_stride, diff + c, shape->channels - c,
                         result, panel_width);
    }
  }
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

// The product that is a convolution, on an image with `shape->padding` zeros around it.
//
// The destination has `border` pixels around it.
static product forward_product(const ck_convolution *shape, int64_t border, int32_t *src_offsets,
                               int32_t *dst_offsets) {
  int64_t width = (shape->in_size + 2 * shape->padding) * shape->in_channels;
  int64_t size = shape->out_size;
  for (int64_t p = 0; p < size * size; p++) {
    int64_t row = p / size, column = p % size;
    src_offsets[p] =
        (int32_t)(shape->stride * (row * width + column * shape->in_channels));
    dst_offsets[p] = (int32_t)(((row + border) * (size + 2 * border) + column + border) *
                               shape->out_channels);
  }
  return (product){
      .src_offsets = src_offsets,
      .dst_offsets = dst_offsets,
      .pixels = size * size,
      .rows = shape->kernel,
      .row_stride = width,
      .run = shape->kernel * shape->in_channels,
      .channels = shape->out_channels,
  };
}

// Kernel rows (or columns) that reach the positions of one parity.
INLINE int64_t taps_of(const ck_convolution *shape, int64_t parity) {
  return (shape->kernel - parity + 1) / 2;
}

// The product that gives the source positions of one parity of row and column: position t + padding
// = 2 * i + parity receives kernel rows parity + 2 * m from row i - m of the gradient.
static product transposed_product(const ck_convolution *shape, int64_t row_parity,
                                  int64_t column_parity, int32_t *src_offsets,
                                  int32_t *dst_offsets) {
  int64_t channels = shape->out_channels;
  int64_t width = (shape->out_size + 2) * channels;
  int64_t rows = taps_of(shape, row_parity), columns = taps_of(shape, column_parity);
  int64_t count = 0;
  for (int64_t y = 0; y < shape->in_size; y++) {
    if (((y + shape->padding) & 1) != row_parity) continue;
    // In scratch memory row i of the gradient is row i + 1; the first that counts is i - rows + 1.
    int64_t first_row = (y + shape->padding) / 2 - rows + 2;
    for (int64_t x = 0; x < shape->in_size; x++) {
      if (((x + shape->padding) & 1) != column_parity) continue;
      int64_t first_column = (x + shape->padding) / 2 - columns + 2;
      src_offsets[count] = (int32_t)(first_row * width + first_column * channels);
      dst_offsets[count] = (int32_t)((y * shape->in_size + x) * shape->in_channels);
      count++;
    }
  }
  return (product){
      .src_offsets = src_offsets,
      .dst_offsets = dst_offsets,
      .pixels = count,
      .rows = rows,
      .row_stride = width,
      .run = columns * channels,
      .channels = shape->in_channels,
  };
}
