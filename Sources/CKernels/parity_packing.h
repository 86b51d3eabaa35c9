// Packs the weights of the convolutions that parity.h computes.
#pragma once

#include "parity.h"

// The place of a sample of a panel of source channels among the packed weights of all `panels`, in
// samples of a panel.
INLINE int64_t packed_place(int row, int column, int64_t panel, int64_t panels) {
  int64_t product = product_place(row / 2, column / 2);
  int64_t sample = sample_place(row, column) - product;
  return product * panels + samples_of(row / 2) * samples_of(column / 2) * panel + sample;
}

// The same for the sample that is the weight of a tap of the kernel.
INLINE int64_t tap_place(int64_t tap, int64_t panel, int64_t panels) {
  int row = (int)(tap / 3), column = (int)(tap % 3);
  return packed_place(row < 2 ? row : 4, column < 2 ? column : 4, panel, panels);
}

static void add_floats(float *to, const float *a, const float *b, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = a[i] + b[i];
}

// Completes the samples of a panel's weights, of which those at the taps' places are given; each
// sample has `count` floats.
static void complete_samples(float *samples, int64_t panel, int64_t panels, int64_t count) {
#define SAMPLE(row, column) (samples + packed_place(row, column, panel, panels) * count)
  for (int row = 0; row < axis_samples; row += row == 1 ? 3 : 1) {
    memcpy(SAMPLE(row, 3), SAMPLE(row, 1), (size_t)count * sizeof(float));
    add_floats(SAMPLE(row, 2), SAMPLE(row, 0), SAMPLE(row, 4), count);
  }
  for (int column = 0; column < axis_samples; column++) {
    memcpy(SAMPLE(3, column), SAMPLE(1, column), (size_t)count * sizeof(float));
    add_floats(SAMPLE(2, column), SAMPLE(0, column), SAMPLE(4, column), count);
  }
}

// The transpose, for gradients: leaves the weights' gradients at the taps' places.
static void gather_samples(float *samples, int64_t panel, int64_t panels, int64_t count) {
#define ADD(row, column, other_row, other_column) \
  add_floats(SAMPLE(row, column), SAMPLE(row, column), SAMPLE(other_row, other_column), count)
  for (int column = 0; column < axis_samples; column++) {
    ADD(0, column, 2, column);
    ADD(1, column, 3, column);
    ADD(4, column, 2, column);
  }
  for (int row = 0; row < axis_samples; row += row == 1 ? 3 : 1) {
    ADD(row, 0, row, 2);
    ADD(row, 1, row, 3);
    ADD(row, 4, row, 2);
  }
#undef ADD
#undef SAMPLE
}
