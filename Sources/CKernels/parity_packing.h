// Packs the weights of the convolutions that parity.h computes.
#pragma once

#include "gemm.h"
#include "parity.h"

// The samples that are the weights themselves, without a sum: of w0, w1 and w2 in one dimension.
static const int tap_samples[] = {0, 1, 4};

// The place of a sample of a panel of source channels among the packed weights of all `panels`, in
// samples of a panel.
INLINE int64_t packed_place(int row, int column, int64_t panel, int64_t panels) {
  int count = product_samples(row / 2, column / 2), first = product_place(row / 2, column / 2);
  return first * panels + count * panel + sample_place(row, column) - first;
}

// The same for the sample that is the weight of a tap of the kernel.
INLINE int64_t tap_place(int64_t tap, int64_t panel, int64_t panels) {
  return packed_place(tap_samples[tap / 3], tap_samples[tap % 3], panel, panels);
}

static void add_floats(float *to, const float *a, const float *b, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = a[i] + b[i];
}

// In both functions each sample of a panel of source channels has `count` floats.
#define SAMPLE(row, column) (samples + packed_place(row, column, panel, panels) * count)

// Computes all samples of the weights from those at the taps' places.
static void complete_samples(float *samples, int64_t panels, int64_t count) {
  for (int64_t panel = 0; panel < panels; panel++) {
    for (int tap = 0; tap < 3; tap++) {
      int row = tap_samples[tap];
      memcpy(SAMPLE(row, 3), SAMPLE(row, 1), (size_t)count * sizeof(float));
      add_floats(SAMPLE(row, 2), SAMPLE(row, 0), SAMPLE(row, 4), count);
    }
    for (int column = 0; column < axis_samples; column++) {
      memcpy(SAMPLE(3, column), SAMPLE(1, column), (size_t)count * sizeof(float));
      add_floats(SAMPLE(2, column), SAMPLE(0, column), SAMPLE(4, column), count);
    }
  }
}

// The transpose, for gradients: adds those of all samples to those at the taps' places.
static void gather_samples(float *samples, int64_t panels, int64_t count) {
#define ADD(row, column, other_row, other_column) \
  add_floats(SAMPLE(row, column), SAMPLE(row, column), SAMPLE(other_row, other_column), count)
  for (int64_t panel = 0; panel < panels; panel++) {
    for (int column = 0; column < axis_samples; column++) {
      ADD(0, column, 2, column);
      ADD(1, column, 3, column);
      ADD(4, column, 2, column);
    }
    for (int tap = 0; tap < 3; tap++) {
      int row = tap_samples[tap];
      ADD(row, 0, row, 2);
      ADD(row, 1, row, 3);
      ADD(row, 4, row, 2);
    }
  }
#undef ADD
}
#undef SAMPLE

// Packs the weights that the products' gradients are multiplied by: [product][panel of source
// channels][sample][output channel][panel_width].
static void split_pack_backward(const ck_convolution *shape, const float *weights, float *packed) {
  int64_t in = shape->in_channels, out = shape->out_channels, panels = panels_of(in);
  for (int64_t panel = 0; panel < panels; panel++) {
    for (int64_t tap = 0; tap < 9; tap++) {
      float *sample = packed + tap_place(tap, panel, panels) * out * panel_width;
      for (int64_t o = 0; o < out; o++) {
        const float *from = weights + (o * in + panel * panel_width) * 9 + tap;
        for (int64_t i = 0; i < panel_width; i++) sample[o * panel_width + i] = from[i * 9];
      }
    }
  }
  complete_samples(packed, panels, out * panel_width);
}
