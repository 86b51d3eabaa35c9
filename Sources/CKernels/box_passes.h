// The 2×2 box sums that turn a stride-2 transposed convolution into "upsample, then convolve",
// alone and fused with what follows them. A row of an image is taken as one run of floats: the
// right neighbour of element j is element j + channels.
#pragma once

#include "CKernels.h"
#include "vectors.h"

static void box_leaky(const float *src, const float *bias, float slope, int64_t images,
                      int64_t size, int64_t channels, float *dst) {
  int64_t src_row = (size + 1) * channels, dst_row = size * channels;
  for (int64_t row = 0; row < images * size; row++) {
    const float *above = src + (row / size * (size + 1) + row % size) * src_row;
    const float *below = above + src_row;
    float *out = dst + row * dst_row;
    for (int64_t column = 0; column < size; column++) {
      const float *a = above + column * channels, *b = below + column * channels;
      float *y = out + column * channels;
#define BLOCK(n, c)                                                                           \
  vec s = load_part(bias + (c), n) +                                                          \
          ((load_part(a + (c), n) + load_part(a + (c) + channels, n)) +                       \
           (load_part(b + (c), n) + load_part(b + (c) + channels, n)));                       \
  store_part(y + (c), select_positive(s, s, s * slope), n)
      int64_t c = 0;
      for (; c + lanes <= channels; c += lanes) {
        BLOCK(lanes, c);
      }
      if (c < channels) {
        BLOCK(channels - c, c);
      }
#undef BLOCK
    }
  }
}

// One row of box_backward: the sums of the rows above and below (either may be null: zeros).
INLINE void box_backward_row(const float *above, const float *below,
                             vec scale, int64_t size, int64_t channels, float *dst) {
  int64_t row = size * channels;
#define ROWS(j, n) \
  ((above ? load_part(above + (j), n) : (vec){0}) + (below ? load_part(below + (j), n) : (vec){0}))
  int64_t j = 0;
  for (; j < channels; j += lanes) {
    int64_t n = channels - j < lanes ? channels - j : lanes;
    store_part(dst + j, ROWS(j, n) * scale, n);
    store_part(dst + row + j, ROWS(row - channels + j, n) * scale, n);
  }
  for (j = channels; j + lanes <= row; j += lanes) {
    store(dst + j, (ROWS(j - channels, lanes) + ROWS(j, lanes)) * scale);
  }
  if (j < row) {
    int64_t n = row - j;
    store_part(dst + j, (ROWS(j - channels, n) + ROWS(j, n)) * scale, n);
  }
#undef ROWS
}

static void box_backward(const float *src, float scale, int64_t images, int64_t size,
                         int64_t channels, float *dst) {
  int64_t src_row = size * channels, dst_row = (size + 1) * channels;
  for (int64_t image = 0; image < images; image++) {
    const float *x = src + image * size * src_row;
    float *y = dst + image * (size + 1) * dst_row;
    box_backward_row(NULL, x, splat(scale), size, channels, y);
    for (int64_t row = 1; row < size; row++) {
      box_backward_row(x + (row - 1) * src_row, x + row * src_row, splat(scale), size, channels,
                       y + row * dst_row);
    }
    box_backward_row(x + (size - 1) * src_row, NULL, splat(scale), size, channels,
                     y + size * dst_row);
  }
}

static void box_sigmoid_error(const float *src, const float *bias, const float *target,
                              int64_t images, int64_t size, int64_t channels,
                              float *reconstruction, float *diff_src,
                              double *squared_errors) {
  int64_t src_row = (size + 1) * channels, dst_row = size * channels;
  // The bias of the lanes of a vector that starts at each channel.
  float pattern[ck_channels_max + VECTOR_FLOATS];
  for (int64_t j = 0; j < channels + lanes; j++) pattern[j] = bias[j % channels];
  for (int64_t image = 0; image < images; image++) {
    double error = 0;
    for (int64_t row = 0; row < size; row++) {
      const float *a = src + (image * (size + 1) + row) * src_row, *b = a + src_row;
      int64_t start = (image * size + row) * dst_row;
      vec sum = {0};
      int64_t channel = 0;
#define BLOCK(n, j)                                                                            \
  vec s = load(pattern + channel) + ((load_part(a + (j), n) + load_part(a + (j) + channels, n)) + \
                                     (load_part(b + (j), n) + load_part(b + (j) + channels, n))); \
  vec e = exponential(-s);                                                                     \
  vec x = 1.0f / (1.0f + e);                                                                   \
  vec d = x - load_part(target + start + (j), n);                                              \
  if (reconstruction) store_part(reconstruction + start + (j), x, n);                          \
  /* e * x is 1 - x without the cancellation. */                                               \
  if (diff_src) store_part(diff_src + start + (j), 2.0f * d * x * (e * x), n)
      int64_t j = 0;
      for (; j + lanes <= dst_row; j += lanes) {
        BLOCK(lanes, j);
        sum += d * d;
        channel = (channel + lanes) % channels;
      }
      error += sum_of_lanes(sum);
      if (j < dst_row) {
        BLOCK(dst_row - j, j);
        for (int64_t k = 0; k < dst_row - j; k++) error += (double)d[k] * d[k];
      }
#undef BLOCK
    }
    squared_errors[image] = error;
  }
}
