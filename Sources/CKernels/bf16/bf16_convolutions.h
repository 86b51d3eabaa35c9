// The convolutions of convolution_passes.h for bf16 activations and gradients. A backward pass
// takes two images at a time, because the outer gemm sums over pairs of images.
#pragma once

#include "bf16_images.h"
#include "bf16_gemm.h"
#include "../convolution_passes.h"
#include "../packing.h"

// Allocates `count` zeros, and one more that the last pair of an odd run reads.
INLINE bf16 *take_bf16(float **scratch, int64_t count) {
  int64_t floats = (count + 2) / 2;
  bf16 *part = (bf16 *)take(scratch, floats);
  memset(part, 0, (size_t)floats * sizeof(float));
  return part;
}

INLINE uint32_t *take_pairs(float **scratch, int64_t count) {
  uint32_t *part = (uint32_t *)take(scratch, count);
  memset(part, 0, (size_t)count * sizeof(uint32_t));
  return part;
}

// The images of a source: a bf16 activation if there is a norm, else fp32 pictures.
INLINE image_array source_images(const float *src, const ck_norm *norm, int64_t image_count) {
  return norm ? bf16_images(src, image_count) : fp32_images(src, image_count);
}

// The one or two images of a part that a backward pass takes at a time.
typedef struct image_pair {
  int64_t first, part, next;
  bool both, is_first_of_part, is_last_of_part;
} image_pair;

INLINE image_pair image_pair_at(const ck_convolution *shape, int64_t first) {
  int64_t part = first / shape->part, end = ck_part_start(shape, part + 1);
  return (image_pair){
      .first = first,
      .part = part,
      .next = smaller(first + 2, end),
      .both = first + 1 < end,
      .is_first_of_part = first == part * shape->part,
      .is_last_of_part = first + 2 >= end,
  };
}

INLINE const uint32_t *paired_weights(const float *packed) { return (const uint32_t *)packed; }

static void bf16_convolution_forward(const ck_convolution *shape, const float *src,
                                     const ck_norm *norm, const float *weights,
                                     const float *bias, float slope, float *dst,
                                     const ck_moments *moments, float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  gemm_shape gemm = forward_gemm(shape, 0, src_offsets, dst_offsets);
  int64_t src_count = square(shape->in_size) * shape->in_channels;
  int64_t dst_count = square(shape->out_size) * shape->out_channels;
  bf16 *padded = take_bf16(
      &scratch, square(shape->in_size + 2 * shape->padding) * shape->in_channels);
  int64_t end = ck_part_start(shape, shape->end_part);
  for (int64_t image = ck_part_start(shape, shape->first_part); image < end; image++) {
    bf16 *y = (bf16 *)dst + image * dst_count;
    place_bf16(src, norm, image, shape->in_size, shape->in_channels, shape->padding, padded);
    prefetcher prefetch =
        prefetch_forward(pair_gemm_iterations(&gemm), source_images(src, norm, src_count),
                         bf16_images(dst, dst_count), image + 1, 1, end);
    pair_gemm_to_bf16(&gemm, padded, paired_weights(weights), bias, slope, y, &prefetch);
    if (moments) {
      int64_t part = image / shape->part;
      ck_moments at = moments_of_part(moments, part, shape->out_channels);
      add_bf16_moments(y, image - part * shape->part, square(shape->out_size),
                       shape->out_channels, &at);
    }
  }
}

// The bf16 gradients of two images, or of one.
typedef struct gradient_images {
  const bf16 *diff[2], *src[2];
} gradient_images;

static gradient_images images_of(const float *diff, const ck_norm_gradient *through,
                                 int64_t image, bool both, int64_t count) {
  int64_t first = image * count, second = (image + (both ? 1 : 0)) * count;
  return (gradient_images){
      .diff = {stored(diff) + first, stored(diff) + second},
      .src = {stored(through->src) + first, stored(through->src) + second},
  };
}

// Adds the sums of one or two images to those of their part.
INLINE void combine_bias_sums(const float *sums, const ck_convolution *shape, int64_t image,
                              int64_t channels, double *diff_bias) {
  int64_t part = image / shape->part;
  double *total = diff_bias + part * channels;
  bool is_first = image == part * shape->part;
  for (int64_t c = 0; c < channels; c++) total[c] = (is_first ? 0 : total[c]) + sums[c];
}

INLINE void place_gradient_block(const bool both, const gradient_images *images,
                                 const ck_norm_gradient *through, int64_t at, int64_t k,
                                 int64_t n, int64_t pixels, int64_t stride, uint32_t *paired,
                                 bf16 *first, bf16 *second, float *sums) {
  gradient_block block = load_gradient_block(through, k, n);
  vec sum = load_part(sums + k, n);
  for (int64_t p = 0; p < pixels; p++) {
    int64_t from = at + p * stride + k, to = p * stride + k;
    vec d = through_norm(&block, load_bf16_part(images->diff[0] + from, n),
                         load_bf16_part(images->src[0] + from, n));
    vec e = {0};
    sum += d;
    if (first) store_bf16_part(first + to, d, n);
    if (both) {
      e = through_norm(&block, load_bf16_part(images->diff[1] + from, n),
                       load_bf16_part(images->src[1] + from, n));
      sum += e;
      if (first) store_bf16_part(second + to, e, n);
    }
    store_pairs_part(paired + to, pair_up(d, e), n);
  }
  store_part(sums + k, sum, n);
}

// Passes the gradients of two images back through the norm and copies them to scratch memory with a
// border of zeros: in pairs and, unless `singles` is null, one by one.
INLINE void place_gradients(const bool both, const ck_convolution *shape, const float *diff,
                            const ck_norm_gradient *through, int64_t image, uint32_t *paired,
                            bf16 *const *singles, double *diff_bias) {
  float sums[ck_channels_max] = {0};
  int64_t size = shape->out_size, channels = shape->out_channels;
  gradient_images images = images_of(diff, through, image, both, square(size) * channels);
  for (int64_t row = 0; row < size; row++) {
    int64_t at = row * size * channels, to = ((row + 1) * (size + 2) + 1) * channels;
    bf16 *first = singles ? singles[0] + to : NULL, *second = singles ? singles[1] + to : NULL;
#define BLOCK(n, k)                                                                           \
  place_gradient_block(both, &images, through, at, k, n, size, channels, paired + to, first, \
                       second, sums)
    FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
  }
  combine_bias_sums(sums, shape, image, channels, diff_bias);
}

static void bf16_convolution_backward(const ck_convolution *shape, const float *src,
                                      const ck_norm *norm, const float *diff_dst,
                                      const ck_norm_gradient *through, const float *weights,
                                      float *diff_weights, double *diff_bias, float *diff_src,
                                      const ck_gradient_sums *sums, float *scratch) {
  int32_t forward_offsets[2][pixels_max], src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
  gemm_shape outer = forward_gemm(shape, 1, forward_offsets[0], forward_offsets[1]);
  gemm_shape gemms[4];
  int64_t iterations = outer_pair_gemm_iterations(&outer);
  for (int parity = 0; parity < 4 && diff_src; parity++) {
    gemms[parity] = transposed_gemm(shape, parity >> 1, parity & 1, src_offsets[parity],
                                    dst_offsets[parity]);
    iterations += 2 * pair_gemm_iterations(&gemms[parity]);
  }
  int64_t src_count = square(shape->in_size) * shape->in_channels;
  int64_t dst_count = square(shape->out_size) * shape->out_channels;
  int64_t padded_count = square(shape->in_size + 2 * shape->padding) * shape->in_channels;
  int64_t bordered_count = square(shape->out_size + 2) * shape->out_channels;
  uint32_t *padded = take_pairs(&scratch, padded_count);
  uint32_t *paired = take_pairs(&scratch, bordered_count);
  bf16 *bordered[2] = {take_bf16(&scratch, bordered_count), take_bf16(&scratch, bordered_count)};
  int64_t weight_count = panels_of(shape->out_channels) * outer.rows * outer.run * panel_width;
  int64_t end = ck_part_start(shape, shape->end_part);
  image_pair pair = image_pair_at(shape, ck_part_start(shape, shape->first_part));
  for (; pair.first < end; pair = image_pair_at(shape, pair.next)) {
    int64_t image = pair.first;
    outer_result result = gradient_result(diff_weights, weight_count, shape, pair.part,
                                          pair.is_first_of_part, pair.is_last_of_part);
    place_paired(src, norm, image, pair.both, shape->in_size, shape->in_channels, shape->padding,
                 padded);
    bf16 *const *singles = diff_src ? bordered : NULL;
    if (pair.both) {
      place_gradients(true, shape, diff_dst, through, image, paired, singles, diff_bias);
    } else {
      place_gradients(false, shape, diff_dst, through, image, paired, singles, diff_bias);
    }
    prefetcher prefetch = prefetch_backward(
        iterations, source_images(src, norm, src_count), bf16_images(diff_dst, dst_count),
        bf16_images(through->src, dst_count), bf16_images(diff_src, src_count), image + 2, 2, end);
    outer_pair_gemm(&outer, padded, paired, result, &prefetch);
    for (int64_t i = 0; i < (pair.both ? 2 : 1) && diff_src; i++) {
      bf16 *diff = (bf16 *)diff_src + (image + i) * src_count;
      const uint32_t *w = paired_weights(weights);
      for (int parity = 0; parity < 4; parity++) {
        pair_gemm_to_bf16(&gemms[parity], bordered[i], w, NULL, 1, diff, &prefetch);
        w += panels_of(shape->in_channels) * paired_depth(&gemms[parity]) * panel_width;
      }
      if (sums) {
        add_bf16_gradient_sums(diff, shape, image + i, square(shape->in_size),
                               shape->in_channels, sums);
      }
    }
  }
}

static int64_t bf16_pack_forward_count(const ck_convolution *shape) {
  return panels_forward_count(false, shape);
}

static int64_t bf16_pack_backward_count(const ck_convolution *shape) {
  return panels_backward_count(false, shape);
}

static void bf16_pack_forward(const ck_convolution *shape, const float *weights, float *packed) {
  panels_forward(false, shape, weights, packed);
  pair_panels(packed, packed, panels_of(shape->out_channels) * shape->kernel,
              shape->kernel * shape->in_channels);
}

static void bf16_unpack_gradient(const ck_convolution *shape, float *packed, float *weights) {
  unpack_panels(false, shape, packed, weights);
}

static void bf16_pack_backward(const ck_convolution *shape, const float *weights, float *packed) {
  panels_backward(shape, weights, packed);
  float *from = packed, *to = packed;
  for (int parity = 0; parity < 4; parity++) {
    int64_t runs = panels_of(shape->in_channels) * taps_of(shape, parity >> 1);
    int64_t run = taps_of(shape, parity & 1) * shape->out_channels;
    pair_panels(from, to, runs, run);
    from += runs * run * panel_width;
    to += runs * pairs_of(run) * panel_width;
  }
}
