// Linear layers by the gemms of the convolutions: a row of the batch is a pixel with one run.
#pragma once

#include "CKernels.h"
#include "gemm.h"
#include "transpose_passes.h"

// The stride of rows in scratch memory: a row and 16 floats more, because a power of two would map
// all rows to the same few sets of the L1 cache.
INLINE int64_t padded_row(int64_t columns) { return columns + 16; }

// Copies rows to scratch memory, with the stride of padded_row.
static void place_rows(const float *src, int64_t rows, int64_t columns, int64_t stride,
                       float *scratch) {
  for (int64_t row = 0; row < rows; row++) {
    memcpy(scratch + row * padded_row(columns), src + row * stride,
           (size_t)columns * sizeof(float));
  }
}

// The gemm of a block of at most ck_rows_max rows with the given strides; fills both arrays of
// offsets. An outer gemm takes the second operand at dst_offsets.
static gemm_shape linear_gemm(int64_t rows, int64_t depth, int64_t columns, int64_t src_stride,
                              int64_t dst_stride, int32_t *src_offsets, int32_t *dst_offsets) {
  for (int64_t row = 0; row < rows; row++) {
    src_offsets[row] = (int32_t)(row * src_stride);
    dst_offsets[row] = (int32_t)(row * dst_stride);
  }
  return (gemm_shape){
      .src_offsets = src_offsets,
      .dst_offsets = dst_offsets,
      .pixels = rows,
      .rows = 1,
      .run = depth,
      .channels = columns,
  };
}

static void linear_multiply(int64_t rows, int64_t depth, int64_t columns, const float *src,
                            const float *panels, const float *bias, float slope, float *dst,
                            float *scratch) {
  int32_t src_offsets[ck_rows_max], dst_offsets[ck_rows_max];
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    gemm_shape shape = linear_gemm(count, depth, columns, padded_row(depth), columns, src_offsets,
                                   dst_offsets);
    place_rows(src + first * depth, count, depth, depth, scratch);
    float *out = dst + first * columns;
    // Each panel is read from memory while the one before it is multiplied.
    int64_t panel = depth * panel_width, later = panels_of(columns) - 1;
    prefetcher prefetch =
        later > 0 && first == 0
            ? prefetch_ranges(gemm_iterations(&shape) * later / (later + 1),
                              (memory_range){panels + panel, later * panel * 4},
                              (memory_range){0}, (memory_range){0}, (memory_range){0})
            : prefetch_nothing(scratch);
    if (bias) {
      epilogue_arguments epilogue = {.bias = bias, .slope = slope};
      gemm_bias_leaky(&shape, scratch, panels, out, &epilogue, &prefetch);
    } else {
      gemm_plain(&shape, scratch, panels, out, &prefetch);
    }
  }
}

static void linear_outer(int64_t rows, int64_t depth, int64_t src_stride, int64_t columns,
                         const float *src, const float *other, float *dst, float *src_sums,
                         float *scratch) {
  int32_t src_offsets[ck_rows_max], other_offsets[ck_rows_max];
  // This also brings dst into cache, where the gemms below add to it.
  clear(dst, depth * columns);
  clear(src_sums, depth);
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    gemm_shape shape = linear_gemm(count, depth, columns, padded_row(depth), padded_row(columns),
                                   src_offsets, other_offsets);
    float *other_scratch = scratch + ck_rows_max * padded_row(depth);
    place_rows(src + first * src_stride, count, depth, src_stride, scratch);
    place_rows(other + first * columns, count, columns, columns, other_scratch);
    prefetcher prefetch = prefetch_nothing(scratch);
    for (int64_t c = 0; c < columns; c += panel_width) {
      outer_result result = {.partial = dst + c, .to = dst + c};
      outer_gemm_run(&shape, scratch, other_scratch + c, columns - c, result, columns, &prefetch);
    }
    for (int64_t row = 0; row < count; row++) {
      const float *x = scratch + row * padded_row(depth);
      for (int64_t k = 0; k < depth; k++) src_sums[k] += x[k];
    }
  }
}

static void pack_columns(const float *src, int64_t rows, int64_t columns, float *panels) {
  for (int64_t c = 0; c < columns; c += panel_width) {
    int64_t n = columns - c < panel_width ? columns - c : panel_width;
    for (int64_t row = 0; row < rows; row++, panels += panel_width) {
      const float *from = src + row * columns + c;
      if (n == panel_width) {
        store(panels, load(from));
        store(panels + lanes, load(from + lanes));
      } else {
        clear(panels, panel_width);
        memcpy(panels, from, (size_t)n * sizeof(float));
      }
    }
  }
}

static void pack_rows(const float *src, int64_t rows, int64_t columns, float *panels) {
  for (int64_t r = 0; r < rows; r += panel_width, panels += columns * panel_width) {
    const float *from = src + r * columns;
    if (rows - r >= panel_width) {
      transpose(from, 1, panel_width, columns, panels);
      continue;
    }
    clear(panels, columns * panel_width);
    for (int64_t i = 0; i < rows - r; i++) {
      for (int64_t k = 0; k < columns; k++) {
        panels[k * panel_width + i] = from[i * columns + k];
      }
    }
  }
}
