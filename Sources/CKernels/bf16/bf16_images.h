// Copies bf16 images to scratch memory, and batch norm's passes over them. Statistics are fp32
// within an image and double across images.
#pragma once

#include "bf16_vectors.h"
#include "../norm_passes.h"
#include "../transpose_passes.h"

// The bf16 numbers of an activation, which the tables pass as a pointer to float.
INLINE const bf16 *stored(const float *p) { return (const bf16 *)p; }

// Contiguous pixels: of a bf16 activation, to be normalised, or of an fp32 picture.
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

// dst = `count` floats, rounded to bf16.
INLINE void narrow_run(const float *src, int64_t count, bf16 *dst) {
  if (count < lanes) {
    store_bf16_part(dst, load_part(src, count), count);
    return;
  }
  for (int64_t j = 0; j + lanes <= count; j += lanes) store_bf16(dst + j, load(src + j));
  // The last vector may overlap the one before it.
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

// Copies an image to scratch memory and normalises it if `norm` is given. The `halo` rows and
// columns around it must be zero already.
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

// dst[i] = the pair of src[i] and other[i], or of src[i] and zero if `other` is null.
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

// Copies contiguous pixels of two images in pairs, or of one image and zeros unless `both`.
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

// Copies two images in pairs, or one image and zeros, as place_bf16 copies one.
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

// The moments of one image, for one block of channels.
INLINE void moments_of_bf16_block(const bf16 *x, int64_t pixels, int64_t stride, int64_t n,
                                  float *mean, float *squared_deviations) {
  // Deviations are taken from the first pixel, so that a mean far from zero costs no accuracy.
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

// Adds the sums of one image to those of its part.
static void add_bf16_gradient_sums(const bf16 *diff, const ck_convolution *shape, int64_t image,
                                   int64_t pixels, int64_t channels,
                                   const ck_gradient_sums *sums) {
  int64_t part = image / shape->part;
  double *all = sums->sum + 2 * part * channels, *dots = sums->dot + 2 * part * channels;
  bool is_first = image == part * shape->part;
  float image_sum[ck_channels_max], image_dot[ck_channels_max];
  const bf16 *src = stored(sums->src) + image * pixels * channels;
#define BLOCK(n, c)                                                                          \
  gradient_sums_of_bf16_block(diff + (c), src + (c), load_part(sums->mean + (c), n), pixels, \
                              channels, n, image_sum + (c), image_dot + (c))
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
  for (int64_t c = 0; c < channels; c++) {
    all[c] = (is_first ? 0 : all[c]) + image_sum[c];
    dots[c] = (is_first ? 0 : dots[c]) + image_dot[c];
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

// The coefficients of ck_norm_gradient for one block of channels.
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

// dst[image][column][row] = src[image][row][column]; from fp32 to bf16 if `narrows`, else from bf16
// to fp32.
INLINE void transpose_images(const bool narrows, const void *src, int64_t images, int64_t rows,
                             int64_t columns, void *dst) {
  for (int64_t image = 0; image < images; image++) {
    int64_t at = image * rows * columns;
    for (int64_t r = 0; r < rows; r += lanes) {
      for (int64_t c = 0; c < columns; c += lanes) {
        int64_t row_count = rows - r < lanes ? rows - r : lanes;
        int64_t column_count = columns - c < lanes ? columns - c : lanes;
        vec v[lanes];
        for (int64_t i = 0; i < lanes; i++) {
          int64_t from = at + (r + i) * columns + c;
          v[i] = (vec){0};
          if (i >= row_count) continue;
          v[i] = narrows ? load_part((const float *)src + from, column_count)
                         : load_bf16_part((const bf16 *)src + from, column_count);
        }
        transpose_lanes(v);
        for (int64_t i = 0; i < column_count; i++) {
          int64_t to = at + (c + i) * rows + r;
          if (narrows) {
            store_bf16_part((bf16 *)dst + to, v[i], row_count);
          } else {
            store_part((float *)dst + to, v[i], row_count);
          }
        }
      }
    }
  }
}

static void bf16_images_from_rows(const float *src, int64_t images, int64_t pixels,
                                  int64_t channels, float *dst) {
  transpose_images(true, src, images, channels, pixels, dst);
}

static void bf16_rows_from_images(const float *src, int64_t images, int64_t pixels,
                                  int64_t channels, float *dst) {
  transpose_images(false, src, images, pixels, channels, dst);
}
