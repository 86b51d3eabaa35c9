// Upsampled convolutions in the box form. In both directions `shape` is the strided convolution
// from the transposed image to the layer's source.
#pragma once

#include "convolution_passes.h"

// Source rows whose transposed rows are made before the box sums are taken of them: pixels enough
// for the products, few enough that the rows are still in the first cache.
INLINE int64_t rows_together(const ck_convolution *shape) {
  int64_t rows = ck_pixels_together / 2 / shape->out_size;
  return rows < 1 ? 1 : smaller(rows, shape->out_size);
}

// Transposed rows of the last rows_together source rows.
INLINE int64_t last_rows(const ck_convolution *shape, int64_t together) {
  int64_t blocks = (shape->out_size + together - 1) / together;
  return shape->in_size - 2 * together * (blocks - 1);
}

static void upsampled_forward(const ck_convolution *shape, const float *src, const ck_norm *norm,
                              const float *weights, const float *bias, float slope, float *dst,
                              const ck_moments *moments, float *scratch) {
  int64_t channels = shape->in_channels, size = shape->in_size - 1;
  int64_t src_count = square(shape->out_size) * shape->out_channels;
  int64_t dst_count = square(size) * channels, row_count = shape->in_size * channels;
  int64_t bordered_count = square(shape->out_size + 2) * shape->out_channels;
  int64_t together = rows_together(shape);
  int64_t blocks = (shape->out_size + together - 1) / together;
  transposed_products inner, last;
  plan_transposed(shape, 2 * together, 1, 0, 0, &inner);
  plan_transposed(shape, last_rows(shape, together), 1, 0, 0, &last);
  float *bordered = take(&scratch, bordered_count + lanes);
  // The last row of the block before, and a block's rows.
  float *carried = take(&scratch, (2 * together + 2) * row_count), *rows = carried + row_count;
  clear(bordered, bordered_count + lanes);
  int64_t rounds =
      (blocks - 1) * transposed_rounds_of(&inner) + transposed_rounds_of(&last);
  int64_t end = ck_part_start(shape, shape->behind_part);
  for (int64_t part = shape->first_part; part < shape->behind_part; part++) {
    int64_t start = ck_part_start(shape, part), behind = ck_part_start(shape, part + 1);
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t image = start; image < behind; image++) {
      place_image(src + image * src_count, norm, shape->out_size, shape->out_channels, 1, bordered);
      ahead next = look_ahead(rounds, stretch_of(src, image + 1, 1, end, src_count),
                              (stretch){0}, (stretch){0},
                              stretch_of(dst, image + 1, 1, end, dst_count));
      float *y = dst + image * dst_count, *out = y;
      for (int64_t block = 0; block < blocks; block++) {
        const transposed_products *plan = block + 1 < blocks ? &inner : &last;
        const float *from =
            bordered + block * together * (shape->out_size + 2) * shape->out_channels;
        for (int parity = 0; parity < 4; parity++) {
          multiply(&plan->products[parity], from, weights + plan->weights[parity], rows, &next);
        }
        int64_t count = block + 1 < blocks ? 2 * together : last_rows(shape, together);
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

// Rows of a gradient, each with margins of zeros; the one that comes next is placed early, so that
// no load waits for a store.
enum { lines_kept = 3 };

// Floats from one kept row to the next.
INLINE int64_t line_apart(int64_t size, int64_t channels) {
  return apart(size * channels + 2 * line_margin(channels));
}

// The transposed image's gradient, of box sums, from that of the image through the norm, if there
// is one.
static void place_box_gradient(const float *diff, const ck_norm_gradient *norm, int64_t image,
                               float scale, int64_t size, int64_t channels, float *lines,
                               float *transposed, double *diff_bias) {
  int64_t count = size * channels;
  const float *above = NULL, *below = NULL;
  for (int64_t row = 0; row <= size; row++) {
    float *line = lines + row % lines_kept * line_apart(size, channels) + line_margin(channels);
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

static void upsampled_backward(const ck_convolution *shape, const float *src, const ck_norm *norm,
                               const float *diff_dst, const ck_norm_gradient *through,
                               float scale, const float *weights, float *diff_weights,
                               double *diff_bias, float *diff_src, const ck_gradient_sums *sums,
                               float *scratch) {
  int32_t src_offsets[pixels_max], dst_offsets[pixels_max];
  int64_t channels = shape->in_channels, size = shape->in_size - 1;
  int64_t pixels = square(shape->out_size), src_count = pixels * shape->out_channels;
  int64_t dst_count = square(size) * channels;
  int64_t group = smaller(group_of(pixels, ck_pixels_together), shape->part);
  int64_t transposed_apart = apart(square(shape->in_size) * channels);
  product p = group_product(shape, 0, group, transposed_apart, src_count, src_offsets,
                              dst_offsets);
  float *placed = take(&scratch, group * src_count);
  float *lines = take(&scratch, lines_kept * line_apart(size, channels));
  float *transposed = take(&scratch, group * transposed_apart);
  clear(lines, lines_kept * line_apart(size, channels));
  // A folded run's last elements meet what stands behind an image.
  if (p.fold > 1) clear(transposed, group * transposed_apart);
  channel_totals totals, bias_totals;
  finish end = {.sum = totals.sum, .dot = totals.dot};
  int64_t rounds = rounds_of(&p) + outer_rounds_of(&p);
  int64_t weight_count = panels_of(shape->out_channels) * p.rows * p.run * panel_width;
  int64_t last = ck_part_start(shape, shape->behind_part);
  for (int64_t part = shape->first_part; part < shape->behind_part; part++) {
    int64_t start = ck_part_start(shape, part), behind = ck_part_start(shape, part + 1);
    clear_totals(&totals, shape->out_channels);
    clear_totals(&bias_totals, channels);
    for (int64_t image = start; image < behind; image += group) {
      int64_t count = smaller(group, behind - image), after = image + count;
      for (int64_t i = 0; i < count; i++) {
        place_box_gradient(diff_dst + (image + i) * dst_count, through, image + i, scale, size,
                           channels, lines, transposed + i * transposed_apart, bias_totals.sum);
        place_image(src + (image + i) * src_count, norm, shape->out_size, shape->out_channels, 0,
                    placed + i * src_count);
      }
      ahead next = look_ahead(
          rounds, stretch_of(src, after, group, last, src_count),
          stretch_of(diff_dst, after, group, last, dst_count),
          stretch_of(through ? through->src : NULL, after, group, last, dst_count),
          stretch_of(diff_src, after, group, last, src_count));
      p.pixels = count * pixels;
      multiply_outer(&p, transposed, placed,
                     gradient_result(diff_weights, weight_count, shape, part, image == start,
                                     after == behind),
                     &next);
      float *out = diff_src + image * src_count;
      if (sums) {
        end.src = sums->src + image * src_count;
        end.mean = sums->mean;
        multiply_differentiated(&p, transposed, weights, out, &end, &next);
      } else {
        multiply(&p, transposed, weights, out, &next);
      }
    }
    if (through) store_bias(&bias_totals, channels, part, diff_bias);
    if (sums) store_sums(&totals, shape->out_channels, part, sums);
  }
}
