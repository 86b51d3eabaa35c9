// The passes of the convolutions that parity.h computes; the arguments are those of the passes in
// convolution_passes.h and upsampled_passes.h. A pass takes a strip of rows of blocks at a time.
//
// Packed weights are [panel of output channels][product][panel of source channels][sample]
// [source channel][panel_width] in the forward direction, and [product][panel of source channels]
// [sample][output channel][panel_width] in the other.
#pragma once

#include "convolution_passes.h"
#include "parity.h"
#include "upsampled_passes.h"

// The most blocks in a strip: enough for a load of the weights, few enough that their samples and
// products stay in the L2 cache.
enum { strip_blocks = 32 };

// The extents of strips and the offsets of each block's samples and products.
typedef struct split_plan {
  int64_t in, out, blocks, rows;
  int32_t sample_offsets[strip_blocks], product_offsets[strip_blocks];
} split_plan;

static void plan_strips(const ck_convolution *shape, split_plan *plan) {
  int64_t blocks = shape->out_size / 2;
  plan->in = shape->in_channels;
  plan->out = shape->out_channels;
  plan->blocks = blocks;
  plan->rows = strip_blocks / blocks;
  for (int64_t i = 0; i < strip_blocks; i++) {
    plan->sample_offsets[i] = (int32_t)(i * block_samples * plan->in);
    plan->product_offsets[i] = (int32_t)(i * block_products * plan->out);
  }
}

INLINE float *take_strip_samples(const split_plan *plan, float **scratch) {
  return take(scratch, strip_blocks * block_samples * plan->in);
}
INLINE float *take_strip_products(const split_plan *plan, float **scratch) {
  return take(scratch, strip_blocks * block_products * plan->out);
}

// The samples and products of a row of a strip.
INLINE float *row_of_samples(const split_plan *plan, float *samples, int64_t row) {
  return samples + row * plan->blocks * block_samples * plan->in;
}
INLINE float *row_of_products(const split_plan *plan, float *products, int64_t row) {
  return products + row * plan->blocks * block_products * plan->out;
}

// Iterations of the multiply-add loops below for a strip of so many rows.
INLINE int64_t forward_iterations(const split_plan *plan, int64_t rows) {
  return block_samples * plan->in * panels_of(plan->out) * tiles_of(rows * plan->blocks);
}
INLINE int64_t outer_iterations(const split_plan *plan, int64_t rows) {
  return block_samples * tiles_of(plan->in) * panels_of(plan->out) * rows * plan->blocks;
}
INLINE int64_t backward_iterations(const split_plan *plan, int64_t rows) {
  return block_samples * panels_of(plan->in) * plan->out * tiles_of(rows * plan->blocks);
}

// The gemm of the samples of product i.
INLINE gemm_shape samples_gemm(const split_plan *plan, int64_t rows, int i) {
  return (gemm_shape){.src_offsets = plan->sample_offsets,
                      .dst_offsets = plan->product_offsets,
                      .pixels = rows * plan->blocks,
                      .rows = plan->in / panel_width,
                      .row_stride = block_samples * panel_width,
                      .run = product_samples(i) * panel_width,
                      .channels = panel_width};
}

// The place of the samples of product i among a block's samples.
INLINE int64_t place_of(int i) { return product_place(i / axis_products, i % axis_products); }

// The products of a strip from its samples.
static void multiply_samples(const split_plan *plan, int64_t rows, const float *samples,
                             const float *weights, float *products, prefetcher *prefetch) {
  for (int i = 0; i < block_products; i++) {
    gemm_shape gemm = samples_gemm(plan, rows, i);
    for (int64_t c = 0; c < plan->out; c += panel_width) {
      gemm_plain(&gemm, samples + place_of(i) * panel_width,
                 weights + (block_samples * c + place_of(i) * panel_width) * plan->in,
                 products + block_products * c + i * panel_width, prefetch);
    }
  }
}

// The gradient of the weights from a strip's samples and its products' gradient.
static void multiply_outer(const split_plan *plan, int64_t rows, const float *samples,
                           const float *products, outer_result result, prefetcher *prefetch) {
  for (int i = 0; i < block_products; i++) {
    gemm_shape gemm = samples_gemm(plan, rows, i);
    for (int64_t c = 0; c < plan->out; c += panel_width) {
      outer_gemm(&gemm, samples + place_of(i) * panel_width,
                 products + block_products * c + i * panel_width,
                 result_at(result, (block_samples * c + place_of(i) * panel_width) * plan->in),
                 prefetch);
    }
  }
}

// The gradient of a strip's samples from that of its products.
static void multiply_products(const split_plan *plan, int64_t rows, const float *products,
                              const float *weights, float *samples, prefetcher *prefetch) {
  for (int i = 0; i < block_products; i++) {
    gemm_shape gemm = {.src_offsets = plan->product_offsets,
                       .dst_offsets = plan->sample_offsets,
                       .pixels = rows * plan->blocks,
                       .rows = plan->out / panel_width,
                       .row_stride = block_products * panel_width,
                       .run = panel_width,
                       .channels = product_samples(i) * panel_width};
    for (int64_t c = 0; c < plan->in; c += panel_width) {
      gemm_plain(&gemm, products + i * panel_width,
                 weights + (place_of(i) * plan->in + product_samples(i) * c) * plan->out,
                 samples + block_samples * c + place_of(i) * panel_width, prefetch);
    }
  }
}

static void split_convolution_forward(const ck_convolution *shape, const float *src,
                                      const ck_norm *norm, const float *weights, const float *bias,
                                      float slope, float *dst, const ck_moments *moments,
                                      float *scratch) {
  split_plan plan;
  plan_strips(shape, &plan);
  int64_t blocks = plan.blocks, channels = shape->out_channels, pixels = square(shape->out_size);
  int64_t src_count = square(shape->in_size) * shape->in_channels, dst_count = pixels * channels;
  float *samples = take_strip_samples(&plan, &scratch);
  float *products = take_strip_products(&plan, &scratch);
  image_array src_rows = fp32_images(src, src_count / blocks);
  image_array dst_rows = fp32_images(dst, dst_count / blocks);
  int64_t batch_end = ck_part_start(shape, shape->end_part) * blocks;
  for (int64_t part = shape->first_part; part < shape->end_part; part++) {
    int64_t start = ck_part_start(shape, part), end = ck_part_start(shape, part + 1) * blocks;
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t row = start * blocks; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        take_samples(shape, src + (row + i) / blocks * src_count, norm, (row + i) % blocks,
                     row_of_samples(&plan, samples, i));
      }
      prefetcher prefetch =
          prefetch_ranges(forward_iterations(&plan, count),
                          images_range(src_rows, next, plan.rows, batch_end), (memory_range){0},
                          (memory_range){0}, images_range(dst_rows, next, plan.rows, batch_end));
      multiply_samples(&plan, count, samples, weights, products, &prefetch);
      for (int64_t i = 0; i < count; i++) {
        int64_t image = (row + i) / blocks;
        put_outputs(row_of_products(&plan, products, i), channels, blocks, bias, slope,
                    dst + (row + i) * (dst_count / blocks));
        if (moments && (row + i) % blocks == blocks - 1) {
          add_moments(dst + image * dst_count, image - start, pixels, channels, &part_moments);
        }
      }
    }
  }
}

static void split_convolution_backward(const ck_convolution *shape, const float *src,
                                       const ck_norm *norm, const float *diff_dst,
                                       const ck_norm_gradient *through, const float *weights,
                                       float *diff_weights, double *diff_bias, float *diff_src,
                                       const ck_gradient_sums *sums, float *scratch) {
  split_plan plan;
  plan_strips(shape, &plan);
  int64_t blocks = plan.blocks, channels = shape->out_channels;
  int64_t src_count = square(shape->in_size) * shape->in_channels;
  int64_t dst_row = 2 * shape->out_size * channels;
  int64_t weight_count = block_samples * plan.in * plan.out;
  float *samples = take_strip_samples(&plan, &scratch);
  float *products = take_strip_products(&plan, &scratch);
  float *rows = take(&scratch, dst_row);
  vec *carried = (vec *)take(&scratch, (4 * blocks + 1) * shape->in_channels);
  channel_totals totals, bias_totals;
  epilogue_arguments epilogue = {
      .mean = sums ? sums->mean : NULL, .sum = totals.sum, .dot = totals.dot};
  image_array src_rows = fp32_images(src, src_count / blocks);
  image_array diff_dst_rows = fp32_images(diff_dst, dst_row);
  image_array norm_rows = fp32_images(through ? through->src : NULL, dst_row);
  image_array diff_src_rows = fp32_images(diff_src, src_count / blocks);
  int64_t batch_end = ck_part_start(shape, shape->end_part) * blocks;
  for (int64_t part = shape->first_part; part < shape->end_part; part++) {
    int64_t start = ck_part_start(shape, part) * blocks;
    int64_t end = ck_part_start(shape, part + 1) * blocks;
    clear_totals(&totals, shape->in_channels);
    clear_totals(&bias_totals, channels);
    for (int64_t row = start; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        take_samples(shape, src + (row + i) / blocks * src_count, norm, (row + i) % blocks,
                     row_of_samples(&plan, samples, i));
        const float *gradient = diff_dst + (row + i) * dst_row;
        if (through) {
          norm_backward(gradient, through->src + (row + i) * dst_row, through,
                        2 * shape->out_size, channels, rows, bias_totals.sum);
          gradient = rows;
        }
        take_products(gradient, channels, blocks, row_of_products(&plan, products, i));
      }
      int64_t iterations = outer_iterations(&plan, count) +
                           (diff_src ? backward_iterations(&plan, count) : 0);
      prefetcher prefetch =
          prefetch_backward(iterations, src_rows, diff_dst_rows, norm_rows, diff_src_rows, next,
                            plan.rows, batch_end);
      multiply_outer(&plan, count, samples, products,
                     gradient_result(diff_weights, weight_count, shape, part, row == start,
                                     next == end),
                     &prefetch);
      if (!diff_src) continue;
      multiply_products(&plan, count, products, weights, samples, &prefetch);
      for (int64_t i = 0; i < count; i++) {
        int64_t image = (row + i) / blocks;
        put_source_gradients(shape, row_of_samples(&plan, samples, i), (row + i) % blocks,
                             sums ? sums->src + image * src_count : NULL, &epilogue, carried,
                             diff_src + image * src_count);
      }
    }
    if (through) store_bias(&bias_totals, channels, part, diff_bias);
    if (diff_src && sums) store_sums(&totals, shape->in_channels, part, sums);
  }
}

// `rows` and `products` are of the layer's source, normalised if `norm` is given.
static void take_source_products(const ck_convolution *layer, const float *src,
                                 const ck_norm *norm, int64_t blocks, float *rows,
                                 float *products) {
  if (norm) {
    normalize(src, 2 * layer->in_size, layer->in_channels, norm, rows);
    src = rows;
  }
  take_products(src, layer->in_channels, blocks, products);
}

static void split_upsampled_forward(const ck_convolution *layer, const float *src,
                                    const ck_norm *norm, const float *weights, const float *bias,
                                    float slope, float *dst, const ck_moments *moments,
                                    float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  split_plan plan;
  plan_strips(&adjoint, &plan);
  int64_t blocks = plan.blocks, channels = layer->out_channels, size = layer->out_size;
  int64_t src_row = 2 * layer->in_size * layer->in_channels, dst_count = square(size) * channels;
  int64_t line = adjoint.in_size * channels;
  float *samples = take_strip_samples(&plan, &scratch);
  float *products = take_strip_products(&plan, &scratch);
  float *rows = take(&scratch, src_row);
  // Rows of the transposed image: the last of the row of blocks above, this one's four, the last.
  float *lines = take(&scratch, 6 * line);
  vec *carried = (vec *)take(&scratch, line);
  image_array src_rows = fp32_images(src, src_row);
  image_array dst_rows = fp32_images(dst, dst_count / blocks);
  epilogue_arguments epilogue = {0};
  int64_t batch_end = ck_part_start(layer, layer->end_part) * blocks;
  for (int64_t part = layer->first_part; part < layer->end_part; part++) {
    int64_t start = ck_part_start(layer, part), end = ck_part_start(layer, part + 1) * blocks;
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t row = start * blocks; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        take_source_products(layer, src + (row + i) * src_row, norm, blocks, rows,
                             row_of_products(&plan, products, i));
      }
      prefetcher prefetch =
          prefetch_ranges(backward_iterations(&plan, count),
                          images_range(src_rows, next, plan.rows, batch_end), (memory_range){0},
                          (memory_range){0}, images_range(dst_rows, next, plan.rows, batch_end));
      multiply_products(&plan, count, products, weights, samples, &prefetch);
      for (int64_t i = 0; i < count; i++) {
        int64_t image = (row + i) / blocks, first = (row + i) % blocks;
        bool last = first == blocks - 1;
        float *y = dst + image * dst_count;
        put_source_gradients(&adjoint, row_of_samples(&plan, samples, i), first, NULL, &epilogue,
                             carried, lines + line - 4 * first * line);
        for (int64_t j = first == 0 ? 1 : 0; j < 4 + last; j++) {
          box_leaky_row(lines + j * line, lines + (j + 1) * line, bias, slope, size, channels,
                        y + (4 * first + j - 1) * size * channels);
        }
        memcpy(lines, lines + 4 * line, (size_t)line * sizeof(float));
        if (moments && last) {
          add_moments(y, image - start, square(size), channels, &part_moments);
        }
      }
    }
  }
}

static void split_upsampled_backward(const ck_convolution *layer, const float *src,
                                     const ck_norm *norm, const float *diff_dst,
                                     const ck_norm_gradient *through, float scale,
                                     const float *weights, float *diff_weights, double *diff_bias,
                                     float *diff_src, const ck_gradient_sums *sums,
                                     float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  split_plan plan;
  plan_strips(&adjoint, &plan);
  int64_t blocks = plan.blocks, channels = layer->out_channels, size = layer->out_size;
  int64_t src_row = 2 * layer->in_size * layer->in_channels, dst_count = square(size) * channels;
  int64_t weight_count = block_samples * plan.in * plan.out;
  float *samples = take_strip_samples(&plan, &scratch);
  float *products = take_strip_products(&plan, &scratch);
  float *rows = take(&scratch, src_row);
  float *lines = take(&scratch, lines_kept * line_stride(size, channels));
  float *transposed = take(&scratch, square(adjoint.in_size) * channels + lanes);
  clear(lines, lines_kept * line_stride(size, channels));
  channel_totals totals, bias_totals;
  epilogue_arguments epilogue = {
      .mean = sums ? sums->mean : NULL, .sum = totals.sum, .dot = totals.dot};
  image_array src_rows = fp32_images(src, src_row);
  image_array diff_dst_rows = fp32_images(diff_dst, dst_count / blocks);
  image_array norm_rows = fp32_images(through ? through->src : NULL, dst_count / blocks);
  image_array diff_src_rows = fp32_images(diff_src, src_row);
  int64_t batch_end = ck_part_start(layer, layer->end_part) * blocks;
  for (int64_t part = layer->first_part; part < layer->end_part; part++) {
    int64_t start = ck_part_start(layer, part) * blocks;
    int64_t end = ck_part_start(layer, part + 1) * blocks;
    clear_totals(&totals, layer->in_channels);
    clear_totals(&bias_totals, channels);
    for (int64_t row = start; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        int64_t image = (row + i) / blocks, first = (row + i) % blocks;
        if (first == 0) {
          place_box_gradient(diff_dst + image * dst_count, through, image, scale, size, channels,
                             lines, transposed, bias_totals.sum);
        }
        take_samples(&adjoint, transposed, NULL, first, row_of_samples(&plan, samples, i));
        take_source_products(layer, src + (row + i) * src_row, norm, blocks, rows,
                             row_of_products(&plan, products, i));
      }
      // The gradient of a whole image has been read with its first rows.
      int64_t ahead = row + blocks > next ? row + blocks : next;
      prefetcher prefetch = prefetch_ranges(
          outer_iterations(&plan, count) + forward_iterations(&plan, count),
          images_range(src_rows, next, plan.rows, batch_end),
          images_range(diff_dst_rows, ahead, plan.rows, batch_end),
          images_range(norm_rows, ahead, plan.rows, batch_end),
          images_range(diff_src_rows, next, plan.rows, batch_end));
      multiply_outer(&plan, count, samples, products,
                     gradient_result(diff_weights, weight_count, &adjoint, part, row == start,
                                     next == end),
                     &prefetch);
      multiply_samples(&plan, count, samples, weights, products, &prefetch);
      for (int64_t i = 0; i < count; i++) {
        int64_t at = (row + i) * src_row;
        put_output_gradients(row_of_products(&plan, products, i), layer->in_channels, blocks,
                             sums ? sums->src + at : NULL, &epilogue, diff_src + at);
      }
    }
    if (through) store_bias(&bias_totals, channels, part, diff_bias);
    if (sums) store_sums(&totals, layer->in_channels, part, sums);
  }
}

// The passes of all convolutions: each takes the split form if that computes the layer.
static void any_convolution_forward(const ck_convolution *shape, const float *src,
                                    const ck_norm *norm, const float *weights, const float *bias,
                                    float slope, float *dst, const ck_moments *moments,
                                    float *scratch) {
  (is_split(shape) ? split_convolution_forward : convolution_forward)(
      shape, src, norm, weights, bias, slope, dst, moments, scratch);
}

static void any_convolution_backward(const ck_convolution *shape, const float *src,
                                     const ck_norm *norm, const float *diff_dst,
                                     const ck_norm_gradient *through, const float *weights,
                                     float *diff_weights, double *diff_bias, float *diff_src,
                                     const ck_gradient_sums *sums, float *scratch) {
  (is_split(shape) ? split_convolution_backward : convolution_backward)(
      shape, src, norm, diff_dst, through, weights, diff_weights, diff_bias, diff_src, sums,
      scratch);
}

static void any_upsampled_forward(const ck_convolution *layer, const float *src,
                                  const ck_norm *norm, const float *weights, const float *bias,
                                  float slope, float *dst, const ck_moments *moments,
                                  float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  (is_split(&adjoint) ? split_upsampled_forward : upsampled_forward)(
      layer, src, norm, weights, bias, slope, dst, moments, scratch);
}

static void any_upsampled_backward(const ck_convolution *layer, const float *src,
                                   const ck_norm *norm, const float *diff_dst,
                                   const ck_norm_gradient *through, float scale,
                                   const float *weights, float *diff_weights, double *diff_bias,
                                   float *diff_src, const ck_gradient_sums *sums, float *scratch) {
  ck_convolution adjoint = ck_adjoint(layer);
  (is_split(&adjoint) ? split_upsampled_backward : upsampled_backward)(
      layer, src, norm, diff_dst, through, scale, weights, diff_weights, diff_bias, diff_src, sums,
      scratch);
}
