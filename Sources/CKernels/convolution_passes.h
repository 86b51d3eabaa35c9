// Convolutions with what stands before and behind them, a few images at a time, so that everything
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

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// The floats of `count` images from `first` on, or nothing behind the last image of all.
INLINE stretch stretch_of(const float *images, int64_t first, int64_t count, int64_t all,
                         int64_t floats) {
  if (!images || first >= all) return (stretch){images, 0};
  return (stretch){images + first * floats, smaller(count, all - first) * floats * 4};
}

static void convolution_forward(const ck_convolution *shape, const float *src,
                                const ck_norm *norm, const float *weights, const float *bias,
                                float slope, float *dst, const ck_moments *moments,
                                float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  int64_t pixels = square(shape->out_size), channels = shape->out_channels;
  int64_t group = smaller(group_of(pixels, ck_pixels_together), shape->part);
  int64_t src_count = square(shape->in_size) * shape->in_channels, dst_count = pixels * channels;
  int64_t padded_apart =
      apart(square(shape->in_size + 2 * shape->padding) * shape->in_channels);
  product p = group_product(shape, 0, group, padded_apart, dst_count, src_offsets, dst_offsets);
  float *padded = take(&scratch, group * padded_apart);
  clear(padded, group * padded_apart);
  finish end = {.bias = bias, .slope = slope};
  int64_t rounds = rounds_of(&p), last = ck_part_start(shape, shape->behind_part);
  for (int64_t part = shape->first_part; part < shape->behind_part; part++) {
    int64_t start = ck_part_start(shape, part), behind = ck_part_start(shape, part + 1);
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t image = start; image < behind; image += group) {
      int64_t count = smaller(group, behind - image), after = image + count;
      for (int64_t i = 0; i < count; i++) {
        place_image(src + (image + i) * src_count, norm, shape->in_size, shape->in_channels,
                    shape->padding, padded + i * padded_apart);
      }
      p.pixels = count * pixels;
      ahead next = look_ahead(rounds, stretch_of(src, after, group, last, src_count),
                              (stretch){0}, (stretch){0},
                              stretch_of(dst, after, group, last, dst_count));
      float *y = dst + image * dst_count;
      multiply_activated(&p, padded, weights, y, &end, &next);
      for (int64_t i = 0; i < count && moments; i++) {
        add_moments(y + i * dst_count, image + i - start, pixels, channels, &part_moments);
      }
    }
  }
}

// Places the gradient of an image with a border of zeros, through the norm if there is one, and
// adds it up.
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
  int64_t group = smaller(group_of(pixels, ck_pixels_together), shape->part);
  int64_t src_count = in_pixels * shape->in_channels, dst_count = pixels * shape->out_channels;
  int64_t padded_apart =
      apart(square(shape->in_size + 2 * shape->padding) * shape->in_channels);
  int64_t bordered_apart = apart(square(shape->out_size + 2) * shape->out_channels);
  product outer = group_product(shape, 1, group, padded_apart, bordered_apart, src_offsets,
                                  dst_offsets);
  int64_t rounds = outer_rounds_of(&outer);
  transposed_products transposed;
  if (diff_src) {
    plan_transposed(shape, shape->in_size, group, bordered_apart, src_count, &transposed);
    rounds += transposed_rounds_of(&transposed);
  }
  float *padded = take(&scratch, group * padded_apart);
  float *bordered = take(&scratch, group * bordered_apart);
  clear(padded, group * padded_apart);
  clear(bordered, group * bordered_apart);
  channel_totals totals, bias_totals;
  finish end = {.sum = totals.sum, .dot = totals.dot};
  int64_t weight_count = panels_of(shape->out_channels) * outer.rows * outer.run * panel_width;
  int64_t last = ck_part_start(shape, shape->behind_part);
  for (int64_t part = shape->first_part; part < shape->behind_part; part++) {
    int64_t start = ck_part_start(shape, part), behind = ck_part_start(shape, part + 1);
    clear_totals(&totals, shape->in_channels);
    clear_totals(&bias_totals, shape->out_channels);
    for (int64_t image = start; image < behind; image += group) {
      int64_t count = smaller(group, behind - image), after = image + count;
      for (int64_t i = 0; i < count; i++) {
        place_image(src + (image + i) * src_count, norm, shape->in_size, shape->in_channels,
                    shape->padding, padded + i * padded_apart);
        place_gradient(diff_dst + (image + i) * dst_count, through, image + i, shape->out_size,
                       shape->out_channels, bordered + i * bordered_apart, bias_totals.sum);
      }
      ahead next = look_ahead(
          rounds, stretch_of(src, after, group, last, src_count),
          stretch_of(diff_dst, after, group, last, dst_count),
          stretch_of(through ? through->src : NULL, after, group, last, dst_count),
          stretch_of(diff_src, after, group, last, src_count));
      outer.pixels = count * pixels;
      multiply_outer(&outer, padded, bordered,
                     gradient_result(diff_weights, weight_count, shape, part, image == start,
                                     after == behind),
                     &next);
      if (!diff_src) continue;
      float *diff = diff_src + image * src_count;
      for (int parity = 0; parity < 4; parity++) {
        product p = transposed.products[parity];
        p.pixels = p.pixels / group * count;
        const float *w = weights + transposed.weights[parity];
        if (sums) {
          end.src = sums->src + image * src_count;
          end.mean = sums->mean;
          multiply_differentiated(&p, bordered, w, diff, &end, &next);
        } else {
          multiply(&p, bordered, w, diff, &next);
        }
      }
    }
    if (through) store_bias(&bias_totals, shape->out_channels, part, diff_bias);
    if (diff_src && sums) store_sums(&totals, shape->in_channels, part, sums);
  }
}
