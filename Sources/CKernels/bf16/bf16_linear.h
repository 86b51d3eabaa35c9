// Linear layers that multiply bf16 numbers; sources and destinations are fp32.
#pragma once

#include "bf16_images.h"
#include "bf16_gemm.h"
#include "../linear_passes.h"

// The stride of bf16 rows in scratch memory, even; see padded_row.
INLINE int64_t padded_bf16_row(int64_t columns) { return 2 * pairs_of(columns) + 32; }

static void place_bf16_rows(const float *src, int64_t rows, int64_t columns, bf16 *scratch) {
  for (int64_t row = 0; row < rows; row++, src += columns, scratch += padded_bf16_row(columns)) {
    narrow_run(src, columns, scratch);
    scratch[columns] = 0;
  }
}

static void bf16_linear_multiply(int64_t rows, int64_t depth, int64_t columns, const float *src,
                                 const float *panels, const float *bias, float slope, float *dst,
                                 float *scratch) {
  int32_t src_offsets[ck_rows_max], dst_offsets[ck_rows_max];
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    gemm_shape shape = linear_gemm(count, depth, columns, padded_bf16_row(depth), columns,
                                   src_offsets, dst_offsets);
    place_bf16_rows(src + first * depth, count, depth, (bf16 *)scratch);
    prefetcher nothing = prefetch_nothing(scratch);
    pair_gemm_to_floats(&shape, (const bf16 *)scratch, (const uint32_t *)panels, bias, slope,
                        dst + first * columns, &nothing);
  }
}

// Copies rows to scratch memory in pairs; the last one of an odd number is paired with zeros.
static void place_paired_rows(const float *src, int64_t rows, int64_t columns, int64_t stride,
                              uint32_t *scratch) {
  for (int64_t row = 0; row < rows; row += 2, scratch += padded_row(columns)) {
    const float *first = src + row * stride;
    pair_run(first, row + 1 < rows ? first + stride : NULL, columns, scratch);
  }
}

static void bf16_linear_outer(int64_t rows, int64_t depth, int64_t src_stride, int64_t columns,
                              const float *src, const float *other, float *dst, float *src_sums,
                              float *scratch) {
  int32_t src_offsets[ck_rows_max], other_offsets[ck_rows_max];
  uint32_t *src_scratch = (uint32_t *)scratch;
  uint32_t *other_scratch = src_scratch + ck_rows_max * padded_row(depth);
  clear(dst, depth * columns);
  clear(src_sums, depth);
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    gemm_shape shape = linear_gemm(pairs_of(count), depth, columns, padded_row(depth),
                                   padded_row(columns), src_offsets, other_offsets);
    place_paired_rows(src + first * src_stride, count, depth, src_stride, src_scratch);
    place_paired_rows(other + first * columns, count, columns, columns, other_scratch);
    prefetcher nothing = prefetch_nothing(scratch);
    for (int64_t c = 0; c < columns; c += panel_width) {
      outer_result result = {.partial = dst + c, .to = dst + c};
      outer_pair_gemm_run(&shape, src_scratch, other_scratch + c, columns - c, result, columns,
                          &nothing);
    }
    for (int64_t row = first; row < first + count; row++) {
      const float *x = src + row * src_stride;
      for (int64_t k = 0; k < depth; k++) src_sums[k] += x[k];
    }
  }
}

// Packs a matrix with columns in lanes and a pair of rows per lane.
static void bf16_pack_columns(const float *src, int64_t rows, int64_t columns, float *panels) {
  for (int64_t c = 0; c < columns; c += panel_width) {
    for (int64_t row = 0; row < rows; row += 2, panels += panel_width) {
      const float *first = src + row * columns + c;
      const float *second = row + 1 < rows ? first + columns : NULL;
      if (columns - c >= panel_width) {
        pair_run(first, second, panel_width, (uint32_t *)panels);
      } else {
        clear(panels, panel_width);
        pair_run(first, second, columns - c, (uint32_t *)panels);
      }
    }
  }
}

// Packs a matrix with rows in lanes and a pair of columns per lane.
static void bf16_pack_rows(const float *src, int64_t rows, int64_t columns, float *panels) {
  for (int64_t r = 0; r < rows; r += panel_width, panels += pairs_of(columns) * panel_width) {
    for (int64_t half = 0; half < panel_width; half += lanes) {
      for (int64_t k = 0; k < columns; k += 2 * lanes) {
        int64_t n = columns - k < 2 * lanes ? columns - k : 2 * lanes;
        vec v[lanes];
        for (int64_t i = 0; i < lanes; i++) {
          const float *from = src + (r + half + i) * columns + k;
          vec first = {0}, second = {0};
          if (r + half + i < rows) {
            first = load_part(from, n < lanes ? n : lanes);
            if (n > lanes) second = load_part(from + lanes, n - lanes);
          }
          v[i] = (vec)pair_neighbours(first, second);
        }
        transpose_lanes(v);
        for (int64_t i = 0; i < pairs_of(n); i++) {
          store(panels + (k / 2 + i) * panel_width + half, v[i]);
        }
      }
    }
  }
}
