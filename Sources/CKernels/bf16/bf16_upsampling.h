// The upsampled convolutions of upsampled_passes.h for bf16 activations and gradients. Box sums are
// fp32.
#pragma once

#include "bf16_convolutions.h"

// One row of box_leaky_bf16 for one block of channels; `sum` and `squares` are of the differences
// from `shift`.
INLINE void box_leaky_bf16_block(const float *above, const float *below, vec bias, vec slope,
                                 vec shift, int64_t size, int64_t stride, int64_t n, bf16 *dst,
                                 vec *sum, vec *squares) {
  vec s = *sum, q = *squares;
  vec left = load_part(above, n) + load_part(below, n);
  for (int64_t p = 0; p < size; p++) {
    above += stride;
    below += stride;
    vec right = load_part(above, n) + load_part(below, n);
    vec y = bias + (left + right);
    left = right;
    y = select_positive(y, y, y * slope);
    bf16_vec narrowed = narrow(y);
    if (n == lanes) {
      *(bf16_vec_unaligned *)(dst + p * stride) = narrowed;
    } else {
      memcpy(dst + p * stride, &narrowed, (size_t)n * sizeof(bf16));
    }
    vec d = widen(narrowed) - shift;
    s += d;
    q += d * d;
  }
  *sum = s;
  *squares = q;
}

// dst = leaky(bias + 2×2 sums of src) for one image of size + 1 rows and columns; also takes the
// moments of dst.
static void box_leaky_bf16(const float *src, const float *bias, float slope, int64_t size,
                           int64_t channels, bf16 *dst, float *mean, float *deviations) {
  int64_t src_row = (size + 1) * channels, dst_row = size * channels;
#define BLOCK(n, c)                                                                             \
  do {                                                                                          \
    const float *x = src + (c);                                                                 \
    vec b = load_part(bias + (c), n), sum = {0}, squares = {0};                                 \
    vec first = b + (load_part(x, n) + load_part(x + channels, n)) +                            \
                (load_part(x + src_row, n) + load_part(x + src_row + channels, n));             \
    vec shift = select_positive(first, first, first * slope);                                   \
    for (int64_t row = 0; row < size; row++) {                                                  \
      box_leaky_bf16_block(x + row * src_row, x + (row + 1) * src_row, b, splat(slope), shift,  \
                           size, channels, n, dst + row * dst_row + (c), &sum, &squares);       \
    }                                                                                           \
    vec m = sum * (1.0f / (float)(size * size));                                                \
    store_part(mean + (c), shift + m, n);                                                       \
    store_part(deviations + (c), squares - m * sum, n);                                         \
  } while (0)
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
}

static void bf16_upsampled_forward(const ck_convolution *layer, const float *src,
                                   const ck_norm *norm, const float *weights, const float *bias,
                                   float slope, float *dst, const ck_moments *moments,
                                   float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  int32_t src_offsets[4][pixels_max], dst_offsets[4][pixels_max];
  gemm_shape gemms[4];
  int64_t iterations = 0;
  for (int parity = 0; parity < 4; parity++) {
    gemms[parity] = transposed_gemm(&adjoint, parity >> 1, parity & 1, src_offsets[parity],
                                    dst_offsets[parity]);
    iterations += pair_gemm_iterations(&gemms[parity]);
  }
  int64_t channels = layer->out_channels, size = layer->out_size;
  int64_t src_count = square(layer->in_size) * layer->in_channels;
  int64_t dst_count = square(size) * channels;
  int64_t bordered_count = square(layer->in_size + 2) * layer->in_channels;
  bf16 *bordered = take_bf16(&scratch, bordered_count);
  float *transposed = take(&scratch, square(adjoint.in_size) * channels);
  float mean[ck_channels_max], deviations[ck_channels_max];
  int64_t end = ck_part_start(layer, layer->end_part);
  for (int64_t image = ck_part_start(layer, layer->first_part); image < end; image++) {
    bf16 *y = (bf16 *)dst + image * dst_count;
    place_bf16(src, norm, image, layer->in_size, layer->in_channels, 1, bordered);
    prefetcher prefetch = prefetch_forward(iterations, bf16_images(src, src_count),
                                           bf16_images(dst, dst_count), image + 1, 1, end);
    const uint32_t *w = paired_weights(weights);
    for (int parity = 0; parity < 4; parity++) {
      pair_gemm_to_floats(&gemms[parity], bordered, w, NULL, 1, transposed, &prefetch);
      w += panels_of(channels) * paired_depth(&gemms[parity]) * panel_width;
    }
    box_leaky_bf16(transposed, bias, slope, size, channels, y, mean, deviations);
    if (moments) {
      int64_t part = image / layer->part;
      ck_moments at = moments_of_part(moments, part, channels);
      combine_moments(mean, deviations, image - part * layer->part, square(size), channels, &at);
    }
  }
}

// One row of an image's gradient in fp32, passed back through the norm if there is one.
static void gradient_row(const float *diff, const ck_norm_gradient *through, int64_t offset,
                         int64_t size, int64_t channels, float *dst, float *sums) {
  if (!through) {
    memcpy(dst, diff + offset, (size_t)(size * channels) * sizeof(float));
    return;
  }
  const bf16 *g = stored(diff) + offset, *x = stored(through->src) + offset;
#define BLOCK(n, k)                                                                             \
  do {                                                                                          \
    gradient_block block = load_gradient_block(through, k, n);                                  \
    vec sum = load_part(sums + (k), n);                                                         \
    for (int64_t p = 0; p < size; p++) {                                                        \
      int64_t at = p * channels + (k);                                                          \
      vec d = through_norm(&block, load_bf16_part(g + at, n), load_bf16_part(x + at, n));       \
      sum += d;                                                                                 \
      store_part(dst + at, d, n);                                                               \
    }                                                                                           \
    store_part(sums + (k), sum, n);                                                             \
  } while (0)
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
}

// Two neighbouring rows of a gradient, each with a pixel of zeros on either side.
typedef struct row_pair {
  const float *above, *below;
} row_pair;

INLINE vec column_of(row_pair rows, int64_t j, int64_t n) {
  return load_part(rows.above + j, n) + load_part(rows.below + j, n);
}

// One row of scaled box sums for one block of channels, of two images or of one and zeros: stored
// in pairs and one by one.
INLINE void box_row_block(const bool both, row_pair first, row_pair second, vec scale,
                          int64_t pixels, int64_t stride, int64_t c, int64_t n,
                          uint32_t *paired, bf16 *one, bf16 *other) {
  vec left = column_of(first, c, n), left2 = {0};
  if (both) left2 = column_of(second, c, n);
  for (int64_t j = c; j < pixels * stride; j += stride) {
    vec right = column_of(first, j + stride, n), a = (left + right) * scale, b = {0};
    left = right;
    store_bf16_part(one + j, a, n);
    if (both) {
      vec right2 = column_of(second, j + stride, n);
      b = (left2 + right2) * scale;
      left2 = right2;
      store_bf16_part(other + j, b, n);
    }
    store_pairs_part(paired + j, pair_up(a, b), n);
  }
}

// The same for images of few channels, over the contiguous row: the right neighbour of element j is
// element j + channels. Reads and writes whole vectors, up to one beyond the row.
INLINE void box_row_run(const bool both, row_pair first, row_pair second, vec scale, int64_t count,
                        int64_t channels, uint32_t *paired, bf16 *one, bf16 *other) {
  for (int64_t j = 0; j < count; j += lanes) {
    vec a = (column_of(first, j, lanes) + column_of(first, j + channels, lanes)) * scale, b = {0};
    store_bf16(one + j, a);
    if (both) {
      b = (column_of(second, j, lanes) + column_of(second, j + channels, lanes)) * scale;
      store_bf16(other + j, b);
    }
    store_pairs(paired + j, pair_up(a, b));
  }
}

INLINE void box_row(const bool both, row_pair first, row_pair second, vec scale, int64_t pixels,
                    int64_t channels, uint32_t *paired, bf16 *one, bf16 *other) {
  if (channels < lanes) {
    box_row_run(both, first, second, scale, pixels * channels, channels, paired, one, other);
    return;
  }
#define BLOCK(n, c) \
  box_row_block(both, first, second, scale, pixels, channels, c, n, paired, one, other)
  FOR_CHANNEL_BLOCKS(channels, BLOCK);
#undef BLOCK
}

// The box sums of one or two images' gradients, which are extended by zeros. `rows` is scratch
// memory for two rows of each image, with a pixel of zeros on either side.
INLINE void box_gradients(const bool both, const ck_convolution *shape, const float *diff,
                          const ck_norm_gradient *through, float scale, int64_t image,
                          int64_t size, int64_t channels,
                          float *const rows[2][2], uint32_t *paired, bf16 *const singles[2],
                          double *diff_bias) {
  float sums[ck_channels_max] = {0};
  int64_t width = (size + 2) * channels, dst_row = (size + 1) * channels;
  int64_t images = both ? 2 : 1;
  // Row -1, above the image.
  for (int64_t i = 0; i < images; i++) clear(rows[i][1], width);
  for (int64_t row = 0; row <= size; row++) {
    for (int64_t i = 0; i < images; i++) {
      if (row < size) {
        int64_t offset = ((image + i) * size + row) * size * channels;
        gradient_row(diff, through, offset, size, channels, rows[i][row & 1] + channels, sums);
      } else {
        clear(rows[i][row & 1], width);
      }
    }
    row_pair pairs[2];
    for (int64_t i = 0; i < 2; i++) {
      pairs[i] = (row_pair){rows[i][(row + 1) & 1], rows[i][row & 1]};
    }
    box_row(both, pairs[0], pairs[1], splat(scale), size + 1, channels, paired + row * dst_row,
            singles[0] + row * dst_row, singles[1] + row * dst_row);
  }
  if (through) combine_bias_sums(sums, shape, image, channels, diff_bias);
}

static void bf16_upsampled_backward(const ck_convolution *layer, const float *src,
                                    const ck_norm *norm, const float *diff_dst,
                                    const ck_norm_gradient *through, float scale,
                                    const float *weights, float *diff_weights, double *diff_bias,
                                    float *diff_src, const ck_gradient_sums *sums,
                                    float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  gemm_shape gemm = forward_gemm(&adjoint, 0, src_offsets, dst_offsets);
  int64_t iterations = outer_pair_gemm_iterations(&gemm) + 2 * pair_gemm_iterations(&gemm);
  int64_t channels = layer->out_channels, size = layer->out_size;
  int64_t src_count = square(layer->in_size) * layer->in_channels;
  // Rows are written top down in whole vectors, so the last one needs a vector more.
  int64_t transposed_count = square(adjoint.in_size) * channels + lanes;
  int64_t row_count = (size + 2) * channels + lanes;
  uint32_t *placed = take_pairs(&scratch, src_count);
  uint32_t *paired = take_pairs(&scratch, transposed_count);
  bf16 *singles[2] = {take_bf16(&scratch, transposed_count),
                      take_bf16(&scratch, transposed_count)};
  float *rows[2][2];
  for (int i = 0; i < 4; i++) {
    rows[i / 2][i % 2] = take(&scratch, row_count);
    clear(rows[i / 2][i % 2], row_count);
  }
  int64_t weight_count = panels_of(layer->in_channels) * gemm.rows * gemm.run * panel_width;
  int64_t dst_count = square(size) * channels;
  image_array diff_images =
      through ? bf16_images(diff_dst, dst_count) : fp32_images(diff_dst, dst_count);
  image_array norm_images = bf16_images(through ? through->src : NULL, dst_count);
  int64_t end = ck_part_start(layer, layer->end_part);
  image_pair pair = image_pair_at(layer, ck_part_start(layer, layer->first_part));
  for (; pair.first < end; pair = image_pair_at(layer, pair.next)) {
    int64_t image = pair.first;
    outer_result result = gradient_result(diff_weights, weight_count, layer, pair.part,
                                          pair.is_first_of_part, pair.is_last_of_part);
    if (pair.both) {
      box_gradients(true, layer, diff_dst, through, scale, image, size, channels, rows, paired,
                    singles, diff_bias);
    } else {
      box_gradients(false, layer, diff_dst, through, scale, image, size, channels, rows, paired,
                    singles, diff_bias);
    }
    place_paired(src, norm, image, pair.both, layer->in_size, layer->in_channels, 0, placed);
    prefetcher prefetch = prefetch_backward(
        iterations, bf16_images(src, src_count), diff_images, norm_images,
        bf16_images(diff_src, src_count), image + 2, 2, end);
    outer_pair_gemm(&gemm, paired, placed, result, &prefetch);
    for (int64_t i = 0; i < (pair.both ? 2 : 1); i++) {
      bf16 *diff = (bf16 *)diff_src + (image + i) * src_count;
      pair_gemm_to_bf16(&gemm, singles[i], paired_weights(weights), NULL, 1, diff, &prefetch);
      if (sums) {
        add_bf16_gradient_sums(diff, layer, image + i, square(layer->in_size),
                               layer->in_channels, sums);
      }
    }
  }
}
