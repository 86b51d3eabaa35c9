// Packs weights in the panels that gemms read; runs once per optimiser step.
#pragma once

#include "gemm.h"
#include "parity_packing.h"
#include "transpose_passes.h"

// The panel row of a weight in the forward direction: weights are [in][tap], panels [tap][in]. If
// the convolution is split (parity.h), a tap is at its sample's place.
INLINE int64_t forward_row(const bool split, const ck_convolution *shape, int64_t element) {
  int64_t taps = shape->kernel * shape->kernel, tap = element % taps, channel = element / taps;
  if (split) {
    int64_t panel = channel / panel_width, panels = shape->in_channels / panel_width;
    return tap_place(tap, panel, panels) * panel_width + channel % panel_width;
  }
  return tap * shape->in_channels + channel;
}

// The rows of a panel of the forward direction.
INLINE int64_t forward_rows(const bool split, const ck_convolution *shape) {
  return (split ? block_samples : shape->kernel * shape->kernel) * shape->in_channels;
}

// Packs the weights of the forward direction into panels that are not folded.
INLINE void panels_forward(const bool split, const ck_convolution *shape, const float *weights,
                           float *packed) {
  int64_t depth = shape->kernel * shape->kernel * shape->in_channels;
  for (int64_t o = 0; o < shape->out_channels; o += panel_width) {
    int64_t n = shape->out_channels - o, j = 0;
    if (n < panel_width) clear(packed, depth * panel_width);
    for (; n >= panel_width && j + lanes <= depth; j += lanes) {
      for (int64_t half = 0; half < panel_width; half += lanes) {
        vec v[lanes];
#pragma clang loop unroll(full)
        for (int i = 0; i < lanes; i++) v[i] = load(weights + (half + i) * depth + j);
        transpose_lanes(v);
        for (int i = 0; i < lanes; i++) {
          store(packed + forward_row(split, shape, j + i) * panel_width + half, v[i]);
        }
      }
    }
    for (; j < depth; j++) {
      float *row = packed + forward_row(split, shape, j) * panel_width;
      for (int64_t i = 0; i < n && i < panel_width; i++) row[i] = weights[i * depth + j];
    }
    weights += panel_width * depth;
    packed += panel_width * forward_rows(split, shape);
  }
}

INLINE void unpack_panels(const bool split, const ck_convolution *shape, const float *packed,
                          float *weights) {
  int64_t depth = shape->kernel * shape->kernel * shape->in_channels;
  for (int64_t o = 0; o < shape->out_channels; o += panel_width) {
    int64_t n = shape->out_channels - o, j = 0;
    for (; n >= panel_width && j + lanes <= depth; j += lanes) {
      for (int64_t half = 0; half < panel_width; half += lanes) {
        vec v[lanes];
        for (int i = 0; i < lanes; i++) {
          v[i] = load(packed + forward_row(split, shape, j + i) * panel_width + half);
        }
        transpose_lanes(v);
#pragma clang loop unroll(full)
        for (int i = 0; i < lanes; i++) store(weights + (half + i) * depth + j, v[i]);
      }
    }
    for (; j < depth; j++) {
      const float *row = packed + forward_row(split, shape, j) * panel_width;
      for (int64_t i = 0; i < n && i < panel_width; i++) weights[i * depth + j] = row[i];
    }
    weights += panel_width * depth;
    packed += panel_width * forward_rows(split, shape);
  }
}

// Packs the weights of the four transposed gemms into panels that are not folded.
static void panels_backward(const ck_convolution *shape, const float *weights, float *packed) {
  int64_t k = shape->kernel, in = shape->in_channels, out = shape->out_channels;
  int64_t panels = panels_of(in);
  clear(packed, panels * panel_width * k * k * out);
  for (int64_t parity = 0; parity < 4; parity++) {
    int64_t row_parity = parity >> 1, column_parity = parity & 1;
    int64_t rows = taps_of(shape, row_parity), columns = taps_of(shape, column_parity);
    int64_t depth = rows * columns * out;
    for (int64_t m = 0; m < rows; m++)
      for (int64_t n = 0; n < columns; n++) {
        // The kernel is traversed backwards: gradient row m is multiplied by kernel row `row`.
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

// Floats of packed weights.
INLINE int64_t panels_forward_count(const bool split, const ck_convolution *shape) {
  return panels_of(shape->out_channels) * forward_rows(split, shape) * panel_width;
}
INLINE int64_t panels_backward_count(const bool split, const ck_convolution *shape) {
  int64_t elements = split ? block_samples : shape->kernel * shape->kernel;
  return panels_of(shape->in_channels) * elements * shape->out_channels * panel_width;
}

static int64_t pack_forward_count(const ck_convolution *shape) {
  return panels_forward_count(is_split(shape), shape);
}

static int64_t pack_backward_count(const ck_convolution *shape) {
  return panels_backward_count(is_split(shape), shape);
}

static void pack_forward(const ck_convolution *shape, const float *weights, float *packed) {
  if (is_split(shape)) {
    panels_forward(true, shape, weights, packed);
    for (int64_t o = 0; o < shape->out_channels; o += panel_width) {
      complete_samples(packed + o * forward_rows(true, shape), panels_of(shape->in_channels),
                       panel_width * panel_width);
    }
  } else {
    panels_forward(false, shape, weights, packed);
    fold_panels(packed, shape->kernel, shape->kernel * shape->in_channels,
                fold_of(shape->out_channels));
  }
}

static void unpack_gradient(const ck_convolution *shape, float *packed, float *weights) {
  if (is_split(shape)) {
    for (int64_t o = 0; o < shape->out_channels; o += panel_width) {
      gather_samples(packed + o * forward_rows(true, shape), panels_of(shape->in_channels),
                     panel_width * panel_width);
    }
    unpack_panels(true, shape, packed, weights);
  } else {
    unpack_panels(false, shape, packed, weights);
  }
}

static void pack_backward(const ck_convolution *shape, const float *weights, float *packed) {
  if (is_split(shape)) {
    split_pack_backward(shape, weights, packed);
    return;
  }
  panels_backward(shape, weights, packed);
  int64_t fold = fold_of(shape->in_channels);
  for (int64_t parity = 0; parity < 4 && fold > 1; parity++) {
    int64_t rows = taps_of(shape, parity >> 1);
    int64_t run = taps_of(shape, parity & 1) * shape->out_channels;
    fold_panels(packed, rows, run, fold);
    packed += rows * run * panel_width;
  }
}
