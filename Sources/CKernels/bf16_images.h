// Images that are kept as bf16 on their way into scratch memory and out of it, with the statistics
// of batch norm, which are fp32 within an image and double across images.
#pragma once

#include "bf16_vectors.h"
#include "norm_passes.h"
#include "transpose_passes.h"

// The bf16 numbers of an activation; tables name them by a float pointer.
INLINE const bf16 *stored(const float *p) { return (const bf16 *)p; }

// A run of pixels, normalised if asked to: of an activation in bf16, or of a picture in fp32.
typedef struct source {
  const bf16 *activation;
  const float *picture;
} source;

INLINE source source_of(const float *src, const ck_norm *norm, int64_t offset) {
  if (norm) return (source){.activation = stored(src) + offset};
  return (source){.picture = src + offset};
}

INLINE void place_run_block(const bf16 *x, const ck_norm *norm, int64_t c, int64_t n,
                            int64_t pixels, int64_t stride, bf16 *dst) {
  vec scale = load_part(norm->scale + c, n);
  vec shift = load_part(norm->shift + c, n) - load_part(norm->mean + c, n) * scale;
  for (int64_t p = 0; p < pixels; p++) {
    vec y = load_bf16_part(x + p * stride + c, n) * scale + shift;
    store_bf16_part(dst + p * stride + c, y, n);
  }
}

// dst = a run of floats.
INLINE void narrow_run(const float *src, int64_t count, bf16 *dst) {
  if (count < lanes) {
    store_bf16_part(dst, load_part(src, count), count);
    return;
  }
  for (int64_t j = 0; j + lanes <= count; j += lanes) store_bf16(dst + j, load(src + j));
  // The last vector may overlap the one before.
  store_bf16(dst + count - lanes, load(src + count - lanes));
}

static void place_run(source src, const ck_norm *norm, int64_t pixels, int64_t channels,
                      bf16 *dst) {
  if (norm) {
#define BLOCK(n, c) place_run_block(src.activation, norm, c, n, pixels, channels, dst)
    FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
    return;
  }
  narrow_run(src.picture, pixels * channels, dst);
}

// Places an image in scratch memory with `halo` rows and columns of zeros around it, which must be
// there already.
static void place_bf16(const float *src, const ck_norm *norm, int64_t image, int64_t size,
                       int64_t channels, int64_t halo, bf16 *scratch) {
  int64_t row_count = size * channels, width = (size + 2 * halo) * channels;
  source x = source_of(src, norm, image * size * row_count);
  bf16 *dst = scratch + halo * width + halo * channels;
  for (int64_t row = 0; row < size; row++, dst += width) {
    place_run(x, norm, size, channels, dst);
    x = (source){x.activation + row_count, x.picture + row_count};
  }
}

// dst = two runs of floats, or one and zeros.
INLINE void pair_run(const float *src, const float *other, int64_t count, uint32_t *dst) {
#define PAIR(j, n)                                                                     \
  store_pairs_part(dst + (j),                                                          \
                   pair_up(load_part(src + (j), n),                                    \
                           other ? load_part(other + (j), n) : (vec){0}),              \
                   n)
  if (count < lanes) {
    PAIR(0, count);
    return;
  }
  for (int64_t j = 0; j + lanes <= count; j += lanes) PAIR(j, lanes);
  PAIR(count - lanes, lanes);
#undef PAIR
}

INLINE void place_paired_block(const bool both, const bf16 *x, const bf16 *z, const ck_norm *norm,
                               int64_t c, int64_t n, int64_t pixels, int64_t stride,
                               uint32_t *dst) {
  vec scale = load_part(norm->scale + c, n);
  vec shift = load_part(norm->shift + c, n) - load_part(norm->mean + c, n) * scale;
  for (int64_t p = 0; p < pixels; p++) {
    vec first = load_bf16_part(x + p * stride + c, n) * scale + shift, second = {0};
    if (both) second = load_bf16_part(z + p * stride + c, n) * scale + shift;
    store_pairs_part(dst + p * stride + c, pair_up(first, second), n);
  }
}

// A run of two images at once, each of its elements a pair; without `both`, of one and zeros.
INLINE void place_paired_run(const bool both, source src, source other, const ck_norm *norm,
                             int64_t pixels, int64_t channels, uint32_t *dst) {
  if (norm) {
#define BLOCK(n, c)                                                                            \
  place_paired_block(both, src.activation, other.activation, norm, c, n, pixels, channels, dst)
    FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
    return;
  }
  pair_run(src.picture, both ? other.picture : NULL, pixels * channels, dst);
}

// Places two images, or the last one of an odd number, as place_bf16 does, in pairs.
static void place_paired(const float *src, const ck_norm *norm, int64_t image, bool both,
                         int64_t size, int64_t channels, int64_t halo, uint32_t *scratch) {
  int64_t row_count = size * channels, width = (size + 2 * halo) * channels;
  source x = source_of(src, norm, image * size * row_count);
  source z = source_of(src, norm, (image + (both ? 1 : 0)) * size * row_count);
  uint32_t *dst = scratch + halo * width + halo * channels;
  for (int64_t row = 0; row < size; row++, dst += width) {
    if (both) {
      place_paired_run(true, x, z, norm, size, channels, dst);
    } else {
      place_paired_run(false, x, z, norm, size, channels, dst);
    }
    x = (source){x.activation + row_count, x.picture + row_count};
    z = (source){z.activation + row_count, z.picture + row_count};
  }
}

// The sums of one block of channels over an image's pixels of x - shift and its square.
INLINE void moments_of_bf16_block(const bf16 *x, int64_t pixels, int64_t stride, int64_t n,
                                  float *mean, float *squared_deviations) {
  // The deviations are from the first pixel, so that a mean far from zero costs no accuracy.
  vec shift = load_bf16_part(x, n);
  vec s0 = {0}, s1 = {0}, q0 = {0}, q1 = {0};
  int64_t p = 0;
  for (; p + 2 <= pixels; p += 2) {
    vec a = load_bf16_part(x + p * stride, n) - shift;
    vec b = load_bf16_part(x + (p + 1) * stride, n) - shift;
    s0 += a;
    s1 += b;
    q0 += a * a;
    q1 += b * b;
  }
  if (p < pixels) {
    vec a = load_bf16_part(x + p * stride, n) - shift;
    s0 += a;
    q0 += a * a;
  }
  vec sum = s0 + s1, m = sum * (1.0f / (float)pixels);
  store_part(mean, shift + m, n);
  store_part(squared_deviations, (q0 + q1) - m * sum, n);
}

// Takes the moments of one image into those of the images before it.
static void combine_moments(const float *image_mean, const float *image_deviations, int64_t image,
                            int64_t pixels, int64_t channels, const ck_moments *moments) {
  double share = 1.0 / (double)(image + 1);
  double weight = (double)pixels * (double)image * share;
  for (int64_t c = 0; c < channels; c++) {
    double before = image == 0 ? 0 : moments->mean[c];
    double delta = image_mean[c] - before;
    double sum = image == 0 ? 0 : moments->squared_deviations[c];
    moments->mean[c] = before + delta * share;
    moments->squared_deviations[c] = sum + (image_deviations[c] + delta * delta * weight);
  }
}

static void add_bf16_moments(const bf16 *x, int64_t image, int64_t pixels, int64_t channels,
                             const ck_moments *moments) {
  float mean[ck_channels_max], deviations[ck_channels_max];
#define BLOCK(n, c) \
  moments_of_bf16_block(x + (c), pixels, channels, n, mean + (c), deviations + (c))
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
  combine_moments(mean, deviations, image, pixels, channels, moments);
}

static void bf16_moments(const float *src, int64_t images, int64_t pixels, int64_t channels,
                         const ck_moments *moments) {
  for (int64_t image = 0; image < images; image++) {
    add_bf16_moments(stored(src) + image * pixels * channels, image, pixels, channels, moments);
  }
}

static void bf16_normalize(const float *src, int64_t pixels, int64_t channels,
                           const ck_norm *norm, float *dst) {
  place_run(source_of(src, norm, 0), norm, pixels, channels, (bf16 *)dst);
}

INLINE void gradient_sums_of_bf16_block(const bf16 *g, const bf16 *x, vec mean, int64_t pixels,
                                        int64_t stride, int64_t n, float *sum, float *dot) {
  vec s0 = {0}, s1 = {0}, d0 = {0}, d1 = {0};
  int64_t p = 0;
  for (; p + 2 <= pixels; p += 2) {
    vec g0 = load_bf16_part(g + p * stride, n), g1 = load_bf16_part(g + (p + 1) * stride, n);
    s0 += g0;
    s1 += g1;
    d0 += g0 * (load_bf16_part(x + p * stride, n) - mean);
    d1 += g1 * (load_bf16_part(x + (p + 1) * stride, n) - mean);
  }
  if (p < pixels) {
    vec g0 = load_bf16_part(g + p * stride, n);
    s0 += g0;
    d0 += g0 * (load_bf16_part(x + p * stride, n) - mean);
  }
  store_part(sum, s0 + s1, n);
  store_part(dot, d0 + d1, n);
}

// Takes one image into the sums of those before it in its part.
static void add_bf16_gradient_sums(const bf16 *diff, const ck_convolution *shape, int64_t image,
                                   int64_t pixels, int64_t channels,
                                   const ck_gradient_sums *sums) {
  int64_t part = image / shape->part;
  double *all = sums->sum + 2 * part * channels, *dots = sums->dot + 2 * part * channels;
  bool begins = image == part * shape->part;
  float image_sum[ck_channels_max], image_dot[ck_channels_max];
  const bf16 *src = stored(sums->src) + image * pixels * channels;
#define BLOCK(n, c)                                                                          \
  gradient_sums_of_bf16_block(diff + (c), src + (c), load_part(sums->mean + (c), n), pixels, \
                              channels, n, image_sum + (c), image_dot + (c))
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
  for (int64_t c = 0; c < channels; c++) {
    all[c] = (begins ? 0 : all[c]) + image_sum[c];
    dots[c] = (begins ? 0 : dots[c]) + image_dot[c];
  }
}

static void bf16_gradient_sums(const float *diff_dst, int64_t images, int64_t pixels,
                               int64_t channels, const ck_gradient_sums *sums) {
  ck_convolution whole = {.images = images, .part = images};
  for (int64_t image = 0; image < images; image++) {
    add_bf16_gradient_sums(stored(diff_dst) + image * pixels * channels, &whole, image, pixels,
                           channels, sums);
  }
}

// A block of channels of the coefficients of a gradient through a norm.
typedef struct gradient_block {
  vec a, b, c, slope;
} gradient_block;

INLINE gradient_block load_gradient_block(const ck_norm_gradient *norm, int64_t k, int64_t n) {
  vec b = load_part(norm->b + k, n);
  return (gradient_block){
      .a = load_part(norm->a + k, n),
      .b = b,
      .c = load_part(norm->c + k, n) - b * load_part(norm->mean + k, n),
      .slope = splat(norm->slope),
  };
}

INLINE vec through_norm(const gradient_block *norm, vec g, vec x) {
  vec d = norm->a * g + (norm->b * x + norm->c);
  return select_positive(x, d, d * norm->slope);
}

static void bf16_norm_leaky_backward(const float *diff_dst, const ck_norm_gradient *norm,
                                     int64_t images, int64_t pixels, int64_t channels,
                                     float *diff_src) {
  const bf16 *g = stored(diff_dst), *x = stored(norm->src);
  bf16 *d = (bf16 *)diff_src;
  int64_t count = images * pixels;
#define BLOCK(n, k)                                                                         \
  do {                                                                                      \
    gradient_block block = load_gradient_block(norm, k, n);                                 \
    for (int64_t p = 0; p < count; p++) {                                                   \
      int64_t at = p * channels + (k);                                                      \
      vec through = through_norm(&block, load_bf16_part(g + at, n), load_bf16_part(x + at, n)); \
      store_bf16_part(d + at, through, n);                                                  \
    }                                                                                       \
  } while (0)
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
}

// dst[image][pixel][channel] in bf16 = src[image][channel][pixel].
static void bf16_images_from_rows(const float *src, int64_t images, int64_t pixels,
                                  int64_t channels, float *dst) {
  bf16 *to = (bf16 *)dst;
  for (int64_t image = 0; image < images; image++) {
    for (int64_t c = 0; c < channels; c += lanes) {
      for (int64_t p = 0; p < pixels; p += lanes) {
        vec v[lanes];
        for (int64_t i = 0; i < lanes; i++) {
          v[i] = (vec){0};
          int64_t n = pixels - p < lanes ? pixels - p : lanes;
          if (c + i < channels) v[i] = load_part(src + (c + i) * pixels + p, n);
        }
        transpose_lanes(v);
        int64_t n = channels - c < lanes ? channels - c : lanes;
        for (int64_t i = 0; i < lanes && p + i < pixels; i++) {
          store_bf16_part(to + (p + i) * channels + c, v[i], n);
        }
      }
    }
    src += pixels * channels;
    to += pixels * channels;
  }
}

// dst[image][channel][pixel] = src[image][pixel][channel], which is bf16.
static void bf16_rows_from_images(const float *src, int64_t images, int64_t pixels,
                                  int64_t channels, float *dst) {
  const bf16 *from = stored(src);
  for (int64_t image = 0; image < images; image++) {
    for (int64_t c = 0; c < channels; c += lanes) {
      for (int64_t p = 0; p < pixels; p += lanes) {
        vec v[lanes];
        for (int64_t i = 0; i < lanes; i++) {
          v[i] = (vec){0};
          int64_t n = channels - c < lanes ? channels - c : lanes;
          if (p + i < pixels) v[i] = load_bf16_part(from + (p + i) * channels + c, n);
        }
        transpose_lanes(v);
        int64_t n = pixels - p < lanes ? pixels - p : lanes;
        for (int64_t i = 0; i < lanes && c + i < channels; i++) {
          store_part(dst + (c + i) * pixels + p, v[i], n);
        }
      }
    }
    from += pixels * channels;
    dst += pixels * channels;
  }
}
