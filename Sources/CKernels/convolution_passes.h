// Convolutions image by image: the image is placed in scratch memory with zeros around it, on the
// way normalised, and every direction becomes one of two register-blocked products over it.
//
// In NHWC the kernel's columns and the channels of one of its rows are one run of floats, so a
// convolution is, per output pixel, `rows` runs of `run` floats times a matrix of weights. A
// transposed convolution of stride 2 is four of these, one for each parity of row and column.
// Weights are kept in panels of two vectors of output channels: [panel][row][run][2 * lanes].
#pragma once

#include "CKernels.h"
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

INLINE void outer_tile(const int tile, const int width, const product *shape, const float *src,
                       const float *diff, int64_t n, float *result) {
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
      float *out = result + i * panel_width + j * lanes;
      store(out, load(out) + sum[i][j]);
    }
  }
}

// result += for every element of every run, the sum over pixels of it times the pixel's gradient.
static void multiply_outer(const product *shape, const float *src, const float *diff,
                           float *result) {
  for (int64_t c = 0; c < shape->channels; c += panel_width) {
    int64_t channels = shape->channels - c;
    // Lanes of the last vector that are channels.
    int64_t n = channels >= panel_width ? lanes : channels > lanes ? channels - lanes : channels;
    for (int64_t row = 0; row < shape->rows; row++) {
      int64_t k = 0;
#define TILE(size)                                                                              \
  do {                                                                                          \
    const float *a = src + row * shape->row_stride + k;                                         \
    if (channels > lanes && n == lanes) {                                                       \
      outer_tile(size, 2, shape, a, diff + c, lanes, result);                                   \
    } else if (channels > lanes) {                                                              \
      outer_tile(size, 2, shape, a, diff + c, n, result);                                       \
    } else {                                                                                    \
      outer_tile(size, 1, shape, a, diff + c, n, result);                                       \
    }                                                                                           \
    result += size * panel_width;                                                               \
    k += size;                                                                                  \
  } while (0)
      int64_t run = shape->run;
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
      normalize(src, size, channels, norm->mean, norm->scale, norm->shift, dst);
    } else {
      memcpy(dst, src, (size_t)(size * channels) * sizeof(float));
    }
    src += size * channels;
    dst += width;
  }
}

static void clear(float *p, int64_t count) { memset(p, 0, (size_t)count * sizeof(float)); }

// The product that is a convolution, on an image with `shape->padding` zeros around it.
static product forward_product(const ck_convolution *shape, int32_t *src_offsets,
                               int32_t *dst_offsets) {
  int64_t width = (shape->in_size + 2 * shape->padding) * shape->in_channels;
  int64_t size = shape->out_size;
  for (int64_t p = 0; p < size * size; p++) {
    int64_t row = p / size, column = p % size;
    src_offsets[p] =
        (int32_t)(shape->stride * (row * width + column * shape->in_channels));
    dst_offsets[p] = (int32_t)(p * shape->out_channels);
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

static void convolution_forward(const ck_convolution *shape, const float *src,
                                const ck_norm *norm, const float *weights, const float *bias,
                                float slope, float *dst, float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  product p = forward_product(shape, src_offsets, dst_offsets);
  int64_t padded = shape->in_size + 2 * shape->padding;
  int64_t src_count = shape->in_size * shape->in_size * shape->in_channels;
  int64_t dst_count = shape->out_size * shape->out_size * shape->out_channels;
  bool in_place = shape->padding == 0 && !norm;
  if (!in_place) clear(scratch, padded * padded * shape->in_channels);
  for (int64_t image = 0; image < shape->images; image++) {
    const float *x = src + image * src_count;
    if (!in_place) {
      place_image(x, norm, shape->in_size, shape->in_channels, shape->padding, scratch);
      x = scratch;
    }
    multiply(&p, x, weights, bias, slope, dst + image * dst_count);
  }
}

static void convolution_backward_weights(const ck_convolution *shape, const float *src,
                                         const ck_norm *norm, const float *diff_dst,
                                         float *diff_weights, float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  product p = forward_product(shape, src_offsets, dst_offsets);
  int64_t padded = shape->in_size + 2 * shape->padding;
  int64_t src_count = shape->in_size * shape->in_size * shape->in_channels;
  int64_t dst_count = shape->out_size * shape->out_size * shape->out_channels;
  int64_t panels = (shape->out_channels + panel_width - 1) / panel_width;
  bool in_place = shape->padding == 0 && !norm;
  clear(diff_weights, panels * p.rows * p.run * panel_width);
  if (!in_place) clear(scratch, padded * padded * shape->in_channels);
  for (int64_t image = 0; image < shape->images; image++) {
    const float *x = src + image * src_count;
    if (!in_place) {
      place_image(x, norm, shape->in_size, shape->in_channels, shape->padding, scratch);
      x = scratch;
    }
    multiply_outer(&p, x, diff_dst + image * dst_count, diff_weights);
  }
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

static void convolution_backward_data(const ck_convolution *shape, const float *diff_dst,
                                      const ck_norm *norm, const float *weights,
                                      float *diff_src, float *scratch) {
  int32_t src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
  product products[4];
  for (int parity = 0; parity < 4; parity++) {
    products[parity] = transposed_product(shape, parity >> 1, parity & 1, src_offsets[parity],
                                          dst_offsets[parity]);
  }
  int64_t padded = shape->out_size + 2;
  int64_t src_count = shape->in_size * shape->in_size * shape->in_channels;
  int64_t dst_count = shape->out_size * shape->out_size * shape->out_channels;
  int64_t panels = (shape->in_channels + panel_width - 1) / panel_width;
  clear(scratch, padded * padded * shape->out_channels);
  for (int64_t image = 0; image < shape->images; image++) {
    place_image(diff_dst + image * dst_count, norm, shape->out_size, shape->out_channels, 1,
                scratch);
    const float *w = weights;
    for (int parity = 0; parity < 4; parity++) {
      multiply(&products[parity], scratch, w, NULL, 1, diff_src + image * src_count);
      w += panels * products[parity].rows * products[parity].run * panel_width;
    }
  }
}

// The place of weight (o, i, row, column) in the panels of the forward direction.
INLINE int64_t forward_place(const ck_convolution *shape, int64_t o, int64_t i, int64_t row,
                             int64_t column) {
  int64_t run = shape->kernel * shape->in_channels;
  int64_t element = row * run + column * shape->in_channels + i;
  return (o / panel_width * shape->kernel * run + element) * panel_width + o % panel_width;
}

static void pack_forward(const ck_convolution *shape, const float *weights, float *packed) {
  int64_t k = shape->kernel;
  int64_t panels = (shape->out_channels + panel_width - 1) / panel_width;
  clear(packed, panels * panel_width * k * k * shape->in_channels);
  for (int64_t row = 0; row < k; row++)
    for (int64_t column = 0; column < k; column++)
      for (int64_t i = 0; i < shape->in_channels; i++)
        for (int64_t o = 0; o < shape->out_channels; o++)
          packed[forward_place(shape, o, i, row, column)] =
              weights[((o * shape->in_channels + i) * k + row) * k + column];
}

static void unpack_gradient(const ck_convolution *shape, const float *packed, float *weights) {
  int64_t k = shape->kernel;
  for (int64_t o = 0; o < shape->out_channels; o++)
    for (int64_t i = 0; i < shape->in_channels; i++)
      for (int64_t row = 0; row < k; row++)
        for (int64_t column = 0; column < k; column++)
          weights[((o * shape->in_channels + i) * k + row) * k + column] =
              packed[forward_place(shape, o, i, row, column)];
}

static void pack_backward(const ck_convolution *shape, const float *weights, float *packed) {
  int64_t k = shape->kernel, in = shape->in_channels, out = shape->out_channels;
  int64_t panels = (in + panel_width - 1) / panel_width;
  clear(packed, panels * panel_width * k * k * out);
  for (int64_t parity = 0; parity < 4; parity++) {
    int64_t row_parity = parity >> 1, column_parity = parity & 1;
    int64_t rows = taps_of(shape, row_parity), columns = taps_of(shape, column_parity);
    int64_t depth = rows * columns * out;
    for (int64_t m = 0; m < rows; m++)
      for (int64_t n = 0; n < columns; n++) {
        // Later rows of the gradient meet earlier rows of the kernel.
        int64_t row = row_parity + 2 * (rows - 1 - m);
        int64_t column = column_parity + 2 * (columns - 1 - n);
        for (int64_t o = 0; o < out; o++)
          for (int64_t i = 0; i < in; i++)
            packed[(i / panel_width * depth + (m * columns + n) * out + o) * panel_width +
                   i % panel_width] = weights[((o * in + i) * k + row) * k + column];
      }
    packed += panels * depth * panel_width;
  }
}
