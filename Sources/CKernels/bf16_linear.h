// Linear layers as products of bf16 numbers; sources and destinations are fp32.
#pragma once

#include "bf16_products.h"
#include "linear_passes.h"

// Numbers between two rows in scratch memory, even; see padded_row.
INLINE int64_t padded_bf16_row(int64_t columns) { return 2 * pairs_of(columns) + 32; }

static void place_bf16_rows(const float *src, int64_t rows, int64_t columns, bf16 *scratch) {
  for (int64_t row = 0; row < rows; row++, src += columns, scratch += padded_bf16_row(columns)) {
    int64_t j = 0;
    for (; j + lanes <= columns; j += lanes) store_bf16(scratch + j, load(src + j));
    if (j < columns) store_bf16_part(scratch + j, load_part(src + j, columns - j), columns - j);
    scratch[columns] = 0;
  }
}

static void bf16_linear_multiply(int64_t rows, int64_t depth, int64_t columns, const float *src,
                                 const float *panels, const float *bias, float slope, float *dst,
                                 float *scratch) {
  int32_t src_offsets[ck_rows_max], dst_offsets[ck_rows_max];
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    for (int64_t row = 0; row < count; row++) {
      src_offsets[row] = (int32_t)(row * padded_bf16_row(depth));
      dst_offsets[row] = (int32_t)(row * columns);
    }
    place_bf16_rows(src + first * depth, count, depth, (bf16 *)scratch);
    product shape = {
        .src_offsets = src_offsets,
        .dst_offsets = dst_offsets,
        .pixels = count,
        .rows = 1,
        .run = depth,
        .channels = columns,
    };
    multiply_to_floats(&shape, (const bf16 *)scratch, (const uint32_t *)panels, bias, slope,
                       dst + first * columns);
  }
}

// Places two rows at a time, or the last one of an odd number and zeros, in pairs.
static void place_paired_rows(const float *src, int64_t rows, int64_t columns,
                              uint32_t *scratch) {
  for (int64_t row = 0; row < rows; row += 2, scratch += padded_row(columns)) {
    const float *first = src + row * columns, *second = first + columns;
    bool both = row + 1 < rows;
    for (int64_t j = 0; j < columns; j += lanes) {
      int64_t n = columns - j < lanes ? columns - j : lanes;
      vec other = {0};
      if (both) other = load_part(second + j, n);
      store_pairs_part(scratch + j, pair_up(load_part(first + j, n), other), n);
    }
  }
}

static void bf16_linear_outer(int64_t rows, int64_t depth, int64_t columns, const float *src,
                              const float *other, float *dst, float *src_sums, float *scratch) {
  int32_t src_offsets[ck_rows_max], other_offsets[ck_rows_max];
  uint32_t *src_scratch = (uint32_t *)scratch;
  uint32_t *other_scratch = src_scratch + ck_rows_max * padded_row(depth);
  clear(dst, depth * columns);
  clear(src_sums, depth);
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    for (int64_t row = 0; row < pairs_of(count); row++) {
      src_offsets[row] = (int32_t)(row * padded_row(depth));
      other_offsets[row] = (int32_t)(row * padded_row(columns));
    }
    place_paired_rows(src + first * depth, count, depth, src_scratch);
    place_paired_rows(other + first * columns, count, columns, other_scratch);
    product shape = {
        .src_offsets = src_offsets,
        .dst_offsets = other_offsets,
        .pixels = pairs_of(count),
        .rows = 1,
        .run = depth,
        .channels = columns,
    };
    for (int64_t c = 0; c < columns; c += panel_width) {
      outer_pairs_run(&shape, src_scratch, other_scratch + c, columns - c, dst + c, columns);
    }
    for (int64_t row = first; row < first + count; row++) {
      const float *x = src + row * depth;
      for (int64_t k = 0; k < depth; k++) src_sums[k] += x[k];
    }
  }
}

static void bf16_pack_columns(const float *src, int64_t rows, int64_t columns, float *panels) {
  pack_columns(src, rows, columns, panels);
  pair_panels(panels, panels, panels_of(columns), rows);
}

static void bf16_pack_rows(const float *src, int64_t rows, int64_t columns, float *panels) {
  pack_rows(src, rows, columns, panels);
  pair_panels(panels, panels, panels_of(rows), columns);
}
