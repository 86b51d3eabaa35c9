// Convolutions of stride 2 with 3×3 kernels, in 25 multiplies per 2×2 outputs and pair of channels;
// the direct form takes 36. The method is Winograd's minimal filtering: additions of source values
// before the multiplication, and of products after it, make some multiplies unnecessary.
//
// In one dimension, the source values s0 ... s4 and the kernel w0 w1 w2 give two outputs,
//   y0 = s0 w0 + s1 w1 + s2 w2
//   y1 = s2 w0 + s3 w1 + s4 w2,
// in six multiplies. The same in five, as the terms that an output must not have cancel:
//   m0 = (s0 - s2) w0 + (s1 - s3) w1
//   m1 = s2 (w0 + w2) + s3 w1
//   m2 = (s4 - s2) w2
//   y0 = m0 + m1
//   y1 = m1 + m2.
// The source is split by parity: even values are multiplied by w0 and w2 only, odd ones by w1.
//
// The words used here:
// - The samples of the source are the first factors, s0 - s2, s1 - s3, s2, s3 and s4 - s2; those of
//   the weights are the second, w0, w1, w0 + w2, w1 and w2.
// - The products are m0, m1 and m2: sums over two, two and one sample.
// - A block is 2×2 outputs with the 5×5 pixels that they need. It is transformed along columns and
//   along rows, so it has 5×5 samples and 3×3 products. Neighbouring blocks share pixels.
//
// A layer's products are sums over their samples (four, two or one) and the source's channels: nine
// gemms, in which a block takes the place of a pixel. In memory a block's samples are
// [panel][sample][panel_width] and its products [panel][product][panel_width]; the samples of a
// product lie together.
//
// Every step is linear, so its gradient is the transpose: an output's gradient is added to those of
// the products that it is a sum of (take_products), a product's is multiplied by the weights'
// samples, and a sample's is added to those of its pixels (put_source_gradients).
#pragma once

#include "gemm.h"

// The samples and products of one dimension, and of a block.
enum { axis_samples = 5, axis_products = 3, block_samples = 25, block_products = 9 };

// The number of a product's samples in one dimension; the first is sample 2 * product.
INLINE int axis_product_samples(int product) { return product < 2 ? 2 : 1; }

// The number of a product's samples, and the place of the first among those of a block.
INLINE int product_samples(int row, int column) {
  return axis_product_samples(row) * axis_product_samples(column);
}
INLINE int product_place(int row, int column) {
  return 2 * row * axis_samples + axis_product_samples(row) * 2 * column;
}

// The place of a sample among those of a block.
INLINE int sample_place(int row, int column) {
  return product_place(row / 2, column / 2) + row % 2 * axis_product_samples(column / 2) +
         column % 2;
}

// Whether a convolution is computed like this: on AVX2 (README.md says why), if blocks cover the
// source exactly, and panels the channels.
INLINE bool is_split(const ck_convolution *shape) {
  return VECTOR_FLOATS == 8 && shape->kernel == 3 && shape->out_size % 2 == 0 &&
         shape->in_size + shape->padding == 2 * shape->out_size + 1 && shape->padding <= 1 &&
         shape->in_channels % panel_width == 0 && shape->out_channels % panel_width == 0;
}

// Transforms a column of five source pixels, which are normalised first if `normed`. `top` means
// that the first is padding.
INLINE void column_samples(const bool top, const bool normed, const float *src, int64_t stride,
                           vec mean, vec scale, vec shift, vec samples[axis_samples]) {
  vec s[axis_samples];
#pragma clang loop unroll(full)
  for (int i = 0; i < axis_samples; i++) {
    if (i == 0 && top) {
      s[i] = (vec){0};
      continue;
    }
    vec x = load(src + i * stride);
    s[i] = normed ? (x - mean) * scale + shift : x;
  }
  samples[0] = s[0] - s[2];
  samples[1] = s[1] - s[3];
  samples[2] = s[2];
  samples[3] = s[3];
  samples[4] = s[4] - s[2];
}

// The samples of a row of blocks, for a panel of channels; those of successive blocks are
// `block_stride` floats apart. `left` means that the first column of pixels is padding; `src` is
// the first pixel behind it. A column that two blocks share is read twice, so that a block reads
// contiguous memory. The arrays a to e are a block's five columns, transformed.
INLINE void row_samples(const bool top, const bool left, const bool normed, const float *src,
                        int64_t stride, int64_t channels, int64_t blocks, const vec mean[2],
                        const vec scale[2], const vec shift[2], int64_t block_stride,
                        float *samples) {
#define COLUMN(column, result) \
  column_samples(top, normed, from + (column)*channels, stride, mean[j], scale[j], shift[j], result)
#define STORE(column, value)                                                \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < axis_samples; i++) \
    store(samples + sample_place(i, column) * panel_width + j * lanes, value)
  if (left) src -= channels;
  for (int64_t block = 0; block < blocks; block++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 2; j++) {
      const float *from = src + j * lanes;
      vec a[axis_samples], b[axis_samples], c[axis_samples], d[axis_samples], e[axis_samples];
      if (left && block == 0) {
#pragma clang loop unroll(full)
        for (int i = 0; i < axis_samples; i++) a[i] = (vec){0};
      } else {
        COLUMN(0, a);
      }
      COLUMN(1, b);
      COLUMN(2, c);
      STORE(0, a[i] - c[i]);
      STORE(2, c[i]);
      COLUMN(3, d);
      STORE(1, b[i] - d[i]);
      STORE(3, d[i]);
      COLUMN(4, e);
      STORE(4, e[i] - c[i]);
    }
    src += 4 * channels;
    samples += block_stride;
  }
#undef STORE
#undef COLUMN
}

// The place of a vector of channels in memory that has `places` samples or products per panel.
INLINE int64_t panel_place(int64_t channel, int places) {
  return channel / panel_width * places * panel_width + channel % panel_width;
}

// The samples of a row of blocks of an image, which is normalised first if `norm` is given.
static void take_samples(const ck_convolution *shape, const float *src, const ck_norm *norm,
                         int64_t row, float *samples) {
  int64_t channels = shape->in_channels, stride = shape->in_size * channels;
  int64_t blocks = shape->out_size / 2, padding = shape->padding;
  // The first source row, one above the image if the row of blocks is the first and padded.
  src += (4 * row - padding) * stride;
  bool top = row == 0 && padding > 0;
  for (int64_t c = 0; c < channels; c += panel_width) {
    vec mean[2] = {{0}}, scale[2] = {{0}}, shift[2] = {{0}};
    if (norm) {
      for (int j = 0; j < 2; j++) {
        mean[j] = load(norm->mean + c + j * lanes);
        scale[j] = load(norm->scale + c + j * lanes);
        shift[j] = load(norm->shift + c + j * lanes);
      }
    }
#define ROW(top, left, normed)                                                                    \
  row_samples(top, left, normed, src + c, stride, channels, blocks, mean, scale, shift,           \
              block_samples * channels, samples + panel_place(c, block_samples))
    if (norm && top) {
      ROW(true, true, true);
    } else if (norm && padding > 0) {
      ROW(false, true, true);
    } else if (norm) {
      ROW(false, false, true);
    } else if (top) {
      ROW(true, true, false);
    } else if (padding > 0) {
      ROW(false, true, false);
    } else {
      ROW(false, false, false);
    }
#undef ROW
  }
}

// The four outputs of a block, row by row, from its products.
INLINE void outputs_of(const float *products, vec y[4]) {
  vec t[axis_products][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < axis_products; i++) {
    vec middle = load(products + (3 * i + 1) * panel_width);
    t[i][0] = load(products + 3 * i * panel_width) + middle;
    t[i][1] = middle + load(products + (3 * i + 2) * panel_width);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 2; j++) {
    y[j] = t[0][j] + t[1][j];
    y[2 + j] = t[1][j] + t[2][j];
  }
}

// Two rows of outputs from a row of blocks' products: leaky(bias + output).
static void put_outputs(const float *products, int64_t channels, int64_t blocks, const float *bias,
                        float slope, float *dst) {
  int64_t stride = 2 * blocks * channels;
  for (int64_t c = 0; c < channels; c += lanes) {
    vec b = load(bias + c);
    const float *from = products + panel_place(c, block_products);
    for (int64_t block = 0; block < blocks; block++) {
      vec y[4];
      outputs_of(from + block * block_products * channels, y);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        vec z = b + y[i];
        store(dst + (i / 2) * stride + (2 * block + i % 2) * channels + c,
              select_positive(z, z, z * slope));
      }
    }
  }
}

// A gradient's destination, its sum, and its dot product with the deviations of `src` from their
// mean, for one vector of channels. Both sums are in two chains, so that additions wait less for
// the ones before.
typedef struct summed_gradient {
  const float *src;
  float *dst;
  vec mean, sum[2], dot[2];
} summed_gradient;

// Stores a gradient at an offset and, if `summed`, adds it to chain i of the sums.
INLINE void put_gradient(const bool summed, summed_gradient *gradient, int i, int64_t offset,
                         vec y) {
  store(gradient->dst + offset, y);
  if (!summed) return;
  gradient->sum[i % 2] += y;
  gradient->dot[i % 2] += y * (load(gradient->src + offset) - gradient->mean);
}

// The gradient of one vector of channels from channel c on; src is null if sums are not taken.
INLINE summed_gradient summed_gradient_of(float *dst, const float *src, const float *mean,
                                          int64_t c) {
  return (summed_gradient){.src = src ? src + c : NULL,
                           .dst = dst + c,
                           .mean = src ? load(mean + c) : (vec){0}};
}

INLINE void add_gradient_sums(const summed_gradient *gradient, int64_t c,
                              const epilogue_arguments *epilogue) {
  if (!gradient->src) return;
  const vec *sum = gradient->sum, *dot = gradient->dot;
  add_to(epilogue->sum + c, sum[0] + sum[1]);
  add_to(epilogue->dot + c, dot[0] + dot[1]);
}

// put_output_gradients for one vector of channels.
INLINE void put_output_gradients_of(const bool summed, const float *products, int64_t channels,
                                    int64_t blocks, summed_gradient *gradient) {
  int64_t stride = 2 * blocks * channels;
  for (int64_t block = 0; block < blocks; block++) {
    vec y[4];
    outputs_of(products + block * block_products * channels, y);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      put_gradient(summed, gradient, i, (i / 2) * stride + (2 * block + i % 2) * channels, y[i]);
    }
  }
}

// Two rows of a gradient from a row of blocks' products; its sums are taken if `src` is given.
static void put_output_gradients(const float *products, int64_t channels, int64_t blocks,
                                 const float *src, const epilogue_arguments *epilogue,
                                 float *dst) {
  for (int64_t c = 0; c < channels; c += lanes) {
    summed_gradient gradient = summed_gradient_of(dst, src, epilogue->mean, c);
    const float *from = products + panel_place(c, block_products);
    if (src) {
      put_output_gradients_of(true, from, channels, blocks, &gradient);
    } else {
      put_output_gradients_of(false, from, channels, blocks, &gradient);
    }
    add_gradient_sums(&gradient, c, epilogue);
  }
}

// The products' gradients from two rows of outputs' gradients; the transpose of put_outputs. In one
// dimension they are g0, g0 + g1 and g1.
static void take_products(const float *rows, int64_t channels, int64_t blocks, float *products) {
  int64_t stride = 2 * blocks * channels;
  for (int64_t c = 0; c < channels; c += lanes) {
    for (int64_t block = 0; block < blocks; block++) {
      const float *g = rows + 2 * block * channels + c;
      float *m = products + block * block_products * channels + panel_place(c, block_products);
      vec row[axis_products][2];
#pragma clang loop unroll(full)
      for (int j = 0; j < 2; j++) {
        row[0][j] = load(g + j * channels);
        row[2][j] = load(g + stride + j * channels);
        row[1][j] = row[0][j] + row[2][j];
      }
#pragma clang loop unroll(full)
      for (int i = 0; i < axis_products; i++) {
        store(m + 3 * i * panel_width, row[i][0]);
        store(m + (3 * i + 1) * panel_width, row[i][0] + row[i][1]);
        store(m + (3 * i + 2) * panel_width, row[i][1]);
      }
    }
  }
}

// The gradients of five pixels from those of a column of samples; the transpose of column_samples.
INLINE void column_gradients(const float *samples, int column, vec pixels[axis_samples]) {
  vec t[axis_samples];
#pragma clang loop unroll(full)
  for (int i = 0; i < axis_samples; i++) {
    t[i] = load(samples + sample_place(i, column) * panel_width);
  }
  pixels[0] = t[0];
  pixels[1] = t[1];
  pixels[2] = t[2] - (t[0] + t[4]);
  pixels[3] = t[3] - t[1];
  pixels[4] = t[4];
}

// Four rows of the source's gradient from a row of blocks, for a panel of channels. `carried` has
// two vectors per column: it holds what the row of blocks above adds to the first of the four rows,
// and gets what this one adds to the first row of the next. `top` and `left` mean that the first
// row and column are padding; gradient[j].dst is where the first pixel of the first row is or would
// be. The arrays a to e are the block's five columns of samples, transformed back, and `before` is
// the last column of the block to the left.
INLINE void row_gradients(const bool summed, const bool top, const bool left,
                          const float *samples, int64_t stride, int64_t channels, int64_t blocks,
                          vec *carried, summed_gradient gradient[2]) {
  int64_t block_stride = block_samples * channels, at = 0;
#define PUT(column, value)                                                      \
  {                                                                             \
    vec first = carried[2 * (column) + j] + value(0);                           \
    carried[2 * (column) + j] = value(4);                                       \
    if (!top) put_gradient(summed, &gradient[j], 0, at, first);                 \
    _Pragma("clang loop unroll(full)") for (int i = 1; i < 4; i++)              \
      put_gradient(summed, &gradient[j], i, at + i * stride, value(i));         \
  }
  // Row i of what each of the block's columns of pixels gets; of the last, if no block follows.
#define SHARED(i) (before[i] + a[i])
#define SECOND(i) (b[i])
#define MIDDLE(i) (c[i] - (a[i] + e[i]))
#define FOURTH(i) (d[i] - b[i])
#define LAST(i) (e[i])
  for (int64_t block = 0; block < blocks; block++, samples += block_stride) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 2; j++) {
      const float *from = samples + j * lanes;
      int64_t start = 4 * block * channels;
      vec before[axis_samples], a[axis_samples], b[axis_samples], c[axis_samples];
      vec d[axis_samples], e[axis_samples];
      column_gradients(from, 0, a);
      if (block > 0) {
        column_gradients(from - block_stride, 4, before);
      } else {
#pragma clang loop unroll(full)
        for (int i = 0; i < axis_samples; i++) before[i] = (vec){0};
      }
      at = start;
      if (block > 0 || !left) PUT(4 * block, SHARED)
      column_gradients(from, 1, b);
      at = start + channels;
      PUT(4 * block + 1, SECOND)
      column_gradients(from, 2, c);
      column_gradients(from, 4, e);
      at = start + 2 * channels;
      PUT(4 * block + 2, MIDDLE)
      column_gradients(from, 3, d);
      at = start + 3 * channels;
      PUT(4 * block + 3, FOURTH)
    }
  }
  at = 4 * blocks * channels;
  for (int j = 0; j < 2; j++) {
    vec e[axis_samples];
    column_gradients(samples - block_stride + j * lanes, 4, e);
    PUT(4 * blocks, LAST)
  }
#undef PUT
#undef SHARED
#undef SECOND
#undef MIDDLE
#undef FOURTH
#undef LAST
}

// The source's gradient from the samples' of a row of blocks: four rows of pixels, and for the
// image's last row of blocks a fifth. `carried` has two vectors per panel of channels and column of
// pixels.
static void put_source_gradients(const ck_convolution *shape, const float *samples, int64_t row,
                                 const float *src, const epilogue_arguments *epilogue,
                                 vec *carried, float *dst) {
  int64_t channels = shape->in_channels, stride = shape->in_size * channels;
  int64_t blocks = shape->out_size / 2, padding = shape->padding, columns = 4 * blocks + 1;
  int64_t first = (4 * row - padding) * stride - padding * channels;
  if (row == 0) memset(carried, 0, (size_t)(columns * channels) * sizeof(float));
  for (int64_t c = 0; c < channels; c += panel_width, carried += 2 * columns) {
    summed_gradient gradient[2];
    for (int j = 0; j < 2; j++) {
      gradient[j] = summed_gradient_of(dst + first, src ? src + first : NULL, epilogue->mean,
                                       c + j * lanes);
    }
#define ROW(summed, top, left)                                                                  \
  row_gradients(summed, top, left, samples + panel_place(c, block_samples), stride, channels,   \
                blocks, carried, gradient)
    if (src && padding > 0) {
      if (row == 0) {
        ROW(true, true, true);
      } else {
        ROW(true, false, true);
      }
    } else if (padding > 0) {
      if (row == 0) {
        ROW(false, true, true);
      } else {
        ROW(false, false, true);
      }
    } else {
      ROW(false, false, false);
    }
#undef ROW
    for (int j = 0; j < 2; j++) {
      for (int64_t i = padding; row == blocks - 1 && i < columns; i++) {
        int64_t at = 4 * stride + i * channels;
        if (src) {
          put_gradient(true, &gradient[j], 0, at, carried[2 * i + j]);
        } else {
          put_gradient(false, &gradient[j], 0, at, carried[2 * i + j]);
        }
      }
      add_gradient_sums(&gradient[j], c + j * lanes, epilogue);
    }
  }
}
