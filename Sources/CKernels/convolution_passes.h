// Convolutions with what stands before and behind them, one image at a time, so that everything
// between two activations stays in cache.
#pragma once

#include "products.h"

// Takes the next `count` floats of scratch memory, whole cache lines.
INLINE float *take(float **scratch, int64_t count) {
  float *part = *scratch;
  *scratch += (count + 15) / 16 * 16;
  return part;
}

INLINE int64_t square(int64_t x) { return x * x; }

static void convolution_forward(const ck_convolution *shape, const float *src,
                                const ck_norm *norm, const float *weights, const float *bias,
                                float slope, float *dst, const ck_moments *moments,
                                float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  product p = forward_product(shape, 0, src_offsets, dst_offsets);
  int64_t src_count = square(shape->in_size) * shape->in_channels;
  int64_t dst_count = square(shape->out_size) * shape->out_channels;
  int64_t padded_count = square(shape->in_size + 2 * shape->padding) * shape->in_channels;
  float *padded = take(&scratch, padded_count);
  clear(padded, padded_count);
  for (int64_t image = 0; image < shape->images; image++) {
    float *y = dst + image * dst_count;
    place_image(src + image * src_count, norm, shape->in_size, shape->in_channels, shape->padding,
                padded);
    multiply(&p, padded, weights, bias, slope, y);
    if (moments) add_moments(y, image, square(shape->out_size), shape->out_channels, moments);
  }
}

// Places the gradient of an image with a border of zeros, through the norm if there is one.
static void place_gradient(const float *diff, const ck_norm_gradient *norm, int64_t image,
                           int64_t size, int64_t channels, int64_t border, float *placed,
                           double *diff_bias) {
  if (!norm) {
    place_image(diff, NULL, size, channels, border, placed);
    return;
  }
  float sums[ck_channels_max] = {0};
  const float *src = norm->src + image * size * size * channels;
  for (int64_t row = 0; row < size; row++) {
    float *dst = placed + ((row + border) * (size + 2 * border) + border) * channels;
    norm_backward(diff + row * size * channels, src + row * size * channels, norm, size, channels,
                  dst, sums);
  }
  for (int64_t c = 0; c < channels; c++) diff_bias[c] = (image ? diff_bias[c] : 0) + sums[c];
}

static void convolution_backward(const ck_convolution *shape, const float *src,
                                 const ck_norm *norm, const float *diff_dst,
                                 const ck_norm_gradient *through, const float *weights,
                                 float *diff_weights, double *diff_bias, float *diff_src,
                                 const ck_gradient_sums *sums, float *scratch) {
  int32_t forward_offsets[2][pixels_max], src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
  product outer = forward_product(shape, 1, forward_offsets[0], forward_offsets[1]);
  product products[4];
  for (int parity = 0; parity < 4 && diff_src; parity++) {
    products[parity] = transposed_product(shape, parity >> 1, parity & 1, src_offsets[parity],
                                          dst_offsets[parity]);
  }
  int64_t src_count = square(shape->in_size) * shape->in_channels;
  int64_t dst_count = square(shape->out_size) * shape->out_channels;
  int64_t padded_count = square(shape->in_size + 2 * shape->padding) * shape->in_channels;
  int64_t bordered_count = square(shape->out_size + 2) * shape->out_channels;
  float *padded = take(&scratch, padded_count), *bordered = take(&scratch, bordered_count);
  clear(padded, padded_count);
  clear(bordered, bordered_count);
  clear(diff_weights, panels_of(shape->out_channels) * outer.rows * outer.run * panel_width);
  for (int64_t image = 0; image < shape->images; image++) {
    place_image(src + image * src_count, norm, shape->in_size, shape->in_channels, shape->padding,
                padded);
    place_gradient(diff_dst + image * dst_count, through, image, shape->out_size,
                   shape->out_channels, 1, bordered, diff_bias);
    multiply_outer(&outer, padded, bordered, diff_weights);
    if (!diff_src) continue;
    float *diff = diff_src + image * src_count;
    const float *w = weights;
    for (int parity = 0; parity < 4; parity++) {
      multiply(&products[parity], bordered, w, NULL, 1, diff);
      w += panels_of(shape->in_channels) * products[parity].rows * products[parity].run *
           panel_width;
    }
    if (sums) add_gradient_sums(diff, image, square(shape->in_size), shape->in_channels, sums);
  }
}

// In the two directions of an upsampled convolution, `shape` is the strided convolution from the
// transposed image to the layer's source.

static void upsampled_forward(const ck_convolution *shape, const float *src, const ck_norm *norm,
                              const float *weights, const float *bias, float slope, float *dst,
                              const ck_moments *moments, float *scratch) {
  int32_t src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
  product products[4];
  for (int parity = 0; parity < 4; parity++) {
    products[parity] = transposed_product(shape, parity >> 1, parity & 1, src_offsets[parity],
                                          dst_offsets[parity]);
  }
  int64_t channels = shape->in_channels, size = shape->in_size - 1;
  int64_t src_count = square(shape->out_size) * shape->out_channels;
  int64_t bordered_count = square(shape->out_size + 2) * shape->out_channels;
  float *bordered = take(&scratch, bordered_count);
  float *transposed = take(&scratch, square(shape->in_size) * channels);
  clear(bordered, bordered_count);
  for (int64_t image = 0; image < shape->images; image++) {
    float *y = dst + image * square(size) * channels;
    place_image(src + image * src_count, norm, shape->out_size, shape->out_channels, 1, bordered);
    const float *w = weights;
    for (int parity = 0; parity < 4; parity++) {
      multiply(&products[parity], bordered, w, NULL, 1, transposed);
      w += panels_of(channels) * products[parity].rows * products[parity].run * panel_width;
    }
    box_leaky(transposed, bias, slope, size, channels, y);
    if (moments) add_moments(y, image, square(size), channels, moments);
  }
}

static void upsampled_backward(const ck_convolution *shape, const float *src, const ck_norm *norm,
                               const float *diff_dst, const ck_norm_gradient *through,
                               float scale, const float *weights, float *diff_weights,
                               double *diff_bias, float *diff_src, const ck_gradient_sums *sums,
                               float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  product p = forward_product(shape, 0, src_offsets, dst_offsets);
  int64_t channels = shape->in_channels, size = shape->in_size - 1;
  int64_t src_count = square(shape->out_size) * shape->out_channels;
  float *placed = take(&scratch, src_count);
  float *gradient = take(&scratch, square(size) * channels);
  float *transposed = take(&scratch, square(shape->in_size) * channels);
  clear(diff_weights, panels_of(shape->out_channels) * p.rows * p.run * panel_width);
  for (int64_t image = 0; image < shape->images; image++) {
    const float *diff = diff_dst + image * square(size) * channels;
    if (through) {
      place_gradient(diff, through, image, size, channels, 0, gradient, diff_bias);
      diff = gradient;
    }
    box_backward(diff, scale, size, channels, transposed);
    place_image(src + image * src_count, norm, shape->out_size, shape->out_channels, 0, placed);
    multiply_outer(&p, transposed, placed, diff_weights);
    float *out = diff_src + image * src_count;
    multiply(&p, transposed, weights, NULL, 1, out);
    if (sums) add_gradient_sums(out, image, square(shape->out_size), shape->out_channels, sums);
  }
}
