// Gemm epilogues: what is done with a result while it is still in registers.
#pragma once

#include "CKernels.h"
#include "vectors.h"

typedef enum epilogue_kind {
  // Stores the result.
  epilogue_none,
  // Stores leaky(bias + result).
  epilogue_bias_leaky,
  // Stores the result, a gradient, and adds up per channel the result and result * (src - mean).
  epilogue_gradient_sums
} epilogue_kind;

// The epilogue's operands. Sums are fp32 within a tile and double across tiles; `sum` and `dot` are
// padded by a whole vector behind the last channel.
typedef struct epilogue_arguments {
  const float *bias;
  float slope;
  const float *src, *mean;
  double *sum, *dot;
} epilogue_arguments;

// Two sums per channel, padded by a whole vector behind the last channel.
typedef struct channel_totals {
  double sum[ck_channels_max + lanes], dot[ck_channels_max + lanes];
} channel_totals;

static void clear_totals(channel_totals *totals, int64_t channels) {
  memset(totals->sum, 0, (size_t)(channels + lanes) * sizeof(double));
  memset(totals->dot, 0, (size_t)(channels + lanes) * sizeof(double));
}

// Copies a part's totals to the caller's sums.
static void store_sums(const channel_totals *totals, int64_t channels, int64_t part,
                       const ck_gradient_sums *sums) {
  int64_t offset = 2 * part * channels;
  memcpy(sums->sum + offset, totals->sum, (size_t)channels * sizeof(double));
  memcpy(sums->dot + offset, totals->dot, (size_t)channels * sizeof(double));
}

static void store_bias(const channel_totals *totals, int64_t channels, int64_t part,
                       double *diff_bias) {
  memcpy(diff_bias + part * channels, totals->sum, (size_t)channels * sizeof(double));
}

// What a convolution's backward pass sums over a part: its source's gradient, and the gradient
// of the bias.
typedef struct gradient_totals {
  channel_totals src, bias;
} gradient_totals;

static void clear_gradient_totals(gradient_totals *totals, const ck_convolution *layer) {
  clear_totals(&totals->src, layer->in_channels);
  clear_totals(&totals->bias, layer->out_channels);
}

// Stores a part's totals; a null destination is left out.
static void store_gradient_totals(const gradient_totals *totals, const ck_convolution *layer,
                                  int64_t part, const ck_gradient_sums *sums, double *diff_bias) {
  if (diff_bias) store_bias(&totals->bias, layer->out_channels, part, diff_bias);
  if (sums) store_sums(&totals->src, layer->in_channels, part, sums);
}
