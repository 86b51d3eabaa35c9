// The 2×2 box sums that turn a stride-2 transposed convolution into an upsampled convolution, fused
// with bias and leaky ReLU.
#pragma once

#include "CKernels.h"
#include "norm_passes.h"
#include "vectors.h"

INLINE void box_leaky_block(const float *above, const float *below, vec bias, float slope,
                          int64_t size, int64_t channels, int64_t n, float *dst) {
  vec left = load_part(above, n) + load_part(below, n);
  for (int64_t column = 0; column < size; column++) {
    above += channels;
    below += channels;
    vec right = load_part(above, n) + load_part(below, n);
    vec y = bias + (left + right);
    store_part(dst, select_positive(y, y, y * slope), n);
    dst += channels;
    left = right;
  }
}

// One row of dst = leaky(bias + 2×2 sums of two rows that have one pixel more).
static void box_leaky_row(const float *above, const float *below, const float *bias, float slope,
                    int64_t size, int64_t channels, float *dst) {
  if (pixels_share_vectors(channels)) {
    vec b = repeat(bias, channels);
    for (int64_t j = 0, left = size * channels; left > 0; j += lanes, left -= lanes) {
      int64_t n = left < lanes ? left : lanes;
      const float *x = above + j, *z = below + j;
      vec y = b + ((load_part(x, n) + load_part(z, n)) +
                   (load_part(x + channels, n) + load_part(z + channels, n)));
      store_part(dst + j, select_positive(y, y, y * slope), n);
    }
    return;
  }
#define BLOCK(n, c)                                                                      \
  box_leaky_block(above + (c), below + (c), load_part(bias + (c), n), slope, size, channels, n, \
                dst + (c))
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
}

// Floats that box_backward_row reads before and behind a row in scratch memory.
INLINE int64_t line_margin(int64_t channels) { return channels + lanes; }

// One row of scale * 2×2 sums of the rows above and below, which have margins of zeros; a null row
// means zeros. The result has one pixel more than the rows, and up to a vector is written behind
// it.
static void box_backward_row(const float *above, const float *below, float scale, int64_t size,
                             int64_t channels, float *dst) {
  int64_t count = (size + 1) * channels;
  if (!above || !below) {
    const float *row = above ? above : below;
    for (int64_t j = 0; j < count; j += lanes) {
      store(dst + j, (load(row + j - channels) + load(row + j)) * splat(scale));
    }
    return;
  }
  for (int64_t j = 0; j < count; j += lanes) {
    vec left = load(above + j - channels) + load(below + j - channels);
    store(dst + j, (left + (load(above + j) + load(below + j))) * splat(scale));
  }
}
