// Linear layers as the products of the convolutions: a row of the batch is a pixel with one run.
#pragma once

#include "CKernels.h"
#include "products.h"
#include "transpose_passes.h"

// Floats between two rows in scratch memory: one vector more than a row, or a power of two between
// rows would put all of them into few sets of the first cache.
INLINE int64_t padded_row(int64_t columns) { return columns + 16; }

// Copies rows to scratch memory with space between them.
static void place_rows(const float *src, int64_t rows, int64_t columns, int64_t stride,
                       float *scratch) {
  for (int64_t row = 0; row < rows; row++) {
    memcpy(scratch + row * padded_row(columns), src + row * stride,
           (size_t)columns * sizeof(float));
  }
}

static void linear_multiply(int64_t rows, int64_t depth, int64_t columns, const float *src,
                            const float *panels, const float *bias, float slope, float *dst,
                            float *scratch) {
  int32_t src_offsets[ck_rows_max], dst_offsets[ck_rows_max];
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    for (int64_t row = 0; row < count; row++) {
      src_offsets[row] = (int32_t)(row * padded_row(depth));
      dst_offsets[row] = (int32_t)(row * columns);
    }
    place_rows(src + first * depth, count, depth, depth, scratch);
    product shape = {
        .src_offsets = src_offsets,
        .dst_offsets = dst_offsets,
        .pixels = count,
        .rows = 1,
        .run = depth,
        .channels = columns,
    };
    float *out = dst + first * columns;
    // A panel comes from memory while the one before it is multiplied.
    int64_t panel = depth * panel_width, behind = panels_of(columns) - 1;
    ahead next = behind > 0 && first == 0
                     ? look_ahead(rounds_of(&shape) * behind / (behind + 1),
                                  (stretch){panels + panel, behind * panel * 4}, (stretch){0},
                                  (stretch){0}, (stretch){0})
                     : look_nowhere(scratch);
    if (bias) {
      finish end = {.bias = bias, .slope = slope};
      multiply_activated(&shape, scratch, panels, out, &end, &next);
    } else {
      multiply(&shape, scratch, panels, out, &next);
    }
  }
}

static void linear_outer(int64_t rows, int64_t depth, int64_t stride, int64_t columns,
                         const float *src, const float *other, float *dst, float *src_sums,
                         float *scratch) {
  int32_t src_offsets[ck_rows_max], other_offsets[ck_rows_max];
  // In cache, so that adding to it waits for nothing.
  clear(dst, depth * columns);
  clear(src_sums, depth);
  for (int64_t first = 0; first < rows; first += ck_rows_max) {
    int64_t count = rows - first < ck_rows_max ? rows - first : ck_rows_max;
    for (int64_t row = 0; row < count; row++) {
      src_offsets[row] = (int32_t)(row * padded_row(depth));
      other_offsets[row] = (int32_t)(row * padded_row(columns));
    }
    float *other_scratch = scratch + ck_rows_max * padded_row(depth);
    place_rows(src + first * stride, count, depth, stride, scratch);
    place_rows(other + first * columns, count, columns, columns, other_scratch);
    product shape = {
        .src_offsets = src_offsets,
        .dst_offsets = other_offsets,
        .pixels = count,
        .rows = 1,
        .run = depth,
        .channels = columns,
    };
    ahead next = look_nowhere(scratch);
    for (int64_t c = 0; c < columns; c += panel_width) {
      outer_result result = {.partial = dst + c, .to = dst + c};
      multiply_outer_run(&shape, scratch, other_scratch + c, columns - c, result, columns, &next);
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
