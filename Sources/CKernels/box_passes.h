// The 2×2 box sums that turn a stride-2 transposed convolution into "upsample, then convolve",
// alone and fused with what follows them. A row of an image is taken as one run of floats: the
// right neighbour of element j is element j + channels.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// One image: dst = leaky(bias + 2×2 sums of src); src has size + 1 rows and columns, dst has size.
static void box_leaky(const float *src, const float *bias, float slope, int64_t size,
                      int64_t channels, float *dst) {
  int64_t src_row = (size + 1) * channels, dst_row = size * channels;
  for (int64_t row = 0; row < size; row++) {
    const float *above = src + row * src_row;
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

// One image: dst = scale * 2×2 sums of src extended by zeros; src has size rows and columns, dst
// has size + 1.
static void box_backward(const float *src, float scale, int64_t size, int64_t channels,
                         float *dst) {
  int64_t src_row = size * channels, dst_row = (size + 1) * channels;
  box_backward_row(NULL, src, splat(scale), size, channels, dst);
  for (int64_t row = 1; row < size; row++) {
    box_backward_row(src + (row - 1) * src_row, src + row * src_row, splat(scale), size, channels,
                     dst + row * dst_row);
  }
  box_backward_row(src + (size - 1) * src_row, NULL, splat(scale), size, channels,
                   dst + size * dst_row);
}
