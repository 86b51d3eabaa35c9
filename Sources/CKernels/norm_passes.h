// Batch norm's passes. Each takes an image's channels in blocks of one vector, while the image is
// in cache; `n` is the number of channels in a block, a compile-time constant for all but the last.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// Runs `body(n, offset)` for every block of channels.
#define FOR_CHANNEL_BLOCKS(channels, body)                               \
  do {                                                                   \
    int64_t offset_ = 0;                                                 \
    for (; offset_ + lanes <= (channels); offset_ += lanes) body(lanes, offset_); \
    if (offset_ < (channels)) body((channels) - offset_, offset_);       \
  } while (0)

// The sum of f(pixel) over all pixels, in four interleaved chains.
#define SUM_OVER_PIXELS(result, pixels, f)            \
  do {                                                \
    vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};       \
    int64_t p_ = 0;                                   \
    for (; p_ + 4 <= (pixels); p_ += 4) {             \
      s0 += f(p_);                                    \
      s1 += f(p_ + 1);                                \
      s2 += f(p_ + 2);                                \
      s3 += f(p_ + 3);                                \
    }                                                 \
    for (; p_ < (pixels); p_++) s0 += f(p_);          \
    (result) = (s0 + s1) + (s2 + s3);                 \
  } while (0)

INLINE void moments_of_block(const float *src, int64_t pixels, int64_t stride, int64_t n,
                             float *mean, float *squared_deviations) {
  vec sum, squares;
#define VALUE(p) load_part(src + (p) * stride, n)
  SUM_OVER_PIXELS(sum, pixels, VALUE);
  vec m = sum * (1.0f / (float)pixels);
#define SQUARED_DEVIATION(p) ((VALUE(p) - m) * (VALUE(p) - m))
  SUM_OVER_PIXELS(squares, pixels, SQUARED_DEVIATION);
#undef SQUARED_DEVIATION
#undef VALUE
  store_part(mean, m, n);
  store_part(squared_deviations, squares, n);
}

// The same for channels that share vectors.
static void shared_moments(const float *src, int64_t pixels, int64_t channels, float *mean,
                           float *squared_deviations) {
  int64_t count = pixels * channels, vectors = count / lanes, rest = count % lanes;
  vec sum, squares;
#define VALUE(p) load(src + (p) * lanes)
  SUM_OVER_PIXELS(sum, vectors, VALUE);
  vec last = load_part(src + vectors * lanes, rest);
  vec m = sum_of_pixels(sum + last, channels) * (1.0f / (float)pixels);
#define SQUARED_DEVIATION(p) ((VALUE(p) - m) * (VALUE(p) - m))
  SUM_OVER_PIXELS(squares, vectors, SQUARED_DEVIATION);
#undef SQUARED_DEVIATION
#undef VALUE
  vec deviation = first_lanes(last - m, rest);
  store_part(mean, m, channels);
  store_part(squared_deviations, sum_of_pixels(squares + deviation * deviation, channels),
             channels);
}

// The destination of a part's moments.
INLINE ck_moments moments_of_part(const ck_moments *moments, int64_t part, int64_t channels) {
  int64_t offset = 2 * part * channels;
  return (ck_moments){moments->mean + offset, moments->squared_deviations + offset};
}

// Combines the moments of one image with those of the images before it.
static void combine_moments(const float *image_mean, const float *image_deviations, int64_t image,
                            int64_t pixels, int64_t channels, const ck_moments *moments) {
  double *mean = moments->mean, *squared_deviations = moments->squared_deviations;
  double share = 1.0 / (double)(image + 1);
  double weight = (double)pixels * (double)image * share;
  for (int64_t c = 0; c < channels; c++) {
    double before = image == 0 ? 0 : mean[c];
    double delta = image_mean[c] - before;
    double sum = image == 0 ? 0 : squared_deviations[c];
    mean[c] = before + delta * share;
    squared_deviations[c] = sum + (image_deviations[c] + delta * delta * weight);
  }
}

// Takes the moments of one image and combines them with those of the images before it.
static void add_moments(const float *x, int64_t image, int64_t pixels, int64_t channels,
                        const ck_moments *moments) {
  float image_mean[ck_channels_max], image_deviations[ck_channels_max];
#define BLOCK(n, c) \
  moments_of_block(x + (c), pixels, channels, n, image_mean + (c), image_deviations + (c))
  if (pixels_share_vectors(channels)) {
    shared_moments(x, pixels, channels, image_mean, image_deviations);
  } else {
    FOR_CHANNEL_BLOCKS(channels, BLOCK);
  }
#undef BLOCK
  combine_moments(image_mean, image_deviations, image, pixels, channels, moments);
}

static void moments(const float *src, int64_t images, int64_t pixels, int64_t channels,
                    const ck_moments *moments) {
  for (int64_t image = 0; image < images; image++) {
    add_moments(src + image * pixels * channels, image, pixels, channels, moments);
  }
}

INLINE void normalize_block(const float *src, int64_t pixels, int64_t stride, int64_t n, vec mean,
                            vec scale, vec shift, float *dst) {
  for (int64_t p = 0; p < pixels; p++) {
    store_part(dst + p * stride, (load_part(src + p * stride, n) - mean) * scale + shift, n);
  }
}

// Pixels per block, so that all their channels stay in the L1 cache.
enum { pixels_per_block = 64 };

static void normalize(const float *src, int64_t pixels, int64_t channels, const ck_norm *norm,
                      float *dst) {
  if (pixels_share_vectors(channels)) {
    int64_t count = pixels * channels, whole = count / lanes, rest = count % lanes;
    vec mean = repeat(norm->mean, channels), scale = repeat(norm->scale, channels);
    vec shift = repeat(norm->shift, channels);
    normalize_block(src, whole, lanes, lanes, mean, scale, shift, dst);
    if (rest > 0) {
      int64_t at = whole * lanes;
      normalize_block(src + at, 1, 0, rest, mean, scale, shift, dst + at);
    }
    return;
  }
  for (int64_t first = 0; first < pixels; first += pixels_per_block) {
    int64_t count = pixels - first < pixels_per_block ? pixels - first : pixels_per_block;
    const float *x = src + first * channels;
    float *y = dst + first * channels;
#define BLOCK(n, c)                                                                       \
  normalize_block(x + (c), count, channels, n, load_part(norm->mean + (c), n),            \
                  load_part(norm->scale + (c), n), load_part(norm->shift + (c), n), y + (c))
    FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
  }
}

INLINE void gradient_sums_of_block(const float *diff_dst, const float *src, vec mean,
                                   int64_t pixels, int64_t stride, int64_t n, float *sum,
                                   float *dot) {
  vec s0 = {0}, s1 = {0}, d0 = {0}, d1 = {0};
  int64_t p = 0;
  for (; p + 2 <= pixels; p += 2) {
    vec g0 = load_part(diff_dst + p * stride, n);
    vec g1 = load_part(diff_dst + (p + 1) * stride, n);
    s0 += g0;
    s1 += g1;
    d0 += g0 * (load_part(src + p * stride, n) - mean);
    d1 += g1 * (load_part(src + (p + 1) * stride, n) - mean);
  }
  if (p < pixels) {
    vec g0 = load_part(diff_dst + p * stride, n);
    s0 += g0;
    d0 += g0 * (load_part(src + p * stride, n) - mean);
  }
  store_part(sum, s0 + s1, n);
  store_part(dot, d0 + d1, n);
}

static void gradient_sums(const float *diff_dst, int64_t images, int64_t pixels,
                          int64_t channels, const ck_gradient_sums *sums) {
  for (int64_t c = 0; c < channels; c++) sums->sum[c] = sums->dot[c] = 0;
  int64_t all = images * pixels;
  for (int64_t first = 0; first < all; first += pixels_per_block) {
    int64_t count = all - first < pixels_per_block ? all - first : pixels_per_block;
    float sum[ck_channels_max], dot[ck_channels_max];
#define BLOCK(n, c)                                                                            \
  gradient_sums_of_block(diff_dst + first * channels + (c), sums->src + first * channels + (c), \
                         load_part(sums->mean + (c), n), count, channels, n, sum + (c), dot + (c))
    FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
    for (int64_t c = 0; c < channels; c++) {
      sums->sum[c] += sum[c];
      sums->dot[c] += dot[c];
    }
  }
}

INLINE vec norm_backward_block(const float *diff_dst, const float *src, vec mean, vec a, vec b,
                               vec c, vec slope, int64_t pixels, int64_t stride, int64_t n,
                               float *diff_src) {
  vec s0 = {0}, s1 = {0}, one = splat(1.0f);
#define GRADIENT(p)                                                                         \
  vec x = load_part(src + (p) * stride, n);                                                 \
  vec d = (a * load_part(diff_dst + (p) * stride, n) + (b * (x - mean) + c)) *              \
          select_positive(x, one, slope);                                                   \
  store_part(diff_src + (p) * stride, d, n)
  int64_t p = 0;
  for (; p + 2 <= pixels; p += 2) {
    {
      GRADIENT(p);
      s0 += d;
    }
    {
      GRADIENT(p + 1);
      s1 += d;
    }
  }
  if (p < pixels) {
    GRADIENT(p);
    s0 += d;
  }
#undef GRADIENT
  return s0 + s1;
}

// Passes the gradient of contiguous pixels back through a batch norm and the leaky ReLU before it,
// and adds its per-channel sums to diff_sum, which is padded by a whole vector behind the last
// channel.
static void norm_backward(const float *diff_dst, const float *src, const ck_norm_gradient *norm,
                          int64_t pixels, int64_t channels, float *diff_src, double *diff_sum) {
  if (pixels_share_vectors(channels)) {
    int64_t count = pixels * channels, whole = count / lanes * lanes, rest = count % lanes;
    vec mean = repeat(norm->mean, channels), a = repeat(norm->a, channels);
    vec b = repeat(norm->b, channels), c = repeat(norm->c, channels), slope = splat(norm->slope);
    vec sum = norm_backward_block(diff_dst, src, mean, a, b, c, slope, whole / lanes, lanes, lanes,
                                  diff_src);
    if (rest > 0) {
      vec last = norm_backward_block(diff_dst + whole, src + whole, mean, a, b, c, slope, 1, 0,
                                     rest, diff_src + whole);
      sum += first_lanes(last, rest);
    }
    add_to(diff_sum, sum_of_pixels(sum, channels));
    return;
  }
#define BLOCK(n, k)                                                                       \
  add_to(diff_sum + (k),                                                                  \
         norm_backward_block(diff_dst + (k), src + (k), load_part(norm->mean + (k), n),   \
                             load_part(norm->a + (k), n), load_part(norm->b + (k), n),    \
                             load_part(norm->c + (k), n), splat(norm->slope), pixels,     \
                             channels, n, diff_src + (k)))
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
}

static void norm_leaky_backward(const float *diff_dst, const ck_norm_gradient *norm,
                                int64_t images, int64_t pixels, int64_t channels,
                                float *diff_src) {
  double ignored[ck_channels_max + lanes] = {0};
  int64_t count = images * pixels;
  norm_backward(diff_dst, norm->src, norm, count, channels, diff_src, ignored);
}
