// Upsampled convolutions in the box form: a stride-2 transposed convolution gives the transposed
// image, whose 2×2 box sums are the destination. The adjoint is the strided convolution from the
// transposed image to the source, see ck_adjoint.
#pragma once

#include "convolution_passes.h"

// Source rows per block: the transposed rows of a block are computed, then their box sums. A block
// has enough pixels for the gemms, and its rows fit the L1 cache.
INLINE int64_t rows_per_block(const ck_convolution *layer) {
  int64_t rows = ck_group_pixels / 2 / layer->in_size;
  return rows < 1 ? 1 : smaller(rows, layer->in_size);
}

static void upsampled_forward(const ck_convolution *layer, const float *src, const ck_norm *norm,
                              const float *weights, const float *bias, float slope, float *dst,
                              const ck_moments *moments, float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  int64_t channels = layer->out_channels, size = layer->out_size;
  int64_t src_count = square(layer->in_size) * layer->in_channels;
  int64_t dst_count = square(size) * channels, row_count = adjoint.in_size * channels;
  int64_t bordered_count = square(layer->in_size + 2) * layer->in_channels;
  int64_t block_rows = rows_per_block(layer);
  int64_t blocks = (layer->in_size + block_rows - 1) / block_rows;
  int64_t last_rows = adjoint.in_size - 2 * block_rows * (blocks - 1);
  transposed_gemms inner, last;
  plan_transposed_gemms(&adjoint, 2 * block_rows, 1, 0, 0, &inner);
  plan_transposed_gemms(&adjoint, last_rows, 1, 0, 0, &last);
  float *bordered = take(&scratch, bordered_count + lanes);
  // The last row of the previous block, followed by the rows of this one.
  float *carried = take(&scratch, (2 * block_rows + 2) * row_count), *rows = carried + row_count;
  clear(bordered, bordered_count + lanes);
  int64_t iterations =
      (blocks - 1) * transposed_gemm_iterations(&inner) + transposed_gemm_iterations(&last);
  image_array src_images = fp32_images(src, src_count), dst_images = fp32_images(dst, dst_count);
  int64_t batch_end = ck_part_start(layer, layer->end_part);
  for (int64_t part = layer->first_part; part < layer->end_part; part++) {
    int64_t start = ck_part_start(layer, part), end = ck_part_start(layer, part + 1);
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t image = start; image < end; image++) {
      place_image(src + image * src_count, norm, layer->in_size, layer->in_channels, 1, bordered);
      prefetcher prefetch =
          prefetch_forward(iterations, src_images, dst_images, image + 1, 1, batch_end);
      float *y = dst + image * dst_count, *out = y;
      for (int64_t block = 0; block < blocks; block++) {
        const transposed_gemms *plan = block + 1 < blocks ? &inner : &last;
        const float *from =
            bordered + block * block_rows * (layer->in_size + 2) * layer->in_channels;
        for (int parity = 0; parity < 4; parity++) {
          gemm_plain(&plan->gemms[parity], from, weights + plan->weights[parity], rows, &prefetch);
        }
        int64_t count = block + 1 < blocks ? 2 * block_rows : last_rows;
        for (int64_t row = block > 0 ? -1 : 0; row + 1 < count; row++, out += size * channels) {
          box_leaky_row(rows + row * row_count, rows + (row + 1) * row_count, bias, slope, size,
                        channels, out);
        }
        memcpy(carried, rows + (count - 1) * row_count, (size_t)row_count * sizeof(float));
      }
      if (moments) add_moments(y, image - start, square(size), channels, &part_moments);
    }
  }
}

// Rows of a gradient in scratch memory, each with margins of zeros. Box sums read two of them; the
// third is stored one row early, so that no load waits for a store.
enum { lines_kept = 3 };

// The stride of the kept rows, in floats.
INLINE int64_t line_stride(int64_t size, int64_t channels) {
  return padded_stride_of(size * channels + 2 * line_margin(channels));
}

// Computes the gradient of the transposed image: box sums of the destination's gradient, which is
// first passed back through the norm if there is one.
static void place_box_gradient(const float *diff, const ck_norm_gradient *norm, int64_t image,
                               float scale, int64_t size, int64_t channels, float *lines,
                               float *transposed, double *diff_bias) {
  int64_t count = size * channels;
  const float *above = NULL, *below = NULL;
  for (int64_t row = 0; row <= size; row++) {
    float *line = lines + row % lines_kept * line_stride(size, channels) + line_margin(channels);
    if (row < size && norm) {
      norm_backward(diff + row * count, norm->src + (image * size + row) * count, norm, size,
                    channels, line, diff_bias);
    } else if (row < size) {
      memcpy(line, diff + row * count, (size_t)count * sizeof(float));
    }
    if (row > 0) {
      box_backward_row(above, below, scale, size, channels, transposed);
      transposed += count + channels;
    }
    above = below;
    below = line;
  }
  box_backward_row(above, NULL, scale, size, channels, transposed);
}

static void upsampled_backward(const ck_convolution *layer, const float *src, const ck_norm *norm,
                               const float *diff_dst, const ck_norm_gradient *through,
                               float scale, const float *weights, float *diff_weights,
                               double *diff_bias, float *diff_src, const ck_gradient_sums *sums,
                               float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  ck_convolution adjoint = ck_adjoint(layer);
  int64_t channels = layer->out_channels, size = layer->out_size;
  int64_t pixels = square(layer->in_size), src_count = pixels * layer->in_channels;
  int64_t dst_count = square(size) * channels;
  int64_t group = smaller(group_of(pixels, ck_group_pixels), layer->part);
  int64_t transposed_stride = padded_stride_of(square(adjoint.in_size) * channels);
  gemm_shape gemm =
      group_gemm(&adjoint, 0, group, transposed_stride, src_count, src_offsets, dst_offsets);
  float *placed = take(&scratch, group * src_count);
  float *lines = take(&scratch, lines_kept * line_stride(size, channels));
  float *transposed = take(&scratch, group * transposed_stride);
  clear(lines, lines_kept * line_stride(size, channels));
  // The last elements of a folded run meet what lies behind an image.
  if (gemm.fold > 1) clear(transposed, group * transposed_stride);
  gradient_totals totals;
  epilogue_arguments epilogue = {.sum = totals.src.sum, .dot = totals.src.dot};
  int64_t iterations = gemm_iterations(&gemm) + outer_gemm_iterations(&gemm);
  int64_t weight_count = panels_of(layer->in_channels) * gemm.rows * gemm.run * panel_width;
  int64_t batch_end = ck_part_start(layer, layer->end_part);
  for (int64_t part = layer->first_part; part < layer->end_part; part++) {
    int64_t start = ck_part_start(layer, part), end = ck_part_start(layer, part + 1);
    clear_gradient_totals(&totals, layer);
    for (int64_t image = start; image < end; image += group) {
      int64_t count = smaller(group, end - image), next = image + count;
      for (int64_t i = 0; i < count; i++) {
        place_box_gradient(diff_dst + (image + i) * dst_count, through, image + i, scale, size,
                           channels, lines, transposed + i * transposed_stride, totals.bias.sum);
        place_image(src + (image + i) * src_count, norm, layer->in_size, layer->in_channels, 0,
                    placed + i * src_count);
      }
      prefetcher prefetch = prefetch_backward(
          iterations, fp32_images(src, src_count), fp32_images(diff_dst, dst_count),
          fp32_images(through ? through->src : NULL, dst_count), fp32_images(diff_src, src_count),
          next, group, batch_end);
      gemm.pixels = count * pixels;
      outer_gemm(&gemm, transposed, placed,
                 gradient_result(diff_weights, weight_count, &adjoint, part, image == start,
                                 next == end),
                 &prefetch);
      float *out = diff_src + image * src_count;
      if (sums) {
        epilogue.src = sums->src + image * src_count;
        epilogue.mean = sums->mean;
        gemm_gradient_sums(&gemm, transposed, weights, out, &epilogue, &prefetch);
      } else {
        gemm_plain(&gemm, transposed, weights, out, &prefetch);
      }
    }
    store_gradient_totals(&totals, layer, part, sums, through ? diff_bias : NULL);
  }
}
