// Arrangements of weights in panels for the products, once per optimiser step.
#pragma once

#include "products.h"

// The place of weight (o, i, row, column) in the panels of the forward direction.
INLINE int64_t forward_place(const ck_convolution *shape, int64_t o, int64_t i, int64_t row,
                             int64_t column) {
  int64_t run = shape->kernel * shape->in_channels;
  int64_t element = row * run + column * shape->in_channels + i;
  return (o / panel_width * shape->kernel * run + element) * panel_width + o % panel_width;
}

static void pack_forward(const ck_convolution *shape, const float *weights, float *packed) {
  int64_t k = shape->kernel;
  int64_t panels = panels_of(shape->out_channels);
  clear(packed, panels * panel_width * k * k * shape->in_channels);
  for (int64_t row = 0; row < k; row++)
    for (int64_t column = 0; column < k; column++)
      for (int64_t i = 0; i < shape->in_channels; i++)
        for (int64_t o = 0; o < shape->out_channels; o++)
          packed[forward_place(shape, o, i, row, column)] =
              weights[((o * shape->in_channels + i) * k + row) * k + column];
}

static void unpack_gradient(const ck_convolution *shape, const float *packed, float *weights) {
  int64_t k = shape->kernel;
  for (int64_t o = 0; o < shape->out_channels; o++)
    for (int64_t i = 0; i < shape->in_channels; i++)
      for (int64_t row = 0; row < k; row++)
        for (int64_t column = 0; column < k; column++)
          weights[((o * shape->in_channels + i) * k + row) * k + column] =
              packed[forward_place(shape, o, i, row, column)];
}

static void pack_backward(const ck_convolution *shape, const float *weights, float *packed) {
  int64_t k = shape->kernel, in = shape->in_channels, out = shape->out_channels;
  int64_t panels = panels_of(in);
  clear(packed, panels * panel_width * k * k * out);
  for (int64_t parity = 0; parity < 4; parity++) {
    int64_t row_parity = parity >> 1, column_parity = parity & 1;
    int64_t rows = taps_of(shape, row_parity), columns = taps_of(shape, column_parity);
    int64_t depth = rows * columns * out;
    for (int64_t m = 0; m < rows; m++)
      for (int64_t n = 0; n < columns; n++) {
        // Later rows of the gradient meet earlier rows of the kernel.
        int64_t row = row_parity + 2 * (rows - 1 - m);
        int64_t column = column_parity + 2 * (columns - 1 - n);
        for (int64_t o = 0; o < out; o++)
          for (int64_t i = 0; i < in; i++)
            packed[(i / panel_width * depth + (m * columns + n) * out + o) * panel_width +
                   i % panel_width] = weights[((o * in + i) * k + row) * k + column];
      }
    packed += panels * depth * panel_width;
  }
}
