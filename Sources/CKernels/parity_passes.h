// The passes of the convolutions that parity.h computes; the arguments are those of the passes in
// convolution_passes.h and upsampled_passes.h. A pass takes a strip of rows of blocks at a time;
// rows of blocks are counted through all images.
//
// An upsampled convolution is the transpose of its adjoint, a strided one (ck_adjoint). So its
// forward pass takes the steps of a strided convolution's source gradient, and its backward pass
// those of a forward pass and of the weights' gradient.
//
// Packed weights are [panel of output channels][product][panel of source channels][sample]
// [source channel][panel_width] in the forward direction, and [product][panel of source channels]
// [sample][output channel][panel_width] in the other.
#pragma once

#include "convolution_passes.h"
#include "parity.h"
#include "upsampled_passes.h"

// The channels of the strided convolution, the blocks in a row of an image, the rows of blocks in a
// strip, and the offsets of each block's samples and products.
typedef struct split_plan {
  int64_t in, out, blocks, rows;
  int32_t sample_offsets[ck_strip_blocks], product_offsets[ck_strip_blocks];
} split_plan;

static void plan_strips(const ck_convolution *shape, split_plan *plan) {
  int64_t blocks = shape->out_size / 2;
  plan->in = shape->in_channels;
  plan->out = shape->out_channels;
  plan->blocks = blocks;
  plan->rows = ck_strip_blocks / blocks;
  for (int64_t i = 0; i < ck_strip_blocks; i++) {
    plan->sample_offsets[i] = (int32_t)(i * block_samples * plan->in);
    plan->product_offsets[i] = (int32_t)(i * block_products * plan->out);
  }
}

INLINE float *take_strip_samples(const split_plan *plan, float **scratch) {
  return take(scratch, ck_strip_blocks * block_samples * plan->in);
}
INLINE float *take_strip_products(const split_plan *plan, float **scratch) {
  return take(scratch, ck_strip_blocks * block_products * plan->out);
}

// The samples and products of a row of a strip.
INLINE float *row_of_samples(const split_plan *plan, float *samples, int64_t row) {
  return samples + row * plan->blocks * block_samples * plan->in;
}
INLINE float *row_of_products(const split_plan *plan, float *products, int64_t row) {
  return products + row * plan->blocks * block_products * plan->out;
}

// The first row of blocks of a part, and the end of the part before.
INLINE int64_t part_row(const split_plan *plan, const ck_convolution *layer, int64_t part) {
  return ck_part_start(layer, part) * plan->blocks;
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

// The number of the samples of product i, and the place of the first among those of a block.
INLINE int64_t sample_count(int i) { return product_samples(i / axis_products, i % axis_products); }
INLINE int64_t first_sample(int i) { return product_place(i / axis_products, i % axis_products); }

// The gemm of the samples of product i.
INLINE gemm_shape samples_gemm(const split_plan *plan, int64_t rows, int i) {
  return (gemm_shape){.src_offsets = plan->sample_offsets,
                      .dst_offsets = plan->product_offsets,
                      .pixels = rows * plan->blocks,
                      .rows = plan->in / panel_width,
                      .row_stride = block_samples * panel_width,
                      .run = sample_count(i) * panel_width,
                      .channels = panel_width};
}

// The products of a strip from its samples.
static void multiply_samples(const split_plan *plan, int64_t rows, const float *samples,
                             const float *weights, float *products, prefetcher *prefetch) {
  for (int i = 0; i < block_products; i++) {
    gemm_shape gemm = samples_gemm(plan, rows, i);
    for (int64_t c = 0; c < plan->out; c += panel_width) {
      gemm_plain(&gemm, samples + first_sample(i) * panel_width,
                 weights + (block_samples * c + first_sample(i) * panel_width) * plan->in,
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
      outer_gemm(&gemm, samples + first_sample(i) * panel_width,
                 products + block_products * c + i * panel_width,
                 result_at(result, (block_samples * c + first_sample(i) * panel_width) * plan->in),
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
                       .channels = sample_count(i) * panel_width};
    for (int64_t c = 0; c < plan->in; c += panel_width) {
      gemm_plain(&gemm, products + i * panel_width,
                 weights + (first_sample(i) * plan->in + sample_count(i) * c) * plan->out,
                 samples + block_samples * c + first_sample(i) * panel_width, prefetch);
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
  int64_t batch_end = part_row(&plan, shape, shape->end_part);
  for (int64_t part = shape->first_part; part < shape->end_part; part++) {
    int64_t start = part_row(&plan, shape, part), end = part_row(&plan, shape, part + 1);
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t row = start; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        take_samples(shape, src + (row + i) / blocks * src_count, norm, (row + i) % blocks,
                     row_of_samples(&plan, samples, i));
      }
      prefetcher prefetch = prefetch_forward(forward_iterations(&plan, count), src_rows, dst_rows,
                                             next, plan.rows, batch_end);
      multiply_samples(&plan, count, samples, weights, products, &prefetch);
      for (int64_t i = 0; i < count; i++) {
        int64_t image = (row + i) / blocks;
        put_outputs(row_of_products(&plan, products, i), channels, blocks, bias, slope,
                    dst + (row + i) * (dst_count / blocks));
        if (moments && (row + i) % blocks == blocks - 1) {
          add_moments(dst + image * dst_count, image - start / blocks, pixels, channels,
                      &part_moments);
        }
      }
    }
  }
}

// What a backward pass reads and writes, in rows of blocks, and the end of its last part.
typedef struct split_arrays {
  image_array src, diff_dst, norm_src, diff_src;
  int64_t end;
} split_arrays;

static split_arrays split_arrays_of(const split_plan *plan, const ck_convolution *layer,
                                    const float *src, const float *diff_dst,
                                    const ck_norm_gradient *through, const float *diff_src) {
  int64_t src_row = square(layer->in_size) * layer->in_channels / plan->blocks;
  int64_t dst_row = square(layer->out_size) * layer->out_channels / plan->blocks;
  return (split_arrays){.src = fp32_images(src, src_row),
                        .diff_dst = fp32_images(diff_dst, dst_row),
                        .norm_src = fp32_images(through ? through->src : NULL, dst_row),
                        .diff_src = fp32_images(diff_src, src_row),
                        .end = part_row(plan, layer, layer->end_part)};
}

// Prefetches a strip's source from one row of blocks on, and its destination's gradient from
// another.
static prefetcher prefetch_strip(const split_plan *plan, const split_arrays *arrays,
                                 int64_t iterations, int64_t src_first, int64_t dst_first) {
  int64_t count = plan->rows, end = arrays->end;
  return prefetch_ranges(iterations, images_range(arrays->src, src_first, count, end),
                         images_range(arrays->diff_dst, dst_first, count, end),
                         images_range(arrays->norm_src, dst_first, count, end),
                         images_range(arrays->diff_src, src_first, count, end));
}

// The destination of the sums that a backward pass takes, and the mean of their source.
INLINE epilogue_arguments split_epilogue(gradient_totals *totals, const ck_gradient_sums *sums) {
  return (epilogue_arguments){.mean = sums ? sums->mean : NULL,
                              .sum = totals->src.sum,
                              .dot = totals->src.dot};
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
  gradient_totals totals;
  epilogue_arguments epilogue = split_epilogue(&totals, sums);
  split_arrays arrays = split_arrays_of(&plan, shape, src, diff_dst, through, diff_src);
  for (int64_t part = shape->first_part; part < shape->end_part; part++) {
    int64_t start = part_row(&plan, shape, part), end = part_row(&plan, shape, part + 1);
    clear_gradient_totals(&totals, shape);
    for (int64_t row = start; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        take_samples(shape, src + (row + i) / blocks * src_count, norm, (row + i) % blocks,
                     row_of_samples(&plan, samples, i));
        const float *gradient = diff_dst + (row + i) * dst_row;
        if (through) {
          norm_backward(gradient, through->src + (row + i) * dst_row, through,
                        2 * shape->out_size, channels, rows, totals.bias.sum);
          gradient = rows;
        }
        take_products(gradient, channels, blocks, row_of_products(&plan, products, i));
      }
      int64_t iterations = outer_iterations(&plan, count) +
                           (diff_src ? backward_iterations(&plan, count) : 0);
      prefetcher prefetch = prefetch_strip(&plan, &arrays, iterations, next, next);
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
    store_gradient_totals(&totals, shape, part, diff_src ? sums : NULL,
                          through ? diff_bias : NULL);
  }
}

// The products of a row of blocks of an upsampled layer's source, which is first normalised into
// `rows` if `norm` is given.
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
  // Rows of the transposed image: the last one of the row of blocks above, the four of this one,
  // and the last one of the image.
  float *lines = take(&scratch, 6 * line);
  vec *carried = (vec *)take(&scratch, line);
  image_array src_rows = fp32_images(src, src_row);
  image_array dst_rows = fp32_images(dst, dst_count / blocks);
  epilogue_arguments epilogue = {0};
  int64_t batch_end = part_row(&plan, layer, layer->end_part);
  for (int64_t part = layer->first_part; part < layer->end_part; part++) {
    int64_t start = part_row(&plan, layer, part), end = part_row(&plan, layer, part + 1);
    ck_moments part_moments = moments ? moments_of_part(moments, part, channels) : (ck_moments){0};
    for (int64_t row = start; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        take_source_products(layer, src + (row + i) * src_row, norm, blocks, rows,
                             row_of_products(&plan, products, i));
      }
      prefetcher prefetch = prefetch_forward(backward_iterations(&plan, count), src_rows, dst_rows,
                                             next, plan.rows, batch_end);
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
          add_moments(y, image - start / blocks, square(size), channels, &part_moments);
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
  gradient_totals totals;
  epilogue_arguments epilogue = split_epilogue(&totals, sums);
  split_arrays arrays = split_arrays_of(&plan, layer, src, diff_dst, through, diff_src);
  for (int64_t part = layer->first_part; part < layer->end_part; part++) {
    int64_t start = part_row(&plan, layer, part), end = part_row(&plan, layer, part + 1);
    clear_gradient_totals(&totals, layer);
    for (int64_t row = start; row < end; row += plan.rows) {
      int64_t count = smaller(plan.rows, end - row), next = row + count;
      for (int64_t i = 0; i < count; i++) {
        int64_t image = (row + i) / blocks, first = (row + i) % blocks;
        if (first == 0) {
          place_box_gradient(diff_dst + image * dst_count, through, image, scale, size, channels,
                             lines, transposed, totals.bias.sum);
        }
        take_samples(&adjoint, transposed, NULL, first, row_of_samples(&plan, samples, i));
        take_source_products(layer, src + (row + i) * src_row, norm, blocks, rows,
                             row_of_products(&plan, products, i));
      }
      // The gradient of a whole image has been read with its first row of blocks.
      int64_t ahead = row + blocks > next ? row + blocks : next;
      int64_t iterations = outer_iterations(&plan, count) + forward_iterations(&plan, count);
      prefetcher prefetch = prefetch_strip(&plan, &arrays, iterations, next, ahead);
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
    store_gradient_totals(&totals, layer, part, sums, through ? diff_bias : NULL);
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
