// Convolutions, fused with the batch norms and leaky ReLUs next to them. A pass takes a few images
// at a time, so that the data between two activations stays in cache.
#pragma once

#include "gemm.h"

// Allocates `count` floats of scratch memory, rounded up to whole cache lines.
INLINE float *take(float **scratch, int64_t count) {
  float *part = *scratch;
  *scratch += (count + 15) / 16 * 16;
  return part;
}

INLINE int64_t square(int64_t x) { return x * x; }

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static void convolution_forward(const ck_convolution *shape, const float *src,
                                const ck_norm *norm, const float *weights, const float *bias,
                                float slope, float *dst, const ck_moments *moments,
                                float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  int64_t pixels = square(shape->out_size), channels = shape->out_channels;
  int64_t group = smaller(group_of(pixels, ck_group_pixels), shape->part);
  int64_t src_count = square(shape->in_size) * shape->in_channels, dst_count = pixels * channels;
  int64_t padded_stride =
      padded_stride_of(square(shape->in_size + 2 * shape->padding) * shape->in_channels);
  gemm_shape gemm =
      group_gemm(shape, 0, group, padded_stride, dst_count, src_offsets, dst_offsets);
  float *padded = take(&scratch, group * padded_stride);
  clear(padded, group * padded_stride);
  epilogue_arguments epilogue = {.bias = bias, .slope = slope};
  image_array src_images = fp32_images(src, src_count), dst_images = fp32_images(dst, dst_count);
  int64_t iterations = gemm_iterations(&gemm), batch_end = ck_part_start(shape, shape->end_part);
  for (int64_t part = shape->first_part; part < shape->end_part; part++) {
    int64_t start = ck_part_start(shape, part), end = ck_part_start(shape, part + 1);
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t image = start; image < end; image += group) {
      int64_t count = smaller(group, end - image), next = image + count;
      for (int64_t i = 0; i < count; i++) {
        place_image(src + (image + i) * src_count, norm, shape->in_size, shape->in_channels,
                    shape->padding, padded + i * padded_stride);
      }
      gemm.pixels = count * pixels;
      prefetcher prefetch =
          prefetch_forward(iterations, src_images, dst_images, next, group, batch_end);
      float *y = dst + image * dst_count;
      gemm_bias_leaky(&gemm, padded, weights, y, &epilogue, &prefetch);
      for (int64_t i = 0; i < count && moments; i++) {
        add_moments(y + i * dst_count, image + i - start, pixels, channels, &part_moments);
      }
    }
  }
}

// Copies the gradient of an image to scratch memory with a border of zeros, passes it back through
// the norm if there is one, and then adds its per-channel sums to diff_bias.
static void place_gradient(const float *diff, const ck_norm_gradient *norm, int64_t image,
                           int64_t size, int64_t channels, float *placed, double *diff_bias) {
  if (!norm) {
    place_image(diff, NULL, size, channels, 1, placed);
    return;
  }
  const float *src = norm->src + image * size * size * channels;
  for (int64_t row = 0; row < size; row++) {
    float *dst = placed + ((row + 1) * (size + 2) + 1) * channels;
    norm_backward(diff + row * size * channels, src + row * size * channels, norm, size, channels,
                  dst, diff_bias);
  }
}

static void convolution_backward(const ck_convolution *shape, const float *src,
                                 const ck_norm *norm, const float *diff_dst,
                                 const ck_norm_gradient *through, const float *weights,
                                 float *diff_weights, double *diff_bias, float *diff_src,
                                 const ck_gradient_sums *sums, float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  int64_t pixels = square(shape->out_size), in_pixels = square(shape->in_size);
  int64_t group = smaller(group_of(pixels, ck_group_pixels), shape->part);
  int64_t src_count = in_pixels * shape->in_channels, dst_count = pixels * shape->out_channels;
  int64_t padded_stride =
      padded_stride_of(square(shape->in_size + 2 * shape->padding) * shape->in_channels);
  int64_t bordered_stride = padded_stride_of(square(shape->out_size + 2) * shape->out_channels);
  gemm_shape outer =
      group_gemm(shape, 1, group, padded_stride, bordered_stride, src_offsets, dst_offsets);
  int64_t iterations = outer_gemm_iterations(&outer);
  transposed_gemms transposed;
  if (diff_src) {
    plan_transposed_gemms(shape, shape->in_size, group, bordered_stride, src_count, &transposed);
    iterations += transposed_gemm_iterations(&transposed);
  }
  float *padded = take(&scratch, group * padded_stride);
  float *bordered = take(&scratch, group * bordered_stride);
  clear(padded, group * padded_stride);
  clear(bordered, group * bordered_stride);
  gradient_totals totals;
  epilogue_arguments epilogue = {.sum = totals.src.sum, .dot = totals.src.dot};
  int64_t weight_count = panels_of(shape->out_channels) * outer.rows * outer.run * panel_width;
  int64_t batch_end = ck_part_start(shape, shape->end_part);
  for (int64_t part = shape->first_part; part < shape->end_part; part++) {
    int64_t start = ck_part_start(shape, part), end = ck_part_start(shape, part + 1);
    clear_gradient_totals(&totals, shape);
    for (int64_t image = start; image < end; image += group) {
      int64_t count = smaller(group, end - image), next = image + count;
      for (int64_t i = 0; i < count; i++) {
        place_image(src + (image + i) * src_count, norm, shape->in_size, shape->in_channels,
                    shape->padding, padded + i * padded_stride);
        place_gradient(diff_dst + (image + i) * dst_count, through, image + i, shape->out_size,
                       shape->out_channels, bordered + i * bordered_stride, totals.bias.sum);
      }
      prefetcher prefetch = prefetch_backward(
          iterations, fp32_images(src, src_count), fp32_images(diff_dst, dst_count),
          fp32_images(through ? through->src : NULL, dst_count), fp32_images(diff_src, src_count),
          next, group, batch_end);
      outer.pixels = count * pixels;
      outer_gemm(&outer, padded, bordered,
                 gradient_result(diff_weights, weight_count, shape, part, image == start,
                                 next == end),
                 &prefetch);
      if (!diff_src) continue;
      float *diff = diff_src + image * src_count;
      for (int parity = 0; parity < 4; parity++) {
        gemm_shape gemm = transposed.gemms[parity];
        gemm.pixels = gemm.pixels / group * count;
        const float *w = weights + transposed.weights[parity];
        if (sums) {
          epilogue.src = sums->src + image * src_count;
          epilogue.mean = sums->mean;
          gemm_gradient_sums(&gemm, bordered, w, diff, &epilogue, &prefetch);
        } else {
          gemm_plain(&gemm, bordered, w, diff, &prefetch);
        }
      }
    }
    store_gradient_totals(&totals, shape, part, diff_src ? sums : NULL,
                          through ? diff_bias : NULL);
  }
}
